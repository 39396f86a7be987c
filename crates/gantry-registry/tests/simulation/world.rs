//! One simulation, from its seed to its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_catalog::{Catalog, Durability};
use gantry_db::SimulatedDatabase;
use gantry_model::permission::{Actor, Grants, Identity};
use gantry_model::{Registry, RegistryId, RegistrySettings, Timestamp};
use gantry_registry::Limits;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::aftermath;
use crate::bucket::Bucket;
use crate::clients::Client;
use crate::dice::Dice;
use crate::goods::Goods;
use crate::network::{Manners, Network};
use crate::nodes::Nodes;
use crate::sabotage::Sabotage;
use crate::time::Time;
use crate::trace::{Trace, is_wanted_whole};
use crate::weather;
use crate::wire::Onlooker;
use crate::witness::{GRACE, Witness};

pub(crate) const CLIENTS: usize = 5;
/// How long an upload session lives after it was last touched.
pub(crate) const UPLOAD_IDLE: Duration = Duration::from_secs(60);
/// After so long the latest message has arrived, and the longest request is over.
const SETTLED: Duration = Duration::from_secs(75);
/// Longer than any simulation takes that isn't stuck.
const STUCK: Duration = Duration::from_secs(1200);

/// What all nodes stand on, and who watches.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) time: Time,
    pub(crate) trace: Trace,
    pub(crate) network: Network,
    pub(crate) database: SimulatedDatabase,
    pub(crate) onlooker: Onlooker,
    pub(crate) bucket: Arc<Mutex<Bucket>>,
    /// Messages to the store that are under way.
    pub(crate) messages: TaskTracker,
    pub(crate) witness: Witness,
    pub(crate) goods: Arc<Goods>,
    pub(crate) settings: RegistrySettings,
    pub(crate) actor: Actor,
}

/// What became of a seed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) violations: Vec<String>,
    /// Changes that clients asked for and were told of.
    pub(crate) acknowledged: usize,
    /// How many events there were, and a hash over them.
    pub(crate) events: (u64, u64),
    /// The last of them, where they are to be read.
    pub(crate) tail: String,
}

/// Bounds of the nodes.
pub(crate) fn limits() -> Limits {
    Limits { grace: GRACE, upload_idle: UPLOAD_IDLE, ..Limits::default() }
}

/// Lives through a seed.
pub(crate) fn run(seed: u64, sabotage: Sabotage) -> Report {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut dice = Dice::new(seed);
        let ground = Ground::new(&mut dice).await;
        let life = Box::pin(live(&ground, &mut dice, sabotage));
        if timeout(STUCK, life).await.is_err() {
            ground.witness.accuse("something is stuck");
        }
        let violations = ground.witness.violations();
        // Thousands of seeds have a long tail together.
        let is_read = !violations.is_empty() || is_wanted_whole();
        Report {
            seed,
            violations,
            acknowledged: ground.witness.acknowledged(),
            events: ground.trace.sum(),
            tail: if is_read { ground.trace.tail() } else { String::new() },
        }
    })
}

async fn live(ground: &Ground, dice: &mut Dice, sabotage: Sabotage) {
    let nodes = Nodes::start(ground, dice, sabotage).await;
    let over = CancellationToken::new();
    let mut background = JoinSet::new();
    background.spawn(sabotage.go_on(ground.clone(), over.clone()));

    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = Client::new(ground.clone(), nodes.clone(), number, dice.split());
        clients.spawn(client.work(over.clone()));
    }
    weather::pass(&nodes, dice).await;
    over.cancel();
    ground.network.behave(Manners::GOOD);
    nodes.heal(dice).await;
    clients.join_all().await;
    background.join_all().await;
    sleep(SETTLED).await;
    aftermath::look(ground, nodes, dice.split()).await;
}

impl Ground {
    pub(crate) async fn new(dice: &mut Dice) -> Self {
        let time = Time::begin();
        let trace = Trace::new(time.clone());
        let network = Network::new(dice.split(), trace.clone());
        let clock = time.clone();
        let database = SimulatedDatabase::new(move || clock.micros()).unwrap();
        let onlooker = Onlooker::new(&database);
        let bucket = Arc::<Mutex<Bucket>>::default();
        let goods = Arc::new(Goods::draw(dice));
        // Where manifests may name what isn't there, other rules hold together what they name.
        let sparse_content = dice.percent(25);
        let settings = RegistrySettings { sparse_content, ..RegistrySettings::default() };
        let witness = Witness::new(
            settings.clone(),
            Arc::clone(&goods),
            time.clone(),
            trace.clone(),
            onlooker.clone(),
            Arc::clone(&bucket),
        );
        let registry = establish(&onlooker, &time, settings.clone()).await;
        let grants = Grants::everything();
        let actor = Actor::new(registry, Identity::admin("local"), grants);
        let messages = TaskTracker::new();
        Self {
            time,
            trace,
            network,
            database,
            onlooker,
            bucket,
            messages,
            witness,
            goods,
            settings,
            actor,
        }
    }
}

/// Makes the schema and a registry whose id is no random one.
pub(crate) async fn establish(
    onlooker: &Onlooker,
    time: &Time,
    settings: RegistrySettings,
) -> RegistryId {
    let catalog = Catalog::new(onlooker.0.clone(), time.clock(0));
    catalog.migrate().await.unwrap();
    let registry = Registry {
        id: RegistryId::from_bytes(&[7; 16]).unwrap(),
        ..Registry::new("local".parse().unwrap(), "local", settings, Timestamp::from_micros(0))
    };
    let id = registry.id;
    let inserted =
        move |tx: &mut gantry_catalog::Transaction<'_, '_>| tx.registry_insert(&registry);
    assert!(catalog.transaction(Durability::Power, inserted).await.unwrap());
    id
}
