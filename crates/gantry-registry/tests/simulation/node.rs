//! One life of one node: what `gantry serve` runs, without its listeners.

use std::sync::Arc;
use std::time::Duration;

use gantry_catalog::Catalog;
use gantry_objects::ObjectBlobStore;
use gantry_registry::maintenance::Collection;
use gantry_registry::{ChangeReader, Content, Registries, Sharing, StoreError};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::goods::PART;
use crate::network::Link;
use crate::objects::RemoteObjects;
use crate::wire::CatalogWire;
use crate::witness::Witness;
use crate::world::{Ground, limits};

/// How often caches are brought up to what other nodes change.
const FOLLOW: Duration = Duration::from_millis(250);
/// How often the journal is numbered.
const SEQUENCE: Duration = Duration::from_millis(300);
/// How often garbage is collected.
const COLLECT: Duration = Duration::from_secs(4);
/// How often the trash is looked at when nobody says there is some.
const TRASH: Duration = Duration::from_secs(10);

/// A node at work.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) link: Link,
    /// Told when it is gone, so that those who wait for its answers don't for ever.
    pub(crate) gone: CancellationToken,
    loops: JoinSet<()>,
}

impl Node {
    /// Starts a node; no other has or had its name.
    pub(crate) async fn start(ground: &Ground, name: &str, skew: i64) -> Self {
        let link = ground.network.link(name);
        let witness = ground.witness.clone();
        let wire = CatalogWire { link: link.clone(), witness: witness.clone() };
        let clock = ground.time.clock(skew);
        let catalog = Catalog::new(ground.database.connect(Arc::new(wire)), clock);
        let objects = RemoteObjects {
            bucket: Arc::clone(&ground.bucket),
            link: link.clone(),
            witness: witness.clone(),
            messages: ground.messages.clone(),
        };
        let blobs = Arc::new(ObjectBlobStore::simulated(objects, PART));
        let registries = Registries::none();
        while registries.refresh(&catalog).await.is_err() {
            sleep(Duration::from_millis(200)).await;
        }
        let sharing = Sharing::Nodes { node: name.into() };
        let content =
            Content::new(catalog, blobs, registries, limits(), sharing, TaskTracker::new());
        let mut loops = JoinSet::new();
        loops.spawn(follow(content.clone(), witness.clone()));
        loops.spawn(keep_figures(content.clone(), witness.clone()));
        loops.spawn(collect(content.clone(), witness.clone()));
        loops.spawn(empty_trash(content.clone(), witness));
        Self { content, link, gone: CancellationToken::new(), loops }
    }

    /// Ends at once, as by `kill -9`.
    pub(crate) fn crash(self) {
        self.link.die();
        self.gone.cancel();
    }

    /// Ends what it does in the background.
    pub(crate) fn stop(&mut self) {
        self.loops.abort_all();
    }

    /// Ends what it does in the background, then tells the others that it answers no more.
    pub(crate) async fn leave(mut self) {
        self.loops.shutdown().await;
        self.gone.cancel();
        // If this fails, they wait until it is no longer trusted.
        let _ = self.content.leave().await;
        self.link.die();
    }
}

async fn follow(content: Content, witness: Witness) {
    let mut ticks = every(FOLLOW);
    let mut reader = ChangeReader::default();
    loop {
        ticks.tick().await;
        expected(&witness, content.follow_changes(&mut reader).await);
    }
}

async fn keep_figures(content: Content, witness: Witness) {
    let mut ticks = every(SEQUENCE);
    loop {
        ticks.tick().await;
        expected(&witness, content.keep_figures().await);
    }
}

async fn collect(content: Content, witness: Witness) {
    let mut ticks = every(COLLECT);
    let mut turns = 0;
    loop {
        ticks.tick().await;
        turns += 1;
        let collection =
            if turns % 3 == 0 { Collection::Everything } else { Collection::PastGrace };
        expected(&witness, content.collect_unless_busy(collection).await);
    }
}

async fn empty_trash(content: Content, witness: Witness) {
    let mut ticks = every(TRASH);
    loop {
        tokio::select! {
            biased;
            () = content.trashed() => {}
            _ = ticks.tick() => {}
        }
        expected(&witness, content.collect_unless_busy(Collection::Trash).await);
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Notes a failure that no network is the reason of.
fn expected<T>(witness: &Witness, outcome: Result<T, StoreError>) {
    match outcome {
        Err(StoreError::Interrupted(problem)) if problem == "another node took the lease" => {}
        Err(error) if !error.is_temporary() => witness.accuse(format_args!("failed: {error}")),
        _ => {}
    }
}
