//! One life of one node: what `gantry serve` runs, without its listeners.

use std::fmt::Debug;
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

/// What becomes of work whose lease runs out.
const LEASE_LOST: &str = "another node took the lease";

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
        let registries = Registries::none(gantry_model::Tiers::default());
        while registries.refresh(&catalog).await.is_err() {
            sleep(Duration::from_millis(200)).await;
        }
        let sharing = Sharing::Nodes { node: name.into() };
        let content =
            Content::new(catalog, blobs, registries, limits(), sharing, TaskTracker::new());
        let work = Work { content: content.clone(), node: name.into(), witness };
        let mut loops = JoinSet::new();
        loops.spawn(work.clone().follow());
        loops.spawn(work.clone().keep_figures());
        loops.spawn(work.clone().collect());
        loops.spawn(work.empty_trash());
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

/// What a node does in the background.
#[derive(Clone)]
struct Work {
    content: Content,
    node: Arc<str>,
    witness: Witness,
}

impl Work {
    async fn follow(self) {
        let mut ticks = every(FOLLOW);
        let mut reader = ChangeReader::default();
        loop {
            ticks.tick().await;
            self.begins("to follow");
            self.ends("following", self.content.follow_changes(&mut reader).await);
        }
    }

    async fn keep_figures(self) {
        let mut ticks = every(SEQUENCE);
        loop {
            ticks.tick().await;
            self.ends("keeping figures", self.content.keep_figures().await);
        }
    }

    async fn collect(self) {
        let mut ticks = every(COLLECT);
        let mut turns = 0;
        loop {
            ticks.tick().await;
            turns += 1;
            let collection =
                if turns % 3 == 0 { Collection::Everything } else { Collection::PastGrace };
            self.begins("to collect");
            self.ends("collecting", self.content.collect_unless_busy(collection).await);
        }
    }

    async fn empty_trash(self) {
        let mut ticks = every(TRASH);
        loop {
            tokio::select! {
                biased;
                () = self.content.trashed() => {}
                _ = ticks.tick() => {}
            }
            self.begins("to empty the trash");
            let collected = self.content.collect_unless_busy(Collection::Trash).await;
            self.ends("emptying the trash", collected);
        }
    }

    fn begins(&self, what: &str) {
        self.witness.note(format_args!("{} begins {what}", self.node));
    }

    /// Notes how it ended, and a failure that no network is the reason of.
    fn ends<T: Debug>(&self, what: &str, outcome: Result<T, StoreError>) {
        match outcome {
            Ok(done) => self.witness.note(format_args!("{} ends {what}: {done:?}", self.node)),
            Err(error) => {
                self.witness.note(format_args!("{} fails {what}", self.node));
                let lost = matches!(&error, StoreError::Interrupted(why) if why == LEASE_LOST);
                if !lost && !error.is_temporary() {
                    self.witness.accuse(format_args!("{what} failed: {error}"));
                }
            }
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
