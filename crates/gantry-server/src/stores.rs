//! Opening the two stores of a deployment, and finding out what is wrong with them before anything
//! is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gantry_access::Access;
use gantry_blobs::{BlobStore, DiskCache, FileBlobStore};
use gantry_catalog::{Catalog, DbError, Durability, MigrateError};
use gantry_db::{Db, PostgresOptions, SqliteOptions};
use gantry_model::{Clock, DeploymentId, SystemClock};
use gantry_objects::{ConnectionError, ObjectBlobStore, Ownership};
use gantry_secrets::MasterKey;

use crate::config::{Blobs, Config, Database};
use crate::data_dir::DataDir;

/// Both stores, reached but not yet looked into.
#[derive(Debug)]
pub(crate) struct OpenStores {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Catalog,
    pub(crate) blobs: OpenBlobs,
}

/// The blob store, as far as its kind matters.
#[derive(Debug)]
pub(crate) enum OpenBlobs {
    Files(FileBlobStore),
    Objects(ObjectBlobStore),
}

impl OpenBlobs {
    pub(crate) fn into_seam(self) -> Arc<dyn BlobStore> {
        match self {
            Self::Files(files) => Arc::new(files),
            Self::Objects(objects) => Arc::new(objects),
        }
    }

    /// The same with small blobs of an object store kept in `directory` too, up to `limit` bytes.
    pub(crate) fn into_cached_seam(
        self,
        directory: &Path,
        limit: u64,
    ) -> anyhow::Result<Arc<dyn BlobStore>> {
        Ok(match self {
            Self::Objects(objects) if limit > 0 => {
                Arc::new(DiskCache::open(objects, directory, limit)?)
            }
            blobs => blobs.into_seam(),
        })
    }
}

/// Who opens the stores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    /// The server that they belong to.
    Server,
    /// An operator's command, maybe beside it.
    Onlooker,
}

impl OpenStores {
    /// Opens them for a server.
    pub(crate) async fn open(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        Self::open_as(As::Server, config, data).await
    }

    /// Opens them for an operator's command.
    pub(crate) async fn open_beside(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        if !config.stores.are_shared() {
            anyhow::ensure!(data.exists(), "{} holds no gantry deployment", data.path().display());
        }
        Self::open_as(As::Onlooker, config, data).await
    }

    async fn open_as(who: As, config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let db = open_database(who, config, data).await?;
        let blobs = match &config.stores.blobs {
            Blobs::DataDirectory => OpenBlobs::Files(
                FileBlobStore::open(data.blobs())
                    .with_context(|| format!("opening {}", data.blobs().display()))?,
            ),
            Blobs::Objects(connection) => OpenBlobs::Objects(
                connection.open().with_context(|| format!("blobs ({connection})"))?,
            ),
        };
        Ok(Self { catalog: Catalog::new(db, Arc::clone(&clock)), clock, blobs })
    }

    /// Looks at everything that would keep a server from running. Changes nothing.
    pub(crate) async fn check(
        &self,
        config: &Config,
        master_key: &MasterKey,
    ) -> anyhow::Result<()> {
        if let Database::Postgres { url, .. } = &config.stores.database {
            let named = || format!("database ({})", url.expose().shown());
            // As every transaction, it asks for a server that takes writes.
            self.catalog.database_time().await.with_context(named)?;
        }
        let state = self.catalog.schema_state().await.context("database")?;
        if !state.ahead.is_empty() {
            tracing::info!(steps = ?state.ahead, "the schema is a later release's, which this one runs on");
        }
        Access::check_master_key(&self.catalog, master_key).await.with_context(|| {
            "master_key is not the one that this deployment's secrets were sealed under: \
             give every node the same"
        })?;
        if let Some(id) = self.arriving_id().await? {
            anyhow::bail!(
                "deployment {id} is being copied here and isn't complete: run `gantry copy` to its \
                 end, or start with an empty database"
            );
        }
        let OpenBlobs::Objects(objects) = &self.blobs else { return Ok(()) };
        let named = || match &config.stores.blobs {
            Blobs::Objects(connection) => format!("blobs ({connection})"),
            Blobs::DataDirectory => "blobs".to_owned(),
        };
        let owner = objects.owner().await.with_context(named)?;
        let ours = self.deployment_id().await?;
        match (owner, ours) {
            (Ownership::Free, _) => Ok(()),
            (Ownership::Of(found), Some(ours)) if found == ours => Ok(()),
            (Ownership::Of(found), ours) => {
                let ours = ours.unwrap_or_else(|| "(new)".to_owned());
                Err(ConnectionError::Foreign { found, ours }).with_context(named)
            }
        }
    }

    /// Brings the schema up and marks the stores as one deployment's.
    pub(crate) async fn establish(&self) -> anyhow::Result<()> {
        self.catalog.migrate().await.map_err(told).context("bringing up the catalog's schema")?;
        let id = DeploymentId::new(self.clock.now()).to_string();
        let establish =
            move |tx: &mut gantry_catalog::Transaction<'_, '_>| tx.deployment_establish(&id);
        self.catalog.transaction(Durability::Power, establish).await.context("database")?;
        if let OpenBlobs::Objects(objects) = &self.blobs {
            let id = self.deployment_id().await?.context("the deployment has no id")?;
            objects.claim(&id).await.context("blobs")?;
        }
        Ok(())
    }

    /// The id of the deployment that is being copied here.
    pub(crate) async fn arriving_id(&self) -> anyhow::Result<Option<String>> {
        match self.catalog.deployment_arriving().await {
            Err(DbError::MissingTable(_)) => Ok(None),
            found => found.context("database"),
        }
    }

    /// The deployment's id; none where nothing was ever set up.
    pub(crate) async fn deployment_id(&self) -> anyhow::Result<Option<String>> {
        match self.catalog.deployment_id().await {
            Err(DbError::MissingTable(_)) => Ok(None),
            found => found.context("database"),
        }
    }
}

async fn open_database(who: As, config: &Config, data: &DataDir) -> anyhow::Result<Db> {
    match &config.stores.database {
        Database::DataDirectory => {
            let (path, options) = (data.catalog(), SqliteOptions::default());
            let opened = match who {
                As::Server => Db::open_sqlite(&path, options).await,
                As::Onlooker => Db::open_sqlite_read_only(&path, options).await,
            };
            opened.with_context(|| format!("opening {}", path.display()))
        }
        Database::Postgres { url, statements, write_connections, read_connections } => {
            let options = PostgresOptions {
                statements: *statements,
                write_connections: *write_connections,
                read_connections: *read_connections,
                ..PostgresOptions::default()
            };
            Db::connect_postgres(url.expose().as_str(), options)
                .await
                .with_context(|| format!("database ({})", url.expose().shown()))
        }
    }
}

/// A step that may not be taken by this user may be by another.
fn told(error: MigrateError) -> anyhow::Error {
    let hint = matches!(&error, MigrateError::Step { .. } | MigrateError::Database(_));
    let error = anyhow::Error::new(error);
    match hint {
        true => error.context("run `gantry migrate` as a database user who may change the schema"),
        false => error,
    }
}
