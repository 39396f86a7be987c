//! Registries' settings in memory: which count, and for how long.

use std::sync::Arc;

use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_model::{Clock, EpochSubject, ManualClock, Precondition, RegistrySettings, Timestamp};
use gantry_registry::Registries;
use gantry_registry::registries::{Hosts, WantedRegistry, Wishes};
use tokio::time::Instant;

struct Node {
    catalog: Catalog,
    registries: Registries,
}

impl Node {
    async fn start(db: &Db) -> Self {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
        let catalog = Catalog::new(db.clone(), clock);
        catalog.migrate().await.unwrap();
        let registries = Registries::none(gantry_model::Tiers::default());
        let name = || "local".parse().unwrap();
        let hosts = Hosts {
            suffix: "acr.localhost".into(),
            default_names: Vec::new(),
            default_registry: name(),
        };
        let settings = Wishes::new(|_| {});
        let wanted = vec![WantedRegistry { name: name(), settings, domains: Vec::new() }];
        registries.establish(&catalog, "local", wanted, hosts).await.unwrap();
        Self { catalog, registries }
    }

    async fn change(&self, change: impl Fn(&mut RegistrySettings) + Send + Sync + 'static) {
        let id = self.registries.default_registry().unwrap().id;
        let (wishes, any) = (Wishes::of_settings(change), Precondition::None);
        self.registries.change(&self.catalog, id, any, wishes).await.unwrap();
    }

    /// Whether anyone may pull, as whoever is asked here says.
    async fn is_public(&self) -> bool {
        self.registries.be_current(&self.catalog).await.unwrap();
        self.registries.default_registry().unwrap().settings.anonymous_pull
    }
}

#[tokio::test]
async fn settings_count_for_as_long_as_their_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
    let (here, there) = (Node::start(&db).await, Node::start(&db).await);
    here.change(|settings| settings.anonymous_pull = true).await;
    assert!(here.is_public().await);
    assert!(!there.is_public().await, "it hasn't heard of it");
    // The first that it hears is enough.
    there.catalog.epoch_forget(&EpochSubject::registries());
    assert!(there.is_public().await);

    here.change(|settings| settings.anonymous_pull = false).await;
    assert!(there.is_public().await, "it has followed a moment ago");
    there.catalog.epoch_trust_until(Instant::now());
    assert!(!there.is_public().await, "it asks, since it doesn't follow");
}
