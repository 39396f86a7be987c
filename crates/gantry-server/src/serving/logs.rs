//! Structured logs, on stderr.
//!
//! Lines are written by a thread of their own, many at a time. So a request costs no system call for
//! its line, and whoever stops reading the log stops no request: lines beyond a bound are dropped.

use std::io::{BufWriter, IsTerminal, stderr};

use anyhow::Context;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// How many lines are kept for a reader that doesn't read; each has a few hundred bytes.
const WAITING_LINES: usize = 16 << 10;
/// What is written at once, while lines come in faster than they go out.
const WRITTEN_BYTES: usize = 64 << 10;

/// Starts logging as the configuration says. What waits is written when the guard is dropped.
pub(crate) fn start(log: &Log) -> anyhow::Result<WorkerGuard> {
    let access = if log.access { "info" } else { "off" };
    let filter = EnvFilter::try_new(format!("{},gantry::access={access}", log.level))
        .context("reading log.level")?;
    let (lines, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .thread_name("log")
        .finish(BufWriter::with_capacity(WRITTEN_BYTES, stderr()));
    let logs = fmt().with_env_filter(filter).with_writer(lines);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(stderr().is_terminal()).init(),
    }
    Ok(guard)
}
