//! Structured logs, on stderr.
//!
//! Lines are written by a thread of their own, many at a time. So a request costs no system call for
//! its line, and whoever stops reading the log stops no request: lines beyond a bound are dropped.

mod fields;

use std::io::{self, BufWriter, IsTerminal, Stderr, Write, stderr};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// How many lines are kept for a reader that doesn't read; each has a few hundred bytes.
const WAITING_LINES: usize = 16 << 10;
/// What is written at once, while lines come in faster than they go out.
const WRITTEN_BYTES: usize = 64 << 10;
/// How long lines gather between one write and the next.
const GATHERING: Duration = Duration::from_millis(10);

/// Libraries that tell each retry and each notice; what comes of it is told where it is handled.
const QUIET: &str = "tokio_postgres=warn,object_store=warn";

/// Starts logging as the configuration says. What waits is written when the guard is dropped.
pub(crate) fn start(log: &Log) -> anyhow::Result<WorkerGuard> {
    let access = if log.access { "info" } else { "off" };
    let filter = EnvFilter::try_new(format!("{QUIET},{},gantry::access={access}", log.level))
        .context("reading log.level")?;
    let (lines, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .thread_name("log")
        .finish(Gathered(BufWriter::with_capacity(WRITTEN_BYTES, stderr())));
    let logs = fmt().with_env_filter(filter).with_writer(lines);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => {
            logs.fmt_fields(fields::Fields).with_ansi(stderr().is_terminal()).init();
        }
    }
    Ok(guard)
}

/// The log's end. It is flushed whenever no line waits, and then sleeps: else each line of a busy
/// server would wake the thread, which costs more than to write the line.
struct Gathered(BufWriter<Stderr>);

impl Write for Gathered {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(GATHERING);
        Ok(())
    }
}
