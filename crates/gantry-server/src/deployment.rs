//! Opening what a deployment is made of: catalog, blobs, registries, access.

use std::sync::Arc;

use anyhow::Context;
use gantry_access::{Access, AccessOptions};
use gantry_blobs::BlobStore;
use gantry_catalog::Catalog;
use gantry_directory::{Bootstrap, Directory};
use gantry_issuers::Issuers;
use gantry_model::{Clock, NodeId, Registry, RegistryName};
use gantry_oci::Secret;
use gantry_outbound::{Outbound, OutboundOptions};
use gantry_registry::registries::{Hosts, WantedRegistry, Wishes};
use gantry_registry::{Content, Limits, Registries, Sharing};
use gantry_secrets::MasterKey;
use gantry_throttle::Throttle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::config::{Config, SettingWishes};
use crate::data_dir::DataDir;
use crate::stores::OpenStores;

/// The registry that is there from the first start.
const DEFAULT_REGISTRY: &str = "local";

/// An open deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Catalog,
    pub(crate) content: Content,
    pub(crate) throttle: Throttle,
    /// Work that outlives the request that asked for it.
    pub(crate) tasks: TaskTracker,
}

impl Deployment {
    /// Opens the deployment, and makes it on first start. The data directory must be owned.
    ///
    /// What can be wrong is looked for before anything is written.
    pub(crate) async fn open(
        config: &Config,
        data: &DataDir,
        master_key: &MasterKey,
    ) -> anyhow::Result<Self> {
        let stores = OpenStores::open(config, data).await?;
        stores.check(config, master_key).await?;
        stores.establish().await?;
        let sharing = match config.stores.are_shared() {
            false => Sharing::Alone,
            true => Sharing::Nodes { node: NodeId::new(stores.clock.now()).to_string() },
        };
        let OpenStores { clock, catalog, blobs } = stores;
        if sharing != Sharing::Alone {
            // Until this node follows what others change, it remembers nothing of whom they let in.
            catalog.epoch_trust_until(Instant::now());
        }
        let blobs = blobs.into_cached_seam(&data.blob_cache(), config.stores.blob_cache)?;
        Self::over(clock, catalog, blobs, config, sharing).establish(config).await
    }

    /// Opens the deployment for an operator's command, also while servers run: nothing is set up
    /// that isn't there.
    pub(crate) async fn open_beside(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let stores = OpenStores::open_beside(config, data).await?;
        let sharing = match config.stores.are_shared() {
            false => Sharing::Alone,
            true => Sharing::Nodes { node: NodeId::new(stores.clock.now()).to_string() },
        };
        let OpenStores { clock, catalog, blobs } = stores;
        Ok(Self::over(clock, catalog, blobs.into_seam(), config, sharing))
    }

    fn over(
        clock: Arc<dyn Clock>,
        catalog: Catalog,
        blobs: Arc<dyn BlobStore>,
        config: &Config,
        sharing: Sharing,
    ) -> Self {
        let tasks = TaskTracker::new();
        let (rules, time) = (config.rate_limits.clone(), Arc::clone(&clock));
        let throttle = match &sharing {
            Sharing::Alone => Throttle::alone(rules, time),
            Sharing::Nodes { .. } => Throttle::among_nodes(rules, time, catalog.clone()),
        };
        let content = Content::new(
            catalog.clone(),
            blobs,
            Registries::none(config.tiers),
            limits(config),
            sharing,
            tasks.clone(),
        );
        Self { clock, catalog, content, throttle, tasks }
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
        data: &DataDir,
        master_key: &MasterKey,
    ) -> anyhow::Result<Access> {
        let registries = self.content.registries();
        let clock = Arc::clone(&self.clock);
        let wishes = config.directory.clone();
        let keep = |made: &Bootstrap| data.keep_bootstrap(made);
        let outbound = Outbound::new(&OutboundOptions {
            allowed: config.outbound.allowed_networks.clone(),
            ca_files: config.outbound.ca_files.clone(),
            ..OutboundOptions::default()
        })
        .context("setting up requests to others")?;
        let issuers = (Issuers::new(outbound, Arc::clone(&clock)), config.issuers.clone());
        let directory = Directory::open(&self.catalog, clock, master_key, wishes, issuers, keep)
            .await
            .context("opening the directory")?;
        data.drop_bootstrap_of_others(directory.tenant().id)?;
        let options = AccessOptions {
            token_lifetime: config.tokens.access_token_lifetime,
            admin_password: config
                .secrets
                .admin_password
                .as_ref()
                .map(|password| Secret::new(password.expose().clone())),
            tiers: config.tiers,
        };
        let access = Access::open(
            &self.catalog,
            Arc::clone(&self.clock),
            master_key,
            &directory,
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
        if let Err(error) = self.throttle.give_back().await {
            tracing::warn!(%error, "requests that were leased and not made are lost to the other nodes");
        }
        if let Err(error) = self.content.leave().await {
            tracing::warn!(%error, "the other nodes were not told that this one is gone");
        }
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
        settings: wishes(&config.default_registry),
        domains: Vec::new(),
    };
    let others = config.registries.iter().map(|registry| WantedRegistry {
        name: registry.name.clone(),
        settings: wishes(&registry.settings),
        domains: registry.hosts.iter().map(ToString::to_string).collect(),
    });
    std::iter::once(default).chain(others).collect()
}

fn wishes(wishes: &SettingWishes) -> Wishes {
    let wishes = wishes.clone();
    Wishes::of_settings(move |settings| wishes.apply(settings))
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
