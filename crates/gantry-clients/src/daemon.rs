//! A background process that doesn't outlive its test.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::debian_tool;

/// Long enough for a loaded two-core machine; a daemon that is ready sooner isn't waited for.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// A running process, killed when this is dropped. Its output is kept, and shown
/// if the test fails.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command`, writing its output to `log`, and waits until `ready`.
    ///
    /// # Panics
    /// When it ends, or isn't ready within a minute.
    pub fn start(command: &Command, log: &Path, ready: impl Fn() -> bool) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("?"));
        let name = name.to_string_lossy().into_owned();
        let output = File::create(log).expect("the log's directory is writable");
        let mut daemon = Self {
            child: leashed(command)
                .stdin(Stdio::null())
                .stdout(output.try_clone().expect("a file can be cloned"))
                .stderr(output)
                .spawn()
                .unwrap_or_else(|error| panic!("starting {name}: {error}")),
            name,
            log: log.to_owned(),
        };
        let started = Instant::now();
        while !ready() {
            if let Some(status) = daemon.child.try_wait().expect("the child is ours to wait for") {
                panic!("{} ended before it was ready: {status}", daemon.name);
            }
            assert!(
                started.elapsed() < START_DEADLINE,
                "{} is not ready after a minute",
                daemon.name
            );
            thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    /// Waits until it ends by itself, which must be without a failure.
    ///
    /// # Panics
    /// When it fails.
    pub fn finish(mut self) {
        let status = self.child.wait().expect("the child is ours to wait for");
        assert!(status.success(), "{} failed: {status}", self.name);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A kill of a process that has ended is an error that doesn't matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(40).collect();
            eprintln!("--- the end of {}'s log:", self.name);
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// `command`, made to die with the thread that starts it, so that a killed test
/// run leaves nothing behind.
fn leashed(command: &Command) -> Command {
    let mut leashed = Command::new(debian_tool("setpriv"));
    leashed.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => leashed.env(key, value),
            None => leashed.env_remove(key),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        leashed.current_dir(directory);
    }
    leashed
}
