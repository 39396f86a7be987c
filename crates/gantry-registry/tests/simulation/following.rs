//! A delete against a node whose look at the journal is held up, at each message of it in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gantry_blobs::MemoryBlobStore;
use gantry_catalog::Catalog;
use gantry_db::{Carried, Message, SimulatedDatabase, Wire};
use gantry_model::permission::{Actor, Grants, Identity, Permit, RepositoryAction};
use gantry_oci::{Digest, Reference};
use gantry_registry::manifests::{FindManifestError, UnreadManifest};
use gantry_registry::{ChangeReader, Content, Limits, Registries, Sharing};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use crate::time::Time;
use crate::wire::Onlooker;
use crate::world::establish;

/// How many messages a look at the journal takes at most.
const MESSAGES: i64 = 10;
/// For how long one of them is held up: less than a node trusts what it has cached.
const HELD_UP: Duration = Duration::from_millis(700);
const EMPTY_INDEX: &[u8] = br#"{
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": []
}"#;

/// A wire on which one message takes long.
#[derive(Default)]
struct SlowOnce {
    /// How many messages go before it.
    before: AtomicI64,
}

impl Wire for SlowOnce {
    fn carry(&self, _: Message) -> Carried {
        let slow = self.before.fetch_sub(1, Ordering::Relaxed) == 0;
        let takes = if slow { HELD_UP } else { Duration::from_millis(1) };
        Box::pin(async move {
            sleep(takes).await;
            Ok(())
        })
    }
}

/// Two nodes, of which the second is held up.
struct Pair {
    one: Content,
    other: Content,
    wire: Arc<SlowOnce>,
    actor: Actor,
}

#[test]
fn what_is_deleted_is_gone_from_a_node_wherever_its_following_is_held_up() {
    for message in 0..MESSAGES {
        for has_followed in [false, true] {
            let runtime =
                Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let stale = runtime.block_on(Box::pin(async {
                Pair::start().await.delete_while_held_up(message, has_followed).await
            }));
            assert!(!stale, "message {message}, has followed: {has_followed}");
        }
    }
}

impl Pair {
    async fn start() -> Self {
        let time = Time::begin();
        let clock = time.clone();
        let database = SimulatedDatabase::new(move || clock.micros()).unwrap();
        let registry = establish(&Onlooker::new(&database), &time, <_>::default()).await;
        let wire = Arc::new(SlowOnce { before: AtomicI64::new(i64::MAX) });
        let quick = Arc::new(SlowOnce { before: AtomicI64::new(i64::MAX) });
        let one = node(&database, quick, "one", &time).await;
        let other = node(&database, Arc::clone(&wire) as Arc<dyn Wire>, "other", &time).await;
        let grants = Grants::everything();
        let actor = Actor::new(registry, Identity::anonymous(), grants);
        Self { one, other, wire, actor }
    }

    /// True if the other node answers with what is deleted.
    async fn delete_while_held_up(self, message: i64, has_followed: bool) -> bool {
        let digest = self.push().await;
        let mut loops = JoinSet::new();
        loops.spawn(follow(self.one.clone(), ChangeReader::default()));
        let mut reader = ChangeReader::default();
        if has_followed {
            self.other.follow_changes(&mut reader).await.unwrap();
            // Shortly before it would have to follow anew.
            sleep(Content::TRUST - Duration::from_millis(200)).await;
        }
        self.wire.before.store(message, Ordering::Relaxed);
        loops.spawn(follow(self.other.clone(), reader));
        sleep(Duration::from_millis(100)).await;
        assert!(self.other_has(&digest).await);

        sleep(Duration::from_millis(100)).await;
        let (one, permit) = (self.one.clone(), self.permit());
        let mut deleting = JoinSet::new();
        deleting.spawn(async move { one.delete_manifest(&permit, &digest).await.unwrap() });
        sleep(Duration::from_millis(20)).await;
        self.one.keep_figures().await.unwrap();
        deleting.join_all().await;
        for _ in 0..60 {
            if self.other_has(&digest).await {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }

    async fn push(&self) -> Digest {
        let unread = UnreadManifest {
            reference: "v1".parse().unwrap(),
            tags: Vec::new(),
            media_type: None,
            bytes: Bytes::from_static(EMPTY_INDEX),
        };
        self.one.put_manifest(&self.permit(), unread).await.unwrap().digest
    }

    async fn other_has(&self, digest: &Digest) -> bool {
        match self.other.find_manifest(&self.permit(), &Reference::Digest(*digest)).await {
            Ok(_) => true,
            Err(FindManifestError::Unknown(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn permit<A: RepositoryAction>(&self) -> Permit<A> {
        self.actor.permit(&"app".parse().unwrap()).unwrap()
    }
}

async fn node(
    database: &SimulatedDatabase,
    wire: Arc<dyn Wire>,
    name: &str,
    time: &Time,
) -> Content {
    let catalog = Catalog::new(database.connect(wire), time.clock(0));
    let registries = Registries::none(gantry_model::Tiers::default());
    registries.refresh(&catalog).await.unwrap();
    let (blobs, sharing) =
        (Arc::<MemoryBlobStore>::default(), Sharing::Nodes { node: name.into() });
    Content::new(catalog, blobs, registries, Limits::default(), sharing, TaskTracker::new())
}

async fn follow(content: Content, mut reader: ChangeReader) {
    loop {
        content.follow_changes(&mut reader).await.unwrap();
        sleep(Duration::from_millis(250)).await;
    }
}
