//! The two deployments of a copy, and what must be true of them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gantry_blobs::BlobStore;
use gantry_catalog::{Catalog, CertificateAuthority, Durability, Transaction};
use gantry_objects::{ConnectionError, Ownership};
use gantry_secrets::MasterKey;

use crate::config::{Blobs, Config, Database, Flags};
use crate::data_dir::{DataDir, Owned};
use crate::stores::{OpenBlobs, OpenStores};

/// A configuration, and the data directory that it names.
#[derive(Debug)]
pub(super) struct Side {
    config: Config,
    data: DataDir,
}

/// One deployment's catalog and blobs.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) catalog: Catalog,
    pub(super) blobs: Arc<dyn BlobStore>,
}

/// Both deployments, opened; where rows are to go, nobody else changes them meanwhile.
#[derive(Debug)]
pub(super) struct Sides {
    from: Side,
    to: Side,
    source: Stores,
    target: Stores,
    common: Common,
    deployment: String,
    _owned: Vec<Owned>,
}

/// What both deployments have in common, and so stays where it is.
#[derive(Clone, Copy, Debug)]
struct Common {
    directory: bool,
    catalog: bool,
    blobs: bool,
}

impl Common {
    fn of(from: &Side, to: &Side) -> Self {
        let directory = same_place(from.data.path(), to.data.path());
        let (one, other) = (&from.config.stores, &to.config.stores);
        Self {
            directory,
            catalog: one.database == other.database && (!from.is_alone() || directory),
            blobs: one.blobs == other.blobs && (!from.has_files() || directory),
        }
    }
}

impl Side {
    /// Reads a configuration from its file alone.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let flags = Flags { config: Some(path.to_owned()), ..Flags::default() };
        let config = Config::load(flags, [], |path| fs::read_to_string(path))
            .map_err(|errors| anyhow::anyhow!("{}: {errors}", path.display()))?;
        let data = DataDir::new(&config.data);
        Ok(Self { config, data })
    }

    fn has_files(&self) -> bool {
        self.config.stores.blobs == Blobs::DataDirectory
    }

    fn is_alone(&self) -> bool {
        self.config.stores.database == Database::DataDirectory
    }
}

impl Sides {
    /// Opens both. Writes nothing before everything that can be wrong was looked for.
    pub(super) async fn open(from: Side, to: Side, ahead: bool) -> anyhow::Result<Self> {
        let common = Common::of(&from, &to);
        anyhow::ensure!(
            !(common.catalog && common.blobs),
            "both configurations name the same database and the same blobs"
        );
        anyhow::ensure!(
            !(ahead && common.blobs),
            "the blobs stay where they are, so there is nothing to copy ahead"
        );

        let mut owned = Vec::new();
        if from.is_alone() && !ahead {
            owned.push(from.data.own().context("the source must not be served meanwhile")?);
        }
        if (to.is_alone() || to.has_files()) && !(common.directory && from.is_alone()) {
            owned.push(to.data.own()?);
        }
        let opened =
            OpenStores::open_beside(&from.config, &from.data).await.context("the source")?;
        let key = from.data.read_master_key(&from.config.secrets.master_key)?;
        opened.check(&from.config, &key).await.context("the source")?;
        let state = opened.catalog.schema_state().await?;
        anyhow::ensure!(
            state.missing.is_empty() && state.ahead.is_empty(),
            "the source's schema is another release's: start this release on it once, or run \
             `gantry migrate`"
        );
        let deployment = opened.deployment_id().await?.context("the source was never started")?;

        let reached = match common.catalog {
            true => OpenStores::open_beside(&to.config, &to.data).await,
            false => {
                take_master_key(&to, &key)?;
                OpenStores::open(&to.config, &to.data).await
            }
        };
        let reached = reached.context("the target")?;
        may_become(&reached, &deployment, common).await.context("the target")?;
        if !common.catalog {
            mark(&reached, &deployment).await.context("the target")?;
        }
        if let OpenBlobs::Objects(objects) = &reached.blobs {
            objects.claim(&deployment).await.context("the target")?;
        }
        let (source, target) = (stores(opened), stores(reached));
        let sides = Self { from, to, source, target, common, deployment, _owned: owned };
        if !ahead {
            sides.nobody_serves().await?;
        }
        Ok(sides)
    }

    pub(super) fn source(&self) -> &Stores {
        &self.source
    }

    pub(super) fn target(&self) -> &Stores {
        &self.target
    }

    pub(super) fn deployment(&self) -> &str {
        &self.deployment
    }

    /// Only blobs move.
    pub(super) fn share_catalog(&self) -> bool {
        self.common.catalog
    }

    /// Only rows move.
    pub(super) fn share_blobs(&self) -> bool {
        self.common.blobs
    }

    /// Finds that no node serves either of the deployments.
    pub(super) async fn nobody_serves(&self) -> anyhow::Result<()> {
        for (side, stores) in [(&self.from, &self.source), (&self.to, &self.target)] {
            if side.is_alone() {
                continue;
            }
            anyhow::ensure!(
                !stores.catalog.node_alive().await?,
                "a node serves this database: stop all of them (one that was killed counts for two \
                 seconds more)"
            );
        }
        Ok(())
    }

    /// The certificate authority as the target's kind of deployment keeps it: clients trust it
    /// already. In files it is written here; where nodes share it, it is handed back to be kept.
    pub(super) async fn take_authority(&self) -> anyhow::Result<Option<CertificateAuthority>> {
        match (self.from.is_alone(), self.to.is_alone()) {
            // A row among the others.
            (false, false) => Ok(None),
            (true, true) => {
                for name in ["ca.pem", "ca.key"] {
                    self.to.data.take_file(name, &self.from.data)?;
                }
                Ok(None)
            }
            (true, false) => {
                let kept = self.from.data.read_authority()?;
                Ok(kept.map(|(certificate, sealed_key)| CertificateAuthority {
                    certificate,
                    sealed_key,
                }))
            }
            (false, true) => {
                if let Some(authority) = self.source.catalog.certificate_authority().await? {
                    let CertificateAuthority { certificate, sealed_key } = authority;
                    self.to.data.keep_authority(&certificate, &sealed_key)?;
                }
                Ok(None)
            }
        }
    }

    pub(super) async fn close(self) {
        self.source.catalog.db().close().await;
        self.target.catalog.db().close().await;
    }
}

fn stores(opened: OpenStores) -> Stores {
    Stores { catalog: opened.catalog, blobs: opened.blobs.into_seam() }
}

/// The secrets in the rows stay sealed under the key that they have.
fn take_master_key(to: &Side, key: &MasterKey) -> anyhow::Result<()> {
    let theirs = to.data.master_key_or(&to.config.secrets.master_key, key)?;
    anyhow::ensure!(
        theirs.expose() == key.expose(),
        "the two configurations give different master keys: give the target the source's \
         (master_key_file)"
    );
    Ok(())
}

/// Whether the target is empty, or what an earlier copy of the same deployment has left.
async fn may_become(target: &OpenStores, id: &str, common: Common) -> anyhow::Result<()> {
    if !common.catalog {
        let there = target.deployment_id().await?;
        anyhow::ensure!(
            there.is_none(),
            "its database holds a deployment already: give an empty one"
        );
        let arriving = target.arriving_id().await?;
        anyhow::ensure!(
            arriving.as_deref().is_none_or(|arriving| arriving == id),
            "another deployment is being copied there: give an empty database"
        );
    }
    let OpenBlobs::Objects(objects) = &target.blobs else { return Ok(()) };
    match objects.owner().await? {
        Ownership::Of(found) if found != id => {
            Err(ConnectionError::Foreign { found, ours: id.to_owned() }.into())
        }
        _ => Ok(()),
    }
}

/// Brings up the target's schema and marks it as incomplete.
async fn mark(target: &OpenStores, id: &str) -> anyhow::Result<()> {
    target.catalog.migrate().await.context("bringing up the catalog's schema")?;
    let id = id.to_owned();
    let mark = move |tx: &mut Transaction<'_, '_>| tx.deployment_arrives(&id);
    Ok(target.catalog.transaction(Durability::Power, mark).await?)
}

/// Whether two paths lead to one directory.
fn same_place(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
