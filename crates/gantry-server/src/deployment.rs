//! Opening what a deployment is made of: catalog, blobs, registries, access.

use std::sync::Arc;

use anyhow::Context;
use gantry_access::{Access, AccessOptions, MasterKey};
use gantry_blobs::FileBlobStore;
use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_model::{Clock, Registry, RegistryName, SystemClock};
use gantry_oci::Secret;
use gantry_registry::registries::{Hosts, WantedRegistry};
use gantry_registry::{Content, Limits, Registries};
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::DataDir;

/// The registry that is there from the first start.
const DEFAULT_REGISTRY: &str = "local";

/// An open deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Catalog,
    pub(crate) content: Content,
    /// Work that outlives the request that asked for it.
    pub(crate) tasks: TaskTracker,
}

impl Deployment {
    /// Opens the deployment, and makes it on first start. The data directory must be owned.
    pub(crate) async fn open(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = Db::open_sqlite(&data.catalog(), SqliteOptions::default())
            .await
            .with_context(|| format!("opening {}", data.catalog().display()))?;
        let deployment = Self::over(db, config, data)?;
        deployment.catalog.migrate().await.context("bringing up the catalog's schema")?;
        deployment.establish(config).await
    }

    /// Opens the deployment for looking only, also while a server runs.
    pub(crate) async fn open_read_only(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        anyhow::ensure!(data.exists(), "{} holds no gantry deployment", data.path().display());
        let db = Db::open_sqlite_read_only(&data.catalog(), SqliteOptions::default())
            .await
            .with_context(|| format!("opening {}", data.catalog().display()))?;
        Self::over(db, config, data)
    }

    fn over(db: Db, config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let catalog = Catalog::new(db, Arc::clone(&clock));
        let blobs = FileBlobStore::open(data.blobs())
            .with_context(|| format!("opening {}", data.blobs().display()))?;
        let tasks = TaskTracker::new();
        let content = Content::new(
            catalog.clone(),
            Arc::new(blobs),
            Registries::none(),
            limits(config),
            tasks.clone(),
        );
        Ok(Self { clock, catalog, content, tasks })
    }

    async fn establish(self, config: &Config) -> anyhow::Result<Self> {
        let hosts = Hosts {
            suffix: config.names.suffix.to_string(),
            default_names: default_names(config),
            default_registry: default_registry(),
        };
        self.content
            .registries()
            .establish(&self.catalog, &config.location, wanted(config), hosts)
            .await
            .context("setting up the registries")?;
        Ok(self)
    }

    /// Opens everyone's credentials.
    pub(crate) async fn access(
        &self,
        config: &Config,
        master_key: &MasterKey,
    ) -> anyhow::Result<Access> {
        let registries = self.content.registries();
        let options = AccessOptions {
            token_lifetime: config.tokens.access_token_lifetime,
            admin_password: config
                .secrets
                .admin_password
                .as_ref()
                .map(|password| Secret::new(password.expose().clone())),
        };
        let access = Access::open(
            &self.catalog,
            Arc::clone(&self.clock),
            master_key,
            &registries.all(),
            &*self.default_registry()?,
            options,
        )
        .await
        .context("opening the credentials")?;
        // Changed passwords have ended tokens.
        registries.refresh(&self.catalog).await.context("reading the registries")?;
        Ok(access)
    }

    pub(crate) fn default_registry(&self) -> anyhow::Result<Arc<Registry>> {
        self.content.registries().default_registry().context("the default registry is missing")
    }

    /// Waits for what still runs and closes the catalog.
    pub(crate) async fn close(self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.catalog.db().close().await;
    }
}

fn default_registry() -> RegistryName {
    DEFAULT_REGISTRY.parse().expect("it is a name")
}

fn default_names(config: &Config) -> Vec<String> {
    let listed = config.names.hostnames.iter().map(ToString::to_string);
    std::iter::once("localhost".to_owned()).chain(listed).collect()
}

fn wanted(config: &Config) -> Vec<WantedRegistry> {
    let default = WantedRegistry {
        name: default_registry(),
        settings: config.default_registry,
        domains: Vec::new(),
    };
    let others = config.registries.iter().map(|registry| WantedRegistry {
        name: registry.name.clone(),
        settings: registry.settings,
        domains: registry.hosts.iter().map(ToString::to_string).collect(),
    });
    std::iter::once(default).chain(others).collect()
}

fn limits(config: &Config) -> Limits {
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Limits {
        manifest_bytes: whole(config.limits.manifest_bytes),
        blob_bytes: config.limits.blob_bytes,
        page: whole(config.limits.page_size),
        uploads_per_identity: whole(config.limits.uploads_per_actor),
        upload_idle: config.limits.upload_idle,
        grace: config.collection.grace,
        ..Limits::default()
    }
}
