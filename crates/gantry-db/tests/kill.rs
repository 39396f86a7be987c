//! `kill -9` in the middle of commits: everything answered is there, and nothing by half.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap as tests do")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use gantry_db::{Db, DbError, Durability, Migration, SqliteOptions, Step, Stmt, args};

const SCHEMA: &[Migration] = &[Migration {
    name: "20260101_kill",
    sql: "
        create table debit (id {INT} primary key not null, body {BYTES} not null) {TABLE};
        create table credit (id {INT} primary key not null) {TABLE};
    ",
    kind: Step::Contracts,
}];
const DEBIT: Stmt = Stmt::new("insert into debit (id, body) values ($1, $2)");
const CREDIT: Stmt = Stmt::new("insert into credit (id) values ($1)");
const LAST: Stmt = Stmt::new("select coalesce(max(id), 0) from debit");
/// Tells the victim where its database is. Without it the victim has nothing to do.
const DATABASE: &str = "GANTRY_DB_KILL_DATABASE";
const ROUNDS: usize = 5;
const WRITERS: i64 = 16;

#[test]
fn what_was_answered_before_a_kill_is_there_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let before = answered.len();
        // A line that the kill cut short has no full stop, and wasn't an answer.
        let mut note = |line: String| {
            if let Some(id) = line.strip_prefix("done ").and_then(|rest| rest.strip_suffix('.')) {
                answered.insert(id.parse::<i64>().unwrap());
            }
        };
        // A different moment each time: mid-batch, mid-checkpoint.
        for line in lines.by_ref().take(200 + 731 * round) {
            note(line.unwrap());
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What was answered but not yet read by us counts too.
        lines.map_while(Result::ok).for_each(note);
        assert!(answered.len() > before, "the victim committed something");
        check(&path, &answered);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn check(path: &Path, answered: &BTreeSet<i64>) {
    let db = Db::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    let ids = async |sql| -> BTreeSet<i64> {
        db.all(&Stmt::new(sql), &args![], |row| row.get(0)).await.unwrap().into_iter().collect()
    };
    let debits = ids("select id from debit").await;
    assert_eq!(debits, ids("select id from credit").await, "no transaction is there by half");
    let lost: Vec<&i64> = answered.difference(&debits).collect();
    assert!(lost.is_empty(), "answered but gone: {lost:?}");
    assert!(db.integrity_check().await.unwrap().is_empty());
    db.close().await;
}

/// Not a test of its own: what the test above starts, and kills.
#[test]
fn victim() {
    if let Some(path) = std::env::var_os(DATABASE) {
        write_until_killed(Path::new(&path));
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn write_until_killed(path: &Path) {
    let db = Db::open_sqlite(path, SqliteOptions::default()).await.unwrap();
    db.migrate(SCHEMA).await.unwrap();
    let last: i64 = db.one(&LAST, &args![], |row| row.get(0)).await.unwrap().unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 1..=WRITERS {
        let db = db.clone();
        writers.spawn(async move {
            // Bounded, should nobody kill us.
            for turn in 0..100_000 {
                let id = last + writer + turn * WRITERS;
                let durability = if id % 2 == 0 { Durability::Power } else { Durability::Process };
                db.write(durability, move |tx| {
                    tx.exec(&DEBIT, &args![id, [0_u8; 300]])?;
                    tx.exec(&CREDIT, &args![id])?;
                    Ok::<_, DbError>(())
                })
                .await
                .unwrap();
                std::io::stdout().lock().write_all(format!("done {id}.\n").as_bytes()).unwrap();
            }
        });
    }
    writers.join_all().await;
}
