//! Configuration: one typed [`Config`], read once at start.
//!
//! A setting has a *key*: its name, after the name of its section and a dot where it has one
//! (`data`, `limits.blob_bytes`). It can be given, by falling precedence,
//!
//! 1. as a flag (`--data`, `--listen`, `--database`, `--blobs`),
//! 2. in the environment, under [`env::env_name`] of its key: `GANTRY_`, then the key in upper case with
//!    `_` for the dot (`GANTRY_DATA`, `GANTRY_LIMITS_BLOB_BYTES`); an empty value counts as absent,
//! 3. in the TOML file that `--config` or `GANTRY_CONFIG` names,
//! 4. else it has its default.
//!
//! The higher source replaces the lower one; lists are not merged. In the environment a list is
//! written with commas, a list of tables as JSON or as a TOML array.
//!
//! Nothing is silently ignored: a key nobody knows is a mistake, in the file as in the environment.
//! All mistakes are told at once ([`ConfigErrors`]), each with its key and where it was given.
//! `docs/settings.md` lists every setting; a test compares.

mod acme;
mod collection;
mod directory;
mod env;
mod error;
mod hosts;
mod issuers;
mod limits;
mod log;
mod metrics;
mod names;
mod network;
mod outbound;
mod private_endpoints;
mod rate_limits;
mod reader;
mod registries;
mod registry_settings;
mod secrets;
mod setting;
mod source;
mod stores;
mod tiers;
mod tls;
mod tokens;
mod units;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use acme::Acme;
pub(crate) use env::of_process;
pub(crate) use error::ConfigErrors;
pub(crate) use log::{Log, LogFormat};
pub(crate) use secrets::MasterKeySource;

use collection::Collection;
use gantry_directory::BootstrapWishes;
use gantry_issuers::TrustedIssuer;
use gantry_model::{BlobReads, Tiers};
use gantry_throttle::Rules;
use limits::Limits;
use metrics::Metrics;
pub(crate) use names::Names;
use network::Network;
use outbound::Outbound;
use reader::Reader;
pub(crate) use registries::NamedRegistry;
pub(crate) use registry_settings::SettingWishes;
use secrets::Secrets;
pub(crate) use stores::{Blobs, Database, Stores};
use tls::Tls;
use tokens::Tokens;
pub(crate) use units::duration;

/// What the command line gives; the rest of its flags are no settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// `--data DIR`
    pub(crate) data: Option<PathBuf>,
    /// `--listen ADDR`, repeatable
    pub(crate) listen: Vec<String>,
    /// `--config FILE`
    pub(crate) config: Option<PathBuf>,
    /// `--database URL`
    pub(crate) database: Option<String>,
    /// `--blobs URL`
    pub(crate) blobs: Option<String>,
}

/// Every setting, checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// Where metadata and blobs are.
    pub(crate) stores: Stores,
    /// The location this server runs in.
    pub(crate) location: String,
    /// Names the server answers to.
    pub(crate) names: Names,
    /// Listeners, proxies, drain.
    pub(crate) network: Network,
    /// `[tls]`
    pub(crate) tls: Tls,
    /// `[acme]`
    pub(crate) acme: Option<Acme>,
    /// Keys and passwords.
    pub(crate) secrets: Secrets,
    /// `[default_registry]`
    pub(crate) default_registry: SettingWishes,
    /// `[directory]`
    pub(crate) directory: BootstrapWishes,
    /// `[[registry]]`
    pub(crate) registries: Vec<NamedRegistry>,
    /// `[[issuer]]`
    pub(crate) issuers: Vec<TrustedIssuer>,
    /// `[outbound]`
    pub(crate) outbound: Outbound,
    /// `[[tier]]`
    pub(crate) tiers: Tiers,
    /// `[limits]`
    pub(crate) limits: Limits,
    /// `rate_limits` and `[[rate_limit]]`
    pub(crate) rate_limits: Rules,
    /// `[collection]`
    pub(crate) collection: Collection,
    /// `[tokens]`
    pub(crate) tokens: Tokens,
    /// `[log]`
    pub(crate) log: Log,
    /// `[metrics]`
    pub(crate) metrics: Metrics,
}

impl Config {
    /// Reads every source.
    ///
    /// # Errors
    /// With all mistakes found.
    pub(crate) fn load(
        flags: Flags,
        environment: impl IntoIterator<Item = (String, String)>,
        read_file: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        reader.open_file(flags.config, read_file);
        reader.flag(
            "data",
            "--data",
            flags.data.iter().map(|dir| dir.to_string_lossy().into_owned()),
        );
        reader.flag("listen", "--listen", flags.listen);
        reader.flag("database", "--database", flags.database);
        reader.flag("blobs", "--blobs", flags.blobs);
        let mut config = Self::read(&mut reader);
        reader.finish()?;
        // The flag's own bytes, should they not be UTF-8.
        if let Some(data) = flags.data {
            config.data = data;
        }
        Ok(config)
    }

    fn read(reader: &mut Reader) -> Self {
        let names = Names::read(reader);
        let blob_reads = reader.optional::<BlobReads>("blob_reads", "stream");
        let registries = registries::read(reader, &names, blob_reads);
        let stores = Stores::read(reader);
        let secrets = Secrets::read(reader);
        if stores.are_shared() && secrets.master_key == MasterKeySource::DataDirectory {
            let problem = "nodes that share a database need the same master key: give master_key or \
                           master_key_file (make one with: openssl rand -base64 32)";
            reader.mistake("master_key", None, problem.to_owned());
        }
        Self {
            data: reader.optional("data", "./data").unwrap_or_else(|| "./data".into()),
            location: read_location(reader),
            network: Network::read(reader),
            tls: Tls::read(reader),
            acme: acme::read(reader, &names, &registries),
            secrets,
            default_registry: SettingWishes::read(reader, "default_registry.", blob_reads),
            directory: directory::read(reader),
            issuers: issuers::read(reader),
            outbound: Outbound::read(reader),
            tiers: tiers::read(reader),
            limits: Limits::read(reader),
            rate_limits: rate_limits::read(reader),
            collection: Collection::read(reader),
            tokens: Tokens::read(reader),
            log: Log::read(reader),
            metrics: Metrics::read(reader),
            stores,
            names,
            registries,
        }
    }
}

fn read_location(reader: &mut Reader) -> String {
    let fits = |text: &String| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        match (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(()),
            false => Err("a location is up to 64 lower-case letters and digits".to_owned()),
        }
    };
    reader.checked("location", "local".to_owned(), fits)
}

#[cfg(test)]
mod tests;
