//! Measures commits and reads per second: `cargo run --release -p gantry-db --example commits [POSTGRES_URL]`.
//!
//! Beside each rate stands the processor time of one operation, this program's own share included, which other work on
//! the machine changes little. Every commit changes its row, since SQLite skips the page write of an update that stores identical bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gantry_db::{
    Db, DbError, Durability, Migration, PostgresOptions, SqliteOptions, Step, Stmt, args,
};

const SCHEMA: &[Migration] = &[Migration {
    name: "20260101_commits",
    sql: "
        create table manifest (digest {BYTES} primary key not null, body {BYTES} not null) {TABLE};
        create table tag (
            repository {INT} not null, name {TEXT} not null, digest {BYTES} not null references manifest (digest),
            stamp {INT} not null, primary key (repository, name)
        ) {KEYED_TABLE};
    ",
    kind: Step::Contracts,
}];
const MANIFEST_PUT: Stmt = Stmt::new("insert into manifest (digest, body) values ($1, $2)");
const TAG_PUT: Stmt = Stmt::new(
    "insert into tag (repository, name, digest, stamp) values ($1, $2, $3, $4)
     on conflict (repository, name) do update set digest = excluded.digest, stamp = excluded.stamp",
);
const TAG_GET: Stmt = Stmt::new(
    "select m.digest, m.body from tag t join manifest m on m.digest = t.digest where t.repository = $1 and t.name = $2",
);
const REPOSITORIES: u64 = 1_000;
const TAGS: u64 = 200;
const LENGTH: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are its output")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let db = match std::env::args().nth(1) {
        Some(url) => Db::connect_postgres(&url, PostgresOptions::default()).await?,
        None => {
            Db::open_sqlite(&directory.path().join("commits.db"), SqliteOptions::default()).await?
        }
    };
    db.migrate(SCHEMA).await?;
    fill(&db).await?;
    for (name, durability) in [("power", Durability::Power), ("process", Durability::Process)] {
        for writers in [1, 16, 64] {
            println!(
                "commits, {name:7}, {writers:2} writers: {}",
                commits(&db, durability, writers).await
            );
        }
    }
    println!("reads, 16 tasks: {}", reads(&db, 16).await);
    let stop = Arc::new(AtomicBool::new(false));
    let mut beside = tokio::task::JoinSet::new();
    beside.spawn(write_until(db.clone(), Arc::clone(&stop)));
    println!("reads, 16 tasks, beside a steady writer: {}", reads(&db, 16).await);
    stop.store(true, Ordering::Relaxed);
    println!("  (which made {} commits/s)", beside.join_all().await[0] / LENGTH.as_secs());
    println!("{}", anonymous_memory()?);
    db.close().await;
    Ok(())
}

async fn fill(db: &Db) -> Result<(), DbError> {
    for repository in 0..REPOSITORIES {
        db.write(Durability::Process, move |tx| {
            let digest = digest(repository);
            tx.exec(&MANIFEST_PUT, &args![digest, [7_u8; 1_500]])?;
            for tag in 0..TAGS {
                tx.exec(&TAG_PUT, &args![repository, format!("v{tag}"), digest, 0_i64])?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    }
    Ok(())
}

async fn commits(db: &Db, durability: Durability, writers: u64) -> String {
    let mut tasks = tokio::task::JoinSet::new();
    let (start, busy) = (Instant::now(), processor_time());
    for writer in 0..writers {
        let db = db.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < LENGTH {
                let begun = Instant::now();
                let turn = times.len() as u64;
                let stamp = writer << 40 | turn << 8 | u64::from(durability == Durability::Power);
                put(&db, durability, writer * 7919 + turn, stamp).await;
                times.push(begun.elapsed());
            }
            times
        });
    }
    let mut times = tasks.join_all().await.concat();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 1000];
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    let each = (processor_time() - busy) / u32::try_from(times.len()).expect("seconds of commits");
    format!(
        "{rate:.0}/s, {each:?} of processor each, p50 {:?}, p99 {:?}, max {:?}",
        at(500),
        at(990),
        at(1000)
    )
}

async fn put(db: &Db, durability: Durability, n: u64, stamp: u64) {
    let repository = n % REPOSITORIES;
    let name = format!("v{}", n % TAGS);
    let digest = digest((n + 1) % REPOSITORIES);
    db.write(durability, move |tx| tx.exec(&TAG_PUT, &args![repository, name, digest, stamp]))
        .await
        .expect("commits");
}

async fn write_until(db: Db, stop: Arc<AtomicBool>) -> u64 {
    let mut commits = 0;
    while !stop.load(Ordering::Relaxed) {
        put(&db, Durability::Power, commits, commits | 1 << 62).await;
        commits += 1;
    }
    commits
}

async fn reads(db: &Db, tasks: u64) -> String {
    let total = Arc::new(AtomicU64::new(0));
    let mut set = tokio::task::JoinSet::new();
    let (start, busy) = (Instant::now(), processor_time());
    for task in 0..tasks {
        let (db, total) = (db.clone(), Arc::clone(&total));
        set.spawn(async move {
            let mut n = task * 7919;
            while start.elapsed() < LENGTH {
                n = n
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let (repository, name) =
                    ((n >> 33) % REPOSITORIES, format!("v{}", (n >> 17) % TAGS));
                let args = args![repository, name];
                let found = db.one(&TAG_GET, &args, |row| {
                    Ok((row.get::<[u8; 32]>(0)?, row.get::<Vec<u8>>(1)?))
                });
                assert!(found.await.expect("reads").is_some());
                total.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
    }
    set.join_all().await;
    let total = total.load(Ordering::Relaxed);
    let each = (processor_time() - busy) / u32::try_from(total).expect("seconds of reads");
    format!("{}/s, {each:?} of processor each", total / LENGTH.as_secs())
}

/// What this process used so far, in steps of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells of processes");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Duration::from_millis(ticks * 10)
}

fn digest(n: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    digest
}

fn anonymous_memory() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(status.lines().filter(|line| line.starts_with("RssAnon")).collect())
}
