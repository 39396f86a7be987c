//! What a server costs while it is measured: time, CPU, memory. Read from `/proc`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::servers::{Deployment, Statements};

/// `sysconf(_SC_CLK_TCK)`: Linux tells user space 100, whatever its own ticks are.
const TICKS_PER_SECOND: u64 = 100;
/// Between two looks at anonymous memory, of which the kernel keeps no peak.
const SAMPLE: Duration = Duration::from_millis(20);
/// Written to `clear_refs`: the peak of resident memory starts anew (proc(5)).
const RESET_PEAK: &str = "5";

/// What a server cost between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Time on the clock.
    pub(crate) elapsed: Duration,
    /// User and system time of the process and its children.
    pub(crate) cpu: Duration,
    /// The peak of resident memory, which includes mapped files.
    pub(crate) peak_rss: u64,
    /// The highest sample of anonymous memory.
    pub(crate) peak_anon: u64,
    /// What was spent beside nodes, by what they share.
    pub(crate) beside: Option<Beside>,
}

/// What the database server and the object store spent meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    /// CPU time of PostgreSQL's processes.
    pub(crate) postgres: Duration,
    /// CPU time of MinIO.
    pub(crate) minio: Duration,
    /// Statements at the database, where they are counted.
    pub(crate) statements: Option<Statements>,
}

/// A watch over servers; of nothing, it is only a clock.
#[derive(Debug)]
pub(crate) struct Watch {
    processes: Vec<u32>,
    deployment: Option<Deployment>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    began: Instant,
    cpu: Duration,
    beside: Option<Beside>,
    stop: Arc<AtomicBool>,
    sampler: Option<JoinHandle<u64>>,
}

impl Watch {
    /// A watch over processes and their children, and over what they share.
    pub(crate) fn over(processes: Vec<u32>, deployment: Option<Deployment>) -> Self {
        Self { processes, deployment, running: None }
    }

    /// A watch over no process.
    pub(crate) fn clock() -> Self {
        Self::over(Vec::new(), None)
    }

    /// Starts it.
    pub(crate) fn start(&mut self) {
        if let Some(deployment) = &self.deployment
            && let Err(error) = deployment.count_anew()
        {
            eprintln!("   statements can't be counted: {error:#}");
        }
        let family = self.family();
        for id in &family {
            // Without the right to, peaks are those since the process began.
            let _ = fs::write(format!("/proc/{id}/clear_refs"), RESET_PEAK);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let sampler = (!family.is_empty()).then(|| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || sample(&family, &stop))
        });
        let (cpu, beside) = (self.cpu(), self.beside());
        self.running = Some(Running { began: Instant::now(), cpu, beside, stop, sampler });
    }

    /// What the process used since it began; the time on the clock is not known.
    pub(crate) fn so_far(&self) -> Usage {
        let peak_rss = self.family().iter().filter_map(|id| status(*id, "VmHWM:")).sum();
        let peak_anon = self.family().iter().map(|id| anonymous(*id)).sum();
        Usage { elapsed: Duration::ZERO, cpu: self.cpu(), peak_rss, peak_anon, beside: None }
    }

    /// Stops it.
    pub(crate) fn stop(&mut self) -> Usage {
        let Some(running) = self.running.take() else { return Usage::default() };
        let elapsed = running.began.elapsed();
        let cpu = self.cpu().saturating_sub(running.cpu);
        let beside = self.beside().zip(running.beside).map(|(now, then)| Beside {
            postgres: now.postgres.saturating_sub(then.postgres),
            minio: now.minio.saturating_sub(then.minio),
            statements: self.statements(elapsed),
        });
        running.stop.store(true, Ordering::Relaxed);
        let peak_anon = running.sampler.and_then(|thread| thread.join().ok()).unwrap_or(0);
        let peak_rss = self.family().iter().filter_map(|id| status(*id, "VmHWM:")).sum();
        Usage { elapsed, cpu, peak_rss, peak_anon, beside }
    }

    fn family(&self) -> Vec<u32> {
        self.processes.iter().flat_map(|process| family(*process)).collect()
    }

    fn cpu(&self) -> Duration {
        cpu(&self.family())
    }

    /// What is spent beside so far, without what is counted.
    fn beside(&self) -> Option<Beside> {
        let (postgres, minio) = self.deployment.as_ref()?.processes();
        let (postgres, minio) = (cpu(&family(postgres)), cpu(&family(minio)));
        Some(Beside { postgres, minio, statements: None })
    }

    fn statements(&self, elapsed: Duration) -> Option<Statements> {
        let counted = self.deployment.as_ref()?.counted(elapsed);
        counted.unwrap_or_else(|error| {
            eprintln!("   statements were not counted: {error:#}");
            None
        })
    }
}

/// A process and its children.
fn family(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    std::iter::once(process)
        .chain(children.split_whitespace().filter_map(|id| id.parse().ok()))
        .collect()
}

/// CPU time that processes have used.
fn cpu(family: &[u32]) -> Duration {
    let ticks = |id: &u32| {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        cpu_ticks(&text)
    };
    let total: u64 = family.iter().filter_map(ticks).sum();
    Duration::from_millis(total * 1000 / TICKS_PER_SECOND)
}

/// Anonymous memory now.
fn anonymous(process: u32) -> u64 {
    status(process, "RssAnon:").unwrap_or(0)
}

fn sample(family: &[u32], stop: &AtomicBool) -> u64 {
    let mut peak = 0;
    loop {
        peak = peak.max(family.iter().map(|id| anonymous(*id)).sum());
        if stop.load(Ordering::Relaxed) {
            return peak;
        }
        thread::sleep(SAMPLE);
    }
}

/// A line of `/proc/PID/status`, in bytes.
fn status(process: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    kibibytes(&text, field).map(|kib| kib << 10)
}

fn kibibytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(field))?;
    line[field.len()..].trim().strip_suffix(" kB")?.parse().ok()
}

/// `utime` and `stime` of `/proc/PID/stat`, which follow the name in brackets by 12 fields.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 9 9 20 0 4 0 100 1 1";
        assert_eq!(cpu_ticks(stat), Some(300));
    }

    #[test]
    fn memory_is_told_in_kibibytes() {
        let status = "VmHWM:\t   2048 kB\nRssAnon:\t     12 kB\n";
        assert_eq!(kibibytes(status, "RssAnon:"), Some(12));
        assert_eq!(kibibytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
    }

    #[test]
    fn a_watch_over_this_process_sees_its_memory() {
        let mut watch = Watch::over(vec![std::process::id()], None);
        watch.start();
        let usage = watch.stop();
        assert!(usage.peak_anon > 0 && usage.peak_rss > 0, "{usage:?}");
    }
}
