//! Several nodes over one database, by a clock that stands still unless everyone waits.

#![expect(clippy::print_stdout, reason = "what was served is the test's report")]
#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_catalog::{Catalog, DbError, Durability, RateBucket, RateBucketKey, Transaction};
use gantry_db::{Carried, Db, Message, PostgresOptions, SimulatedDatabase, SqliteOptions, Wire};
use gantry_model::{
    Categories, Category, Clock, EndpointKind, Registry, RegistrySettings, SystemClock, Timestamp,
};
use gantry_throttle::{Preset, Rate, Requester, Rule, Rules, Throttle};
use http::Method;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

const EPOCH: i64 = 1_795_000_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);

/// The runtime's paused clock, as a node has it whose own is wrong by so much.
#[derive(Debug)]
struct PausedClock {
    began: Instant,
    skew: i64,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(EPOCH + passed + self.skew)
    }
}

/// A network that takes a millisecond, or breaks.
#[derive(Default)]
struct Line {
    broken: AtomicBool,
}

impl Wire for Line {
    fn carry(&self, _: Message) -> Carried {
        let broken = self.broken.load(Ordering::SeqCst);
        Box::pin(async move {
            sleep(Duration::from_millis(1)).await;
            if broken { Err("the line is broken".to_owned()) } else { Ok(()) }
        })
    }
}

/// A deployment of nodes.
struct World {
    began: Instant,
    registry: Registry,
    rules: Rules,
    database: SimulatedDatabase,
    /// When each request was served, in microseconds.
    served: Arc<Mutex<Vec<u64>>>,
}

struct Node {
    throttle: Throttle,
    line: Arc<Line>,
    /// What runs on it; gone with it.
    tasks: JoinSet<()>,
}

impl World {
    async fn new(rules: Rules) -> Self {
        let began = Instant::now();
        let clock = PausedClock { began, skew: 0 };
        let database = SimulatedDatabase::new(move || clock.now().micros()).unwrap();
        let world = Self { began, registry: registry(), rules, database, served: Arc::default() };
        world.catalog(&Arc::default()).migrate().await.unwrap();
        world
    }

    fn catalog(&self, line: &Arc<Line>) -> Catalog {
        let clock = Arc::new(PausedClock { began: self.began, skew: 0 });
        Catalog::new(self.database.connect(Arc::clone(line) as Arc<dyn Wire>), clock)
    }

    /// A node whose clock is wrong by a day or so.
    async fn node(&self, name: usize) -> Node {
        let line = Arc::new(Line::default());
        let catalog = self.catalog(&line);
        let skew = (name as i64 - 1) * 100_000_000_000;
        let clock = Arc::new(PausedClock { began: self.began, skew });
        let throttle = Throttle::among_nodes(self.rules.clone(), clock, catalog.clone());
        let mut tasks = JoinSet::new();
        let follows = move |tx: &mut Transaction<'_, '_>| {
            tx.node_follows(&name.to_string(), Duration::from_secs(2)).map(drop)
        };
        catalog.transaction(Durability::Process, follows).await.unwrap();
        tasks.spawn(async move {
            loop {
                let _ = catalog.transaction(Durability::Process, follows).await;
                sleep(Duration::from_millis(250)).await;
            }
        });
        let leases = throttle.clone();
        tasks.spawn(async move { leases.keep_leases().await });
        Node { throttle, line, tasks }
    }

    async fn nodes(&self, count: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        for name in 0..count {
            nodes.push(self.node(name).await);
        }
        // Each knows of all.
        sleep(Duration::from_secs(3)).await;
        nodes
    }

    /// Clients of a node that make so many requests a minute, evenly, whatever is answered.
    fn load(&self, node: &mut Node, identity: &'static str, per_minute: u32) {
        let (throttle, registry) = (node.throttle.clone(), self.registry.clone());
        let (served, began) = (Arc::clone(&self.served), self.began);
        node.tasks.spawn(async move {
            let (first, mut requests) = (Instant::now(), JoinSet::new());
            for n in 0_u32.. {
                sleep_until(first + n * (MINUTE / per_minute)).await;
                let (throttle, registry) = (throttle.clone(), registry.clone());
                let served = Arc::clone(&served);
                requests.spawn(async move {
                    if throttle.admit_or_ask(&registry, identity, read()).await.is_ok() {
                        let passed = u64::try_from(began.elapsed().as_micros()).unwrap();
                        served.lock().unwrap().push(passed);
                    }
                });
                while requests.try_join_next().is_some() {}
            }
        });
    }

    /// The same in bursts with a pause after each.
    fn load_in_bursts(&self, node: &mut Node, identity: &'static str, burst: u32, pause: Duration) {
        let (throttle, registry) = (node.throttle.clone(), self.registry.clone());
        let (served, began) = (Arc::clone(&self.served), self.began);
        node.tasks.spawn(async move {
            loop {
                for _ in 0..burst {
                    if throttle.admit_or_ask(&registry, identity, read()).await.is_ok() {
                        let passed = u64::try_from(began.elapsed().as_micros()).unwrap();
                        served.lock().unwrap().push(passed);
                    }
                    sleep(Duration::from_millis(1)).await;
                }
                sleep(pause).await;
            }
        });
    }

    /// Asserts that no minute had more than a bucket's and a minute's worth, and a twelfth of the latter.
    fn assert_bounded(&self, name: &str, burst: u32, per_minute: u32) {
        let most = most_within(&self.served.lock().unwrap(), MINUTE);
        println!("{name}: {most} in the fullest minute, {} by the rule", burst + per_minute);
        assert!(most <= (burst + per_minute + per_minute / 12) as usize, "{name}: {most}");
    }

    /// How many were served between two moments.
    fn served(&self, from: Duration, to: Duration) -> usize {
        let (from, to) = (from.as_micros() as u64, to.as_micros() as u64);
        let served = self.served.lock().unwrap();
        served.iter().filter(|at| (from..to).contains(*at)).count()
    }

    fn passed(&self) -> Duration {
        self.began.elapsed()
    }

    async fn assert_steady(&self, name: &str, per_minute: u32) {
        let from = self.passed();
        sleep(MINUTE).await;
        let served = self.served(from, self.passed());
        println!("{name}: {served} in a minute, of {per_minute}");
        assert!(
            served.abs_diff(per_minute as usize) * 10 <= per_minute as usize,
            "{name}: {served}"
        );
    }
}

fn most_within(served: &[u64], window: Duration) -> usize {
    let (mut inside, mut most) = (VecDeque::new(), 0);
    for at in served {
        inside.push_back(*at);
        while inside.front().is_some_and(|first| at - first >= window.as_micros() as u64) {
            inside.pop_front();
        }
        most = most.max(inside.len());
    }
    most
}

fn registry() -> Registry {
    let at = Timestamp::from_micros(EPOCH);
    Registry::new("teamone".parse().unwrap(), "local", RegistrySettings::default(), at)
}

fn read() -> Categories {
    Categories::of(&Method::GET, EndpointKind::Other)
}

fn each(rate: Rate) -> Rules {
    let rule = Rule {
        registry: None,
        of: Requester::Each,
        category: Category::DataplaneRead,
        rate: Some(rate),
    };
    Rules { preset: Preset::Unlimited, own: vec![rule] }
}

#[tokio::test(start_paused = true)]
async fn nodes_together_serve_the_rate() {
    for (nodes, per_minute) in [(2, 600), (3, 6000), (10, 1200)] {
        let world = World::new(each(Rate::per_minute(per_minute))).await;
        let mut running = world.nodes(nodes).await;
        let began = world.passed();
        for node in &mut running {
            // Three times as much as is allowed, and all of the bucket in the first minute.
            world.load(node, "admin", 3 * per_minute / nodes as u32);
        }
        sleep(MINUTE).await;
        let first = world.served(began, began + MINUTE);
        let name = format!("{nodes} nodes at {per_minute}");
        assert!(first * 10 >= 18 * per_minute as usize, "{name}, bucket and rate: {first}");
        world.assert_steady(&name, per_minute).await;
        world.assert_bounded(&name, per_minute, per_minute);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_used_whole_where_most_of_the_load_is_on_one_node() {
    let per_minute = 3000;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(5).await;
    let began = world.passed();
    for (place, node) in nodes.iter_mut().enumerate() {
        world.load(node, "admin", if place == 0 { 9000 } else { 20 });
    }
    sleep(MINUTE).await;
    let first = world.served(began, began + MINUTE);
    assert!(first * 10 >= 18 * per_minute as usize, "bucket and rate: {first}");
    world.assert_steady("skewed", per_minute).await;
    world.assert_bounded("skewed", per_minute, per_minute);
}

#[tokio::test(start_paused = true)]
async fn load_that_moves_from_node_to_node_gets_no_more() {
    let per_minute = 3000;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(3).await;
    for turn in 0..12 {
        let node = &mut nodes[turn % 3];
        world.load(node, "admin", 9000);
        sleep(Duration::from_secs(10)).await;
        // Its clients go on to the next; what it has leased it gives back in time.
        let throttle = node.throttle.clone();
        node.tasks.abort_all();
        *node = world.node(turn % 3).await;
        throttle.give_back().await.unwrap();
    }
    let (from, to) = (world.passed() - MINUTE, world.passed());
    let served = world.served(from, to);
    assert!(served.abs_diff(per_minute as usize) * 10 <= per_minute as usize, "{served}");
    world.assert_bounded("moving", per_minute, per_minute);
}

#[tokio::test(start_paused = true)]
async fn what_was_leased_before_a_pause_comes_on_top_of_nothing() {
    let per_minute = 3000;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(10).await;
    for node in &mut nodes {
        world.load_in_bursts(node, "admin", 200, 58 * Duration::from_secs(1));
    }
    sleep(Duration::from_secs(57)).await;
    for node in &mut nodes {
        world.load(node, "admin", 900);
    }
    sleep(2 * MINUTE).await;
    world.assert_bounded("after a pause", per_minute, per_minute);
}

#[tokio::test(start_paused = true)]
async fn bursts_below_the_rate_are_served_whatever_is_leased_for_them() {
    let per_minute = 3000;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(10).await;
    for node in &mut nodes {
        world.load_in_bursts(node, "admin", 10, Duration::from_millis(2200));
    }
    sleep(MINUTE).await;
    world.assert_steady("bursts", 2700).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_vanishes_takes_little_with_it() {
    let per_minute = 3000;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(3).await;
    let began = world.passed();
    for node in &mut nodes {
        world.load(node, "admin", 600);
    }
    sleep(Duration::from_secs(5)).await;
    drop(nodes.pop());
    for node in &mut nodes {
        world.load(node, "admin", 6000);
    }
    sleep(Duration::from_secs(55)).await;
    let first = world.served(began, began + MINUTE);
    assert!(first * 10 >= 18 * per_minute as usize, "bucket and rate: {first}");
    drop(nodes.pop());
    world.assert_steady("after two of three nodes", per_minute).await;
    world.assert_bounded("vanishing", per_minute, per_minute);
}

#[tokio::test(start_paused = true)]
async fn small_rates_are_exact() {
    for (per_minute, burst) in [(1, 1), (6, 6), (6, 1), (30, 5)] {
        let world = World::new(each(Rate::per_minute(per_minute).with_burst(burst))).await;
        let mut nodes = world.nodes(3).await;
        for node in &mut nodes {
            world.load(node, "token:ci", 60);
        }
        sleep(4 * MINUTE).await;
        let name = format!("{per_minute} a minute and {burst} at once");
        let (served, rule) = (world.served.lock().unwrap().len(), 4 * per_minute + burst);
        println!("{name}: {served} in four minutes, {rule} by the rule");
        assert!(served <= rule as usize && served * 10 >= 8 * rule as usize, "{name}: {served}");
        world.assert_bounded(&name, burst, per_minute);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_as_told_is_served_by_any_node() {
    let world = World::new(each(Rate::per_minute(6))).await;
    let nodes = world.nodes(3).await;
    let ask = async |node: usize| {
        nodes[node].throttle.admit_or_ask(&world.registry, "token:ci", read()).await
    };
    for n in 0..6 {
        assert_eq!(ask(n % 3).await, Ok(()));
    }
    let told = async |node| ask(node).await.unwrap_err().retry_after.as_secs();
    assert_eq!(told(0).await, 60);
    sleep(Duration::from_secs(5)).await;
    assert_eq!((told(0).await, told(1).await, told(2).await), (55, 55, 55));
    sleep(Duration::from_secs(55)).await;
    for n in 0..5 {
        assert_eq!(ask(n % 3).await, Ok(()), "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn few_requests_cost_no_statement_and_wait_for_none() {
    let world = World::new(Rules { preset: Preset::Acr, own: vec![] }).await;
    let nodes = world.nodes(3).await;
    let before = world.passed();
    for _ in 0..8 {
        // Without a look at the database.
        assert_eq!(nodes[0].throttle.admit(&world.registry, "anonymous", read()), Ok(()));
    }
    assert_eq!(world.passed(), before);
    let key = RateBucketKey {
        registry: world.registry.id,
        identity: Some("anonymous".into()),
        category: Category::DataplaneRead,
    };
    let catalog = world.catalog(&Arc::default());
    let row = async || {
        let key = key.clone();
        let hold = move |tx: &mut Transaction<'_, '_>| tx.rate_bucket_hold(&key);
        catalog.transaction(Durability::Process, hold).await.unwrap()
    };
    sleep(Duration::from_secs(5)).await;
    assert_eq!(row().await, RateBucket::default(), "nothing was told yet");
    sleep(Duration::from_secs(6)).await;
    assert_ne!(row().await, RateBucket::default());
}

#[tokio::test(start_paused = true)]
async fn without_the_database_each_node_counts_its_share() {
    let per_minute = 600;
    let world = World::new(each(Rate::per_minute(per_minute))).await;
    let mut nodes = world.nodes(3).await;
    for node in &mut nodes {
        world.load(node, "admin", 1200);
    }
    sleep(2 * MINUTE).await;
    let broken = |is| nodes.iter().for_each(|node| node.line.broken.store(is, Ordering::SeqCst));
    broken(true);
    sleep(MINUTE).await;
    world.assert_steady("without the database", per_minute).await;
    broken(false);
    sleep(2 * MINUTE).await;
    world.assert_steady("with it again", per_minute).await;
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_is_decided_after_a_moment() {
    let world = World::new(each(Rate::per_minute(6))).await;
    let nodes = world.nodes(2).await;
    nodes[0].line.broken.store(true, Ordering::SeqCst);
    let before = world.passed();
    let decided = nodes[0].throttle.admit_or_ask(&world.registry, "token:ci", read()).await;
    assert_eq!(decided, Ok(()), "its share is three");
    assert!(world.passed() - before <= Duration::from_millis(300));
}

/// Asks until the database has answered, however long that takes.
async fn decided(throttle: &Throttle, registry: &Registry) -> bool {
    loop {
        match throttle.admit(registry, "token:ci", read()) {
            Ok(()) => return true,
            Err(told) if told.retry_after > Duration::from_secs(1) => return false,
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}

/// What leases do to rows, on a real database and by its own clock.
async fn leases_hold_on(db: Db) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let catalog = Catalog::new(db, Arc::clone(&clock));
    catalog.migrate().await.unwrap();
    let own = each(Rate::per_minute(1).with_burst(2)).own;
    let rules = Rules { preset: Preset::Acr, own };
    let nodes: Vec<Throttle> = (0..2)
        .map(|_| Throttle::among_nodes(rules.clone(), Arc::clone(&clock), catalog.clone()))
        .collect();
    let mut tasks = JoinSet::new();
    for node in nodes.clone() {
        tasks.spawn(async move { node.keep_leases().await });
    }
    let registry = registry();
    let mut served = 0;
    for n in 0..4 {
        served += usize::from(decided(&nodes[n % 2], &registry).await);
    }
    assert_eq!(served, 2);
    tasks.shutdown().await;
    for node in &nodes {
        node.give_back().await.unwrap();
    }
    let full = |tx: &mut Transaction<'_, '_>| {
        let now = tx.database_time()?;
        let early = tx.rate_bucket_sweep(now - 3_600_000_000, 100)?;
        Ok::<_, DbError>((early, tx.rate_bucket_sweep(now + 3_600_000_000, 100)?))
    };
    let (early, swept) = catalog.transaction(Durability::Process, full).await.unwrap();
    assert_eq!((early, swept), (0, 2), "one row for the token, one for the registry");
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_hold_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    leases_hold_on(Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_hold_on_postgres() {
    let url = gantry_testkit::postgres::database();
    leases_hold_on(Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap()).await;
}
