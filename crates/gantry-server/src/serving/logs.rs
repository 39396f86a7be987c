//! Structured logs, on stderr.

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// Starts logging as the configuration says.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let access = if log.access { "info" } else { "off" };
    let filter = EnvFilter::try_new(format!("{},gantry::access={access}", log.level))
        .context("reading log.level")?;
    let logs = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => {
            logs.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
        }
    }
    Ok(())
}
