//! The reconcilers of a running server.

use std::sync::Arc;
use std::time::Duration;

use gantry_edge::Lifecycle;
use gantry_http_base::{App, Metrics, RegistryLabel};
use gantry_registry::maintenance::{Collected, Collection};
use gantry_registry::{ChangeReader, StoreError};
use gantry_throttle::Throttle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::config::Config;

/// How often figures are brought up to the journal.
const FIGURES: Duration = Duration::from_secs(2);
/// The same where other nodes wait for the journal to be numbered.
const SEQUENCE: Duration = Duration::from_millis(300);
/// How often a node looks for what others have changed.
const FOLLOW: Duration = Duration::from_millis(250);
/// How often every stored key is looked at for one that no row names.
const EVERYTHING: Duration = Duration::from_secs(24 * 60 * 60);
/// When that is done first: a server that has just started has other things to do.
const EVERYTHING_FIRST: Duration = Duration::from_secs(10 * 60);
/// How often the trash is looked at when nobody says there is some.
const TRASH: Duration = Duration::from_secs(60);

/// How often what has had its time is looked for.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Starts them; each ends when `life` drains.
pub(crate) fn spawn(app: &Arc<App>, throttle: &Throttle, config: &Config, life: &Lifecycle) {
    life.spawn(until_drained(life, collect(Arc::clone(app), config.collection.interval)));
    life.spawn(until_drained(life, empty_trash(Arc::clone(app))));
    life.spawn(keep_audit(Arc::clone(app), life.draining()));
    life.spawn(until_drained(life, trim_audit(Arc::clone(app), config.tokens.audit_retention)));
    life.spawn(until_drained(life, rotate_keys(Arc::clone(app), config.tokens.key_rotation)));
    life.spawn(until_drained(life, keep_figures(Arc::clone(app), figures_every(config))));
    if config.stores.are_shared() {
        life.spawn(until_drained(life, follow(Arc::clone(app))));
        let throttle = throttle.clone();
        life.spawn(until_drained(life, async move { throttle.keep_leases().await }));
    }
}

fn figures_every(config: &Config) -> Duration {
    if config.stores.are_shared() { SEQUENCE } else { FIGURES }
}

/// `reconciler`, until `life` drains.
pub(crate) fn until_drained(
    life: &Lifecycle,
    reconciler: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let draining = life.draining();
    async move {
        tokio::select! {
            () = draining => {}
            () = reconciler => {}
        }
    }
}

async fn collect(app: Arc<App>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut everything = Instant::now() + EVERYTHING_FIRST;
    loop {
        let now = ticks.tick().await;
        let collection = if now >= everything {
            everything = now + EVERYTHING;
            Collection::Everything
        } else {
            Collection::PastGrace
        };
        note(&app.metrics, app.content.collect_unless_busy(collection).await);
    }
}

async fn empty_trash(app: Arc<App>) {
    let mut ticks = interval(TRASH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.content.trashed() => {}
        }
        note(&app.metrics, app.content.collect_unless_busy(Collection::Trash).await);
    }
}

/// Keeps caches up to what other nodes change.
async fn follow(app: Arc<App>) {
    let mut ticks = interval(FOLLOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reader = ChangeReader::default();
    let mut failing = false;
    loop {
        ticks.tick().await;
        match follow_once(&app, &mut reader).await {
            Ok(()) => failing = false,
            // Told once: the database's absence shows in many places.
            Err(error) if failing => tracing::debug!(%error, "changes can't be followed"),
            Err(error) => {
                failing = true;
                tracing::error!(%error, "changes of other nodes can't be followed");
            }
        }
    }
}

async fn follow_once(app: &App, reader: &mut ChangeReader) -> anyhow::Result<()> {
    if app.content.follow_changes(reader).await?.registries {
        let (registries, catalog) = (app.content.registries(), app.content.catalog());
        registries.refresh(catalog).await?;
        app.access.refresh_keys().await?;
        app.access.directory().refresh().await?;
        reader.refreshed();
    }
    Ok(())
}

/// Writes the audit stream, and what is left of it at the end.
async fn keep_audit(app: Arc<App>, draining: impl Future<Output = ()>) {
    let audit = app.access.audit();
    tokio::select! {
        () = draining => {}
        () = audit.keep() => {}
    }
    audit.flush().await;
}

async fn trim_audit(app: Arc<App>, retention: Duration) {
    let mut ticks = interval(HOUR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.access.audit().trim(app.access.now().minus(retention)).await {
            tracing::error!(%error, "the audit stream was not trimmed");
        }
    }
}

/// Makes new signing keys when those in use have had their time.
async fn rotate_keys(app: Arc<App>, every: Duration) {
    let mut ticks = interval(HOUR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.access.rotate_old_keys(every).await {
            tracing::error!(%error, "signing keys were not rotated");
        }
    }
}

async fn keep_figures(app: Arc<App>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = figures(&app).await {
            tracing::error!(%error, "figures were not kept");
        }
    }
}

async fn figures(app: &App) -> Result<(), StoreError> {
    app.content.keep_figures().await?;
    for (id, usage) in app.content.usages().await? {
        let Some(registry) = app.content.registries().by_id(id) else { continue };
        let label = RegistryLabel::of(Some(&registry));
        app.metrics.stored_bytes.get_or_create(&label).set(usage.bytes);
        app.metrics.stored_blobs.get_or_create(&label).set(usage.blobs);
        app.metrics.stored_manifests.get_or_create(&label).set(usage.manifests);
    }
    Ok(())
}

/// Counts what a collection did.
pub(crate) fn note(metrics: &Metrics, outcome: Result<Collected, StoreError>) {
    match outcome {
        Ok(collected) => {
            metrics.collections.inc();
            metrics.collected_blobs.inc_by(collected.blobs);
            metrics.collected_bytes.inc_by(collected.bytes);
            if collected != Collected::default() {
                tracing::info!(
                    uploads = collected.uploads,
                    links = collected.links,
                    repositories = collected.repositories,
                    blobs = collected.blobs,
                    orphans = collected.orphans,
                    bytes = collected.bytes,
                    "collected garbage"
                );
            }
        }
        Err(error) => tracing::error!(%error, "a collection failed"),
    }
}
