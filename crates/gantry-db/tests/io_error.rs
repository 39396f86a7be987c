//! Writes that the kernel refuses: the caller is told, nothing is kept by half, and the writer goes on afterwards.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap as tests do")]

use std::fs;
use std::path::Path;
use std::process::Command;

use gantry_db::{Db, DbError, Durability, Migration, SqliteOptions, Step, Stmt, args};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SCHEMA: &[Migration] = &[Migration {
    name: "20260101_io_error",
    sql: "create table item (id {INT} primary key not null, body {BYTES} not null) {TABLE}",
    kind: Step::Contracts,
}];
const PUT: Stmt = Stmt::new("insert into item (id, body) values ($1, $2)");
const IDS: Stmt = Stmt::new("select id from item order by id");
/// Tells the constrained process where its database is. Without it there is nothing for it to do.
const DATABASE: &str = "GANTRY_DB_IO_ERROR_DATABASE";

#[test]
fn refused_writes_are_reported_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    // A process that ignores the signal for writing beyond its file size limit gets an I/O error instead.
    let status = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; exec "$0" --exact constrained --nocapture"#])
        .arg(std::env::current_exe().unwrap())
        .env(DATABASE, directory.path().join("test.db"))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

/// Not a test of its own: what the test above starts.
#[test]
fn constrained() {
    if let Some(path) = std::env::var_os(DATABASE) {
        run_into_the_limit(Path::new(&path));
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run_into_the_limit(path: &Path) {
    let db = Db::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    db.migrate(SCHEMA).await.unwrap();
    let unlimited = getrlimit(Resource::Fsize);
    let mut kept = Vec::new();
    for round in 0..4_i64 {
        kept.push(round * 1_000);
        put(&db, round * 1_000).await.unwrap();
        let log = fs::metadata(path.with_extension("db-wal")).unwrap().len();
        setrlimit(Resource::Fsize, Rlimit { current: Some(log + 6_000), ..unlimited }).unwrap();
        let mut writes = tokio::task::JoinSet::new();
        for id in (1..=40).map(|n| round * 1_000 + n) {
            let db = db.clone();
            writes.spawn(async move { (id, put(&db, id).await) });
        }
        let mut refused = 0;
        for (id, outcome) in writes.join_all().await {
            match outcome {
                Ok(_) => kept.push(id),
                Err(DbError::Unavailable(_)) => refused += 1,
                Err(error) => panic!("{id}: {error:?}"),
            }
        }
        assert!(refused > 0, "the limit was met");
        kept.sort_unstable();
        assert_eq!(ids(&db).await, kept, "what was answered is there, and nothing else");
        setrlimit(Resource::Fsize, unlimited).unwrap();
    }
    put(&db, 9_999).await.unwrap();
    kept.push(9_999);
    assert!(db.integrity_check().await.unwrap().is_empty());
    db.close().await;

    let db = Db::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    assert_eq!(ids(&db).await, kept);
    db.close().await;
}

async fn put(db: &Db, id: i64) -> Result<u64, DbError> {
    db.write(Durability::Power, move |tx| tx.exec(&PUT, &args![id, [7_u8; 3_000]])).await
}

async fn ids(db: &Db) -> Vec<i64> {
    db.all(&IDS, &args![], |row| row.get(0)).await.unwrap()
}
