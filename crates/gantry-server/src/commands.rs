//! One file per command: its options and what it does.

pub(crate) mod doctor;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod serve;
pub(crate) mod trust;

use std::future::Future;
use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Config, Flags};

/// The flags that say which deployment a command is about.
#[derive(Debug, Default, Args)]
pub(crate) struct Target {
    /// The data directory [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Target {
    /// The configuration in force, with `listen` from the command line.
    pub(crate) fn config(self, listen: Vec<String>) -> anyhow::Result<Config> {
        let flags = Flags { data: self.data, listen, config: self.config };
        Config::load(flags, config::of_process(), |path| std::fs::read_to_string(path))
            .map_err(|errors| anyhow::anyhow!("{errors}"))
    }
}

/// Runs an operator command's future.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(future)
}
