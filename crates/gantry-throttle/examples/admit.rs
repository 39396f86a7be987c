//! Measures what it costs to count a request: `cargo run --release -p gantry-throttle --example admit`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_model::{
    Categories, Category, Clock, EndpointKind, Registry, RegistrySettings, SystemClock,
};
use gantry_throttle::{Preset, Rate, Requester, Rule, Rules, Throttle};
use http::Method;

const REQUESTS: u64 = 2_000_000;

fn rules() -> Rules {
    let high = Some(Rate::per_minute(Rate::MOST));
    let own = [Requester::Registry, Requester::Each].map(|of| Rule {
        registry: None,
        of,
        category: Category::DataplaneRead,
        rate: high,
    });
    Rules { preset: Preset::Acr, own: own.to_vec() }
}

fn registry(clock: &dyn Clock) -> Registry {
    Registry::new(
        "local1".parse().expect("it is a name"),
        "local",
        RegistrySettings::default(),
        clock.now(),
    )
}

#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn measure(name: &str, threads: usize, names: usize, throttle: &Throttle, registry: &Registry) {
    let identities: Vec<String> = (0..names).map(|n| format!("token:name-{n}")).collect();
    let categories = Categories::of(&Method::GET, EndpointKind::Other);
    let (refused, began) = (AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut names = identities.iter().cycle();
                for _ in 0..REQUESTS {
                    let identity = names.next().expect("it is a circle");
                    if throttle.admit(registry, identity, categories).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (nanos, all) = (began.elapsed().as_nanos(), REQUESTS * threads as u64);
    let part = 100 * refused.into_inner() / all;
    println!(
        "{name}, {names} identities, {threads} threads: {} ns a request on each ({part} % refused)",
        nanos / u128::from(REQUESTS)
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let registry = registry(&*clock);
    for (threads, names) in [(1, 1), (1, 10_000), (2, 1), (2, 10_000)] {
        let off = Throttle::alone(Rules::default(), Arc::clone(&clock));
        measure("off", threads, names, &off, &registry);
        let alone = Throttle::alone(rules(), Arc::clone(&clock));
        measure("alone", threads, names, &alone, &registry);

        let directory = tempfile::tempdir()?;
        let path = directory.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await?;
        let catalog = Catalog::new(db, Arc::clone(&clock));
        catalog.migrate().await?;
        let shared = Throttle::among_nodes(rules(), Arc::clone(&clock), catalog);
        let leases = shared.clone();
        let mut keeper = tokio::task::JoinSet::new();
        keeper.spawn(async move { leases.keep_leases().await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| measure("leased", threads, names, &shared, &registry));
    }
    Ok(())
}
