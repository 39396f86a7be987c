//! Where metadata and blobs are: in the data directory, or where several nodes reach them.

use std::str::FromStr;

use gantry_db::Statements;
use gantry_objects::Connection;

use super::reader::Reader;
use super::secrets::Secret;
use super::setting::TextSetting;
use super::units::Bytes;

/// Where metadata and blobs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stores {
    /// Where metadata is.
    pub(crate) database: Database,
    /// Where blobs are.
    pub(crate) blobs: Blobs,
    /// Bytes of small blobs that a node keeps on its disk where they are in an object store.
    pub(crate) blob_cache: u64,
}

/// Where metadata is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// In a file of the data directory, for one process alone.
    DataDirectory,
    /// In PostgreSQL, or a database that speaks its protocol, for any number of nodes.
    Postgres {
        /// Its address, with the password.
        url: Secret<PostgresUrl>,
        /// How statements reach it.
        statements: Statements,
        /// Connections for transactions.
        write_connections: usize,
        /// Connections for reads.
        read_connections: usize,
    },
}

/// Where blobs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blobs {
    /// In files of the data directory.
    DataDirectory,
    /// In an object store.
    Objects(Connection),
}

impl Stores {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let Bytes(blob_cache) =
            reader.bounded("blob_cache", Bytes(256 << 20), Bytes(0), Bytes(1 << 50));
        let url = reader.optional::<Secret<PostgresUrl>>("database", "DATA/catalog.db");
        let blobs = reader.optional::<Connection>("blobs", "DATA/blobs");
        let StatementsSetting(statements) =
            reader.setting("database_statements", StatementsSetting(Statements::Prepared));
        let connections = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let write_connections = reader.bounded("database_write_connections", 16, 1, 1000);
        let read_connections = reader.bounded("database_read_connections", 4, 1, 1000);
        if url.is_some() && blobs.is_none() {
            let problem = "nodes that share a database must share their blobs too: give blobs";
            reader.mistake("blobs", None, problem.to_owned());
        }
        let database = url.map_or(Database::DataDirectory, |url| Database::Postgres {
            url,
            statements,
            write_connections: connections(write_connections),
            read_connections: connections(read_connections),
        });
        Self { database, blobs: blobs.map_or(Blobs::DataDirectory, Blobs::Objects), blob_cache }
    }

    /// Whether other nodes may be at work on the same deployment.
    pub(crate) fn are_shared(&self) -> bool {
        self.database != Database::DataDirectory
    }
}

/// The address of a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl(String);

impl PostgresUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without user and password.
    pub(crate) fn shown(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", &self.0));
        let rest = rest.split('?').next().unwrap_or_default();
        let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
        format!("{scheme}://{address}")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not an address of PostgreSQL: give postgres://USER:PASSWORD@HOST/DATABASE")]
pub(crate) struct PostgresUrlError;

impl FromStr for Secret<PostgresUrl> {
    type Err = PostgresUrlError;

    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        let known = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self::new(PostgresUrl(text.to_owned()))) } else { Err(PostgresUrlError) }
    }
}

impl TextSetting for Secret<PostgresUrl> {
    const WANTED: &'static str = "an address of PostgreSQL";
    const SECRET: bool = true;
}

impl TextSetting for Connection {
    const WANTED: &'static str = "an address of blob storage";
    const SECRET: bool = true;
}

#[derive(Debug, thiserror::Error)]
#[error("neither prepared nor unnamed")]
struct StatementsError;

/// `prepared` or `unnamed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StatementsSetting(Statements);

impl FromStr for StatementsSetting {
    type Err = StatementsError;

    fn from_str(text: &str) -> Result<Self, StatementsError> {
        match text {
            "prepared" => Ok(Self(Statements::Prepared)),
            "unnamed" => Ok(Self(Statements::Unnamed)),
            _ => Err(StatementsError),
        }
    }
}

impl std::fmt::Display for StatementsSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Statements::Prepared => "prepared",
            Statements::Unnamed => "unnamed",
        })
    }
}

impl TextSetting for StatementsSetting {
    const WANTED: &'static str = "prepared or unnamed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let url = PostgresUrl("postgres://u:p@ss@one:5432,two/db?sslrootcert=x".into());
        assert_eq!(url.shown(), "postgres://one:5432,two/db");
    }
}
