//! Structured logs, on stderr.

mod lines;

use std::io::{IsTerminal, stderr};

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};
use lines::{Carrier, Lines};

/// Starts logging as the configuration says, until what is returned is dropped.
pub(crate) fn start(log: &Log) -> anyhow::Result<Carrier> {
    let access = if log.access { "info" } else { "off" };
    let filter = EnvFilter::try_new(format!("{},gantry::access={access}", log.level))
        .context("reading log.level")?;
    let lines = Lines::default();
    let carrier = lines.carry(stderr()).context("starting the log")?;
    let logs = fmt().with_env_filter(filter).with_writer(lines);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(stderr().is_terminal()).init(),
    }
    Ok(carrier)
}
