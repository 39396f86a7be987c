//! Commits rows to a SQLite database through several connections at once and prints the name of
//! each as its commit is answered: `commit-rows PATH full|normal`.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::unwrap_used, reason = "a program that fails is a test that fails")]

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

const WRITERS: i64 = 3;
const ROWS: i64 = 12;

fn open(path: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    let mode: String =
        connection.query_row("pragma journal_mode = wal", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 8).unwrap();
    connection
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, synchronous] = &arguments[..] else { panic!("commit-rows PATH full|normal") };
    let path = PathBuf::from(path);
    let first = open(&path, synchronous);
    first.execute_batch("create table row (name text primary key, filler blob) strict").unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || {
                let connection = open(path, synchronous);
                for row in 0..ROWS {
                    let name = format!("{writer}-{row}");
                    let insert = "insert into row values (?1, zeroblob(1500))";
                    connection.execute(insert, [&name]).unwrap();
                    println!("{name}");
                }
            });
        }
    });
    let count: i64 = first.query_row("select count(*) from row", [], |row| row.get(0)).unwrap();
    assert_eq!(count, WRITERS * ROWS, "connections share the log's index");
}
