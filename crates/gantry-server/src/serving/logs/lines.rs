//! Log lines on their way out.
//!
//! Whoever logs only puts a line down; one thread carries lines out, many at a time. So a request
//! costs no system call for its line, and a reader of the log that stops reading stops no request:
//! what it doesn't take is kept up to a bound, and then counted instead.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// For so long, lines gather. What a kill takes with it is no older.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes that wait to be taken.
const MOST: usize = 4 << 20;
/// As much as gathers under load; memory for more isn't kept.
const USUAL: usize = 256 << 10;

/// Where lines are put down. Clones are handles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    /// Somebody should read this now.
    is_urgent: bool,
    is_over: bool,
}

/// Carries lines out until dropped, which waits for the last of them.
#[derive(Debug)]
pub(crate) struct Carrier {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

/// Writes one line.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    lines: &'a Lines,
    is_urgent: bool,
}

impl Lines {
    /// Begins to carry lines to `out`.
    pub(crate) fn carry(&self, out: impl Write + Send + 'static) -> io::Result<Carrier> {
        let lines = self.clone();
        let carry = move || lines.carry_all(out);
        let thread = thread::Builder::new().name("log".into()).spawn(carry)?;
        Ok(Carrier { lines: self.clone(), thread: Some(thread) })
    }

    fn carry_all(&self, mut out: impl Write) {
        let mut carried = Vec::new();
        loop {
            let (dropped, is_over) = self.take(&mut carried);
            // There is nowhere to tell that nothing can be told.
            let _ = out.write_all(&carried);
            if dropped > 0 {
                let _ = writeln!(out, "{dropped} log lines were dropped: they were not read");
            }
            if is_over {
                return;
            }
        }
    }

    /// Waits for lines, and for more of them to come together, and takes them all.
    fn take(&self, carried: &mut Vec<u8>) -> (u64, bool) {
        carried.clear();
        carried.shrink_to(USUAL);
        let nothing = |w: &mut Waiting| w.bytes.is_empty() && w.dropped == 0 && !w.is_over;
        let waiting = self.0.changed.wait_while(self.waiting(), nothing);
        let calm = |w: &mut Waiting| !w.is_urgent && !w.is_over && w.bytes.len() < MOST / 2;
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let waiting = self.0.changed.wait_timeout_while(waiting, GATHER, calm);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner).0;
        mem::swap(carried, &mut waiting.bytes);
        waiting.is_urgent = false;
        (mem::take(&mut waiting.dropped), waiting.is_over)
    }

    fn put(&self, line: &[u8], is_urgent: bool) {
        let mut waiting = self.waiting();
        let before = waiting.bytes.len();
        if before + line.len() > MOST {
            waiting.dropped += 1;
        } else {
            waiting.bytes.extend_from_slice(line);
        }
        waiting.is_urgent |= is_urgent;
        let is_half = before < MOST / 2 && waiting.bytes.len() >= MOST / 2;
        drop(waiting);
        if before == 0 || is_urgent || is_half {
            self.0.changed.notify_one();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.lines.waiting().is_over = true;
        self.lines.0.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, is_urgent: false }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { lines: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.put(line, self.is_urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes what is written once it is told to.
    struct Slow(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_arrives_in_order_and_the_end_waits_for_the_last() {
        let (go, told) = channel();
        let (written, arrived) = channel();
        let lines = Lines::default();
        let carrier = lines.carry(Slow(told, written)).unwrap();
        for number in 0..1000 {
            writeln!(lines.make_writer(), "line {number}").unwrap();
        }
        (0..1000).for_each(|_| go.send(()).unwrap());
        drop(carrier);
        let expected: Vec<u8> =
            (0..1000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert!(arrived.into_iter().flatten().eq(expected));
    }

    #[test]
    fn a_reader_that_stops_stops_nobody_and_hears_what_it_missed() {
        let (go, told) = channel();
        let (written, arrived) = channel();
        let lines = Lines::default();
        let carrier = lines.carry(Slow(told, written)).unwrap();
        let line = vec![b'x'; 64 << 10];
        for _ in 0..1000 {
            lines.put(&line, false);
        }
        (0..1000).for_each(|_| go.send(()).unwrap());
        drop(carrier);
        let all: Vec<u8> = arrived.into_iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        assert!(text.len() < 4 * MOST, "{} bytes were kept", text.len());
        let kept = text.bytes().filter(|byte| *byte == b'x').count() / line.len();
        let told: usize = text
            .split('x')
            .filter_map(|part| part.strip_suffix(" log lines were dropped: they were not read\n"))
            .map(|number| number.parse::<usize>().unwrap())
            .sum();
        assert_eq!(kept + told, 1000);
    }
}
