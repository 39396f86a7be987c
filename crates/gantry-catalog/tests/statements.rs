//! Every statement, prepared on both databases and its plan read: what a request costs must not
//! grow with what is stored.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::sync::Arc;

use gantry_catalog::{Catalog, all_statements};
use gantry_db::{Db, PostgresOptions, SqliteOptions};
use gantry_model::SystemClock;

/// Tables with as many rows as an operator configures.
const SMALL: &[&str] = &[
    "registry",
    "admin_password",
    "signing_key",
    "certificate",
    "journal_reader",
    "node",
    "tenant",
    "directory_key",
    "directory_workload",
];

/// Statements that read from an index's beginning, or through a subquery's rows, and stop at their
/// limit.
const LIMITED: &[&str] = &[
    "journal::UNNUMBERED",
    "journal::READ_UNNUMBERED",
    "journal::TRIM",
    "uploads::COUNT",
    "tag_attributes::OF_DIGEST",
    "manifest_attributes::BY_DIGEST",
    "manifest_attributes::OLDEST",
    "manifest_attributes::NEWEST",
];

async fn no_statement_scans(db: Db) {
    let catalog = Catalog::new(db.clone(), Arc::new(SystemClock));
    catalog.migrate().await.unwrap();
    let mut scans = Vec::new();
    for (name, statement) in all_statements() {
        let plan = db.explain(statement).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let scanned = plan.scanned_tables();
        let large = scanned.iter().any(|table| !SMALL.contains(table));
        if large && !LIMITED.contains(&name) {
            scans.push(format!("{name} scans {scanned:?}:\n{}", plan.text));
        }
    }
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}

#[tokio::test]
async fn no_statement_scans_a_large_table_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    no_statement_scans(Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_a_large_table_on_postgres() {
    let url = gantry_testkit::postgres::database();
    let db = Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap();
    no_statement_scans(db).await;
}

#[test]
fn statements_have_names_of_their_own() {
    let mut names: Vec<_> = all_statements().into_iter().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
