//! A lease whose holder is cut off from the database in silence, and goes on working with the store.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gantry_catalog::{Catalog, DbError, Durability};
use gantry_db::{Carried, Message, Wire};
use gantry_objects::ObjectBlobStore;
use gantry_registry::maintenance::Collection;
use gantry_registry::{Content, Registries, Sharing};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use crate::dice::Dice;
use crate::goods::PART;
use crate::network::Manners;
use crate::objects::RemoteObjects;
use crate::world::{Ground, limits};

/// Keys in the trash: each takes a second or two to delete.
const TRASHED: usize = 40;

/// A wire that falls silent when it is told to.
#[derive(Clone, Default)]
struct Falling(Arc<AtomicBool>);

impl Wire for Falling {
    fn carry(&self, _: Message) -> Carried {
        if self.0.load(Ordering::Relaxed) { Box::pin(pending()) } else { Box::pin(ready(Ok(()))) }
    }
}

#[test]
fn who_cannot_prolong_a_lease_has_stopped_before_another_has_it() {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(Box::pin(async {
        let ground = Ground::new(&mut Dice::new(0)).await;
        ground.network.behave(Manners { usual: 1500, ..Manners::GOOD });
        fill_trash(&ground).await;
        let (wire, mut nodes) = (Falling::default(), JoinSet::new());
        let (one, other) = (node(&ground, "one", &wire), node(&ground, "other", &<_>::default()));
        nodes.spawn(async move { drop(one.collect(Collection::Trash).await) });
        sleep(Duration::from_secs(1)).await;
        wire.0.store(true, Ordering::Relaxed);
        nodes.spawn(async move { drop(other.collect(Collection::Trash).await) });
        nodes.join_all().await;
        assert_eq!(ground.witness.violations(), Vec::<String>::new());
    }));
}

fn node(ground: &Ground, name: &str, wire: &Falling) -> Content {
    let catalog =
        Catalog::new(ground.database.connect(Arc::new(wire.clone())), ground.time.clock(0));
    let objects = RemoteObjects {
        bucket: Arc::clone(&ground.bucket),
        link: ground.network.link(name),
        witness: ground.witness.clone(),
        messages: ground.messages.clone(),
    };
    let blobs = Arc::new(ObjectBlobStore::simulated(objects, PART));
    let sharing = Sharing::Nodes { node: name.into() };
    Content::new(
        catalog,
        blobs,
        Registries::none(gantry_model::Tiers::default()),
        limits(),
        sharing,
        TaskTracker::new(),
    )
}

async fn fill_trash(ground: &Ground) {
    let catalog = Catalog::new(ground.onlooker.0.clone(), ground.time.clock(0));
    let fill = catalog.transaction(Durability::Power, |tx| {
        (0..TRASHED).try_for_each(|number| {
            tx.trash_insert(&format!("registry/{number:026}.version"), 1)?;
            Ok::<_, DbError>(())
        })
    });
    fill.await.unwrap();
}
