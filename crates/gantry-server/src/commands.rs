//! One file per command: its options and what it does.

pub(crate) mod admin;
pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod az_setup;
pub(crate) mod backup;
pub(crate) mod completion;
pub(crate) mod copy;
pub(crate) mod doctor;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod group;
pub(crate) mod identity;
pub(crate) mod keys;
pub(crate) mod manifest;
pub(crate) mod migrate;
pub(crate) mod openapi;
mod operator;
pub(crate) mod registry;
pub(crate) mod repository;
pub(crate) mod restore;
pub(crate) mod role;
pub(crate) mod scope_map;
pub(crate) mod serve;
pub(crate) mod tag;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod user;
pub(crate) mod webhook;

use std::future::Future;
use std::path::PathBuf;

use clap::Args;
use gantry_registry::Content;

use crate::config::{self, Config, Flags};
use crate::data_dir::DataDir;
use crate::deployment::Deployment;

/// A command was called in a way that it can't be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// The flags that say which deployment a command is about.
#[derive(Debug, Default, Args)]
pub(crate) struct Target {
    /// The data directory [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The database, postgres://… [default: a file in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The blob storage, s3://…, az://… or gs://… [default: files in the data directory]
    #[arg(long, value_name = "URL")]
    blobs: Option<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Target {
    /// The configuration in force, with `listen` from the command line.
    pub(crate) fn config(self, listen: Vec<String>) -> anyhow::Result<Config> {
        let flags = Flags {
            data: self.data,
            listen,
            config: self.config,
            database: self.database,
            blobs: self.blobs,
        };
        Config::load(flags, config::of_process(), |path| std::fs::read_to_string(path))
            .map_err(|errors| anyhow::anyhow!("{errors}"))
    }
}

/// Does something to a deployment's content where no server of the data directory can be asked to.
/// A data directory is owned meanwhile; what nodes share they share with commands too.
pub(crate) async fn on_content<T>(
    config: &Config,
    data: &DataDir,
    work: impl AsyncFnOnce(&Content) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let owned = match config.stores.are_shared() {
        true => None,
        false => {
            anyhow::ensure!(data.exists(), "{} holds no gantry deployment", data.path().display());
            Some(data.own()?)
        }
    };
    let master_key = data.read_master_key(&config.secrets.master_key)?;
    let deployment = Deployment::open(config, data, &master_key).await?;
    let done = work(&deployment.content).await;
    deployment.close().await;
    drop(owned);
    done
}

/// Runs an operator command's future.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(future)
}
