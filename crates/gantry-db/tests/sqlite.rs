//! What the embedded database promises beyond the contract: a bounded log, copies, checks, and a full disk survived.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap as tests do")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gantry_db::{Db, DbError, Durability, Migration, SqliteOptions, Step, Stmt, args};

const SCHEMA: &[Migration] = &[Migration {
    name: "20260101_sqlite",
    sql: "
        create table parent (id {INT} primary key not null) {TABLE};
        create table item (
            id {INT} primary key not null,
            parent {INT} references parent (id) deferrable initially deferred,
            body {BYTES}
        ) {TABLE};
    ",
    kind: Step::Contracts,
}];
const PUT: Stmt = Stmt::new("insert into item (id, body) values ($1, $2)");
const PUT_CHILD: Stmt = Stmt::new("insert into item (id, parent) values ($1, $2)");
const SET: Stmt = Stmt::new("update item set body = $2 where id = $1");
const COUNT: Stmt = Stmt::new("select count(*) from item");
const LENGTH: Stmt = Stmt::new("select length(body) from item where id = $1");
const DELETE: Stmt = Stmt::new("delete from item where id = $1");

async fn open(path: &Path, options: SqliteOptions) -> Db {
    let db = Db::open_sqlite(path, options).await.unwrap();
    db.migrate(SCHEMA).await.unwrap();
    db
}

async fn put(db: &Db, id: i64, size: usize) -> Result<u64, DbError> {
    db.write(Durability::Power, move |tx| tx.exec(&PUT, &args![id, vec![7_u8; size]])).await
}

async fn count(db: &Db) -> i64 {
    db.one(&COUNT, &args![], |row| row.get(0)).await.unwrap().unwrap()
}

/// Starts writes of these ids and sizes at once, so that most share a commit.
async fn put_together(
    db: &Db,
    items: impl Iterator<Item = (i64, usize)>,
) -> Vec<(i64, Result<u64, DbError>)> {
    let mut writes = tokio::task::JoinSet::new();
    for (id, size) in items {
        let db = db.clone();
        writes.spawn(async move { (id, put(&db, id, size).await) });
    }
    writes.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_the_large_body_alone_and_is_survived() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { max_bytes: Some(1 << 20), ..SqliteOptions::default() };
    let db = open(&directory.path().join("test.db"), options).await;
    for round in 0..5 {
        let large = round * 100;
        let items = (1..=20).map(|n| (large + n, 100)).chain([(large, 2 << 20)]);
        for (id, outcome) in put_together(&db, items).await {
            if id == large {
                assert!(matches!(outcome, Err(DbError::Full)), "{outcome:?}");
            } else {
                assert!(outcome.is_ok(), "{id}: {outcome:?}");
            }
        }
        assert_eq!(count(&db).await, (round + 1) * 20);
    }
    // Fill it to the brim, then make room.
    let mut filled = 1000;
    while put(&db, filled, 50_000).await.is_ok() {
        filled += 1;
    }
    assert!(matches!(put(&db, filled, 50_000).await, Err(DbError::Full)));
    db.write(Durability::Power, |tx| tx.exec(&DELETE, &args![1000_i64])).await.unwrap();
    put(&db, filled, 40_000).await.unwrap();
    assert!(db.integrity_check().await.unwrap().is_empty());
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_one_body_spoils_succeeds_for_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory.path().join("test.db"), SqliteOptions::default()).await;
    let hooks = Arc::new(AtomicU64::new(0));
    let mut writes = tokio::task::JoinSet::new();
    for id in 0..60_i64 {
        let (db, hooks) = (db.clone(), Arc::clone(&hooks));
        writes.spawn(async move {
            // The missing parent is noticed when the whole batch commits.
            let parent = (id % 10 == 0).then_some(id);
            let outcome = db.write(Durability::Process, move |tx| {
                let hooks = Arc::clone(&hooks);
                tx.on_commit(move || {
                    hooks.fetch_add(1, Ordering::SeqCst);
                });
                tx.exec(&PUT_CHILD, &args![id, parent])
            });
            (id, outcome.await)
        });
    }
    for (id, outcome) in writes.join_all().await {
        if id % 10 == 0 {
            assert!(matches!(outcome, Err(DbError::ForeignKeyConflict(_))), "{id}: {outcome:?}");
        } else {
            assert!(outcome.is_ok(), "{id}: {outcome:?}");
        }
    }
    assert_eq!(count(&db).await, 54);
    assert_eq!(
        hooks.load(Ordering::SeqCst),
        54,
        "each hook ran once, though bodies ran more than once"
    );
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_bounded_under_steady_readers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let db = open(&path, SqliteOptions::default()).await;
    for id in 0..8 {
        put(&db, id, 20_000).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..2_i64 {
        let (db, stop) = (db.clone(), Arc::clone(&stop));
        readers.spawn(async move {
            let mut reads = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let length: Option<i64> =
                    db.one(&LENGTH, &args![reader], |row| row.get(0)).await.unwrap();
                assert_eq!(length, Some(20_000));
                reads += 1;
                tokio::task::yield_now().await;
            }
            reads
        });
    }
    let mut writers = tokio::task::JoinSet::new();
    for id in 0..8_i64 {
        let db = db.clone();
        writers.spawn(async move {
            for turn in 0..2000_u64 {
                let body = vec![turn.to_le_bytes()[0]; 20_000];
                db.write(Durability::Process, move |tx| tx.exec(&SET, &args![id, body]))
                    .await
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
    stop.store(true, Ordering::Relaxed);
    let reads: u64 = readers.join_all().await.into_iter().sum();
    assert!(reads > 0);
    let log = fs::metadata(directory.path().join("test.db-wal")).unwrap().len();
    // Past 128 MiB the writer itself sees to it; how soon, depends on the machine.
    assert!(log < 224 << 20, "320 MB were written, and {log} bytes of them are still in the log");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_empties_the_log_and_opening_finds_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    for round in 0..3 {
        let db = open(&path, SqliteOptions::default()).await;
        assert_eq!(count(&db).await, round);
        put(&db, round, 10).await.unwrap();
        db.close().await;
        assert!(!directory.path().join("test.db-wal").exists(), "the log is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_handle_commits_what_is_queued() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let db = open(&path, SqliteOptions::default()).await;
    let outcomes = put_together(&db, (0..50).map(|id| (id, 10))).await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    drop(db);
    let db = open(&path, SqliteOptions::default()).await;
    assert_eq!(count(&db).await, 50);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_whole_while_writers_go_on() {
    const PAIR: Stmt = Stmt::new("select count(*) from item where id % 2 = $1");
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory.path().join("test.db"), SqliteOptions::default()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (db, stop) = (db.clone(), Arc::clone(&stop));
        let mut set = tokio::task::JoinSet::new();
        set.spawn(async move {
            let mut id = 0_i64;
            while !stop.load(Ordering::Relaxed) {
                let pair = db.write(Durability::Process, move |tx| {
                    tx.exec(&PUT, &args![id, [0_u8; 500]])?;
                    tx.exec(&PUT, &args![id + 1, [1_u8; 500]])
                });
                pair.await.unwrap();
                id += 2;
            }
        });
        set
    };
    for n in 0..5 {
        let path = directory.path().join(format!("copy-{n}.db"));
        let before = count(&db).await;
        db.snapshot_to(&path).await.unwrap();
        let copy = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let even: Option<i64> = copy.one(&PAIR, &args![0_i64], |row| row.get(0)).await.unwrap();
        let odd: Option<i64> = copy.one(&PAIR, &args![1_i64], |row| row.get(0)).await.unwrap();
        assert_eq!(even, odd, "no half transaction is in the copy");
        assert!(count(&copy).await >= before);
        assert!(copy.integrity_check().await.unwrap().is_empty());
        copy.close().await;
        db.snapshot_to(&path).await.expect_err("a file that exists is not overwritten");
    }
    stop.store(true, Ordering::Relaxed);
    writer.join_all().await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_found_by_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let db = open(&path, SqliteOptions::default()).await;
    put_together(&db, (0..200).map(|id| (id, 1_000))).await;
    assert!(db.integrity_check().await.unwrap().is_empty());
    db.close().await;

    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xAA);
    fs::write(&path, bytes).unwrap();
    let db = Db::open_sqlite_read_only(&path, SqliteOptions::default()).await.unwrap();
    let found = db.integrity_check().await;
    assert!(!matches!(&found, Ok(findings) if findings.is_empty()), "{found:?}");
    db.close().await;

    fs::write(&path, b"this is not a database, and long enough to be looked at as one").unwrap();
    let opened = Db::open_sqlite(&path, SqliteOptions::default()).await;
    assert!(matches!(opened, Err(DbError::Corrupt(_))), "{opened:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_handle_sees_a_running_writer_and_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let db = open(&path, SqliteOptions::default()).await;
    let beside = Db::open_sqlite_read_only(&path, SqliteOptions::default()).await.unwrap();
    for id in 0..3 {
        put(&db, id, 10).await.unwrap();
        assert_eq!(count(&beside).await, id + 1);
    }
    assert!(matches!(put(&beside, 9, 10).await, Err(DbError::Unavailable(_))));
    beside.close().await;
    db.close().await;
    let nowhere =
        Db::open_sqlite_read_only(&directory.path().join("none.db"), SqliteOptions::default())
            .await;
    assert!(matches!(nowhere, Err(DbError::Unavailable(_))), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_makes_callers_wait_not_fail() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { queue: 2, batch: 2, ..SqliteOptions::default() };
    let db = open(&directory.path().join("test.db"), options).await;
    let outcomes = put_together(&db, (0..100).map(|id| (id, 10))).await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    assert_eq!(count(&db).await, 100);
    db.close().await;
}
