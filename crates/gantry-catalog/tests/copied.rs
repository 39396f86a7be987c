//! Every table of the schema is copied with all its columns, or stays behind by name; and what is
//! copied is the same, from either database to the other.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_catalog::{Catalog, DbError, Durability, LEFT_BEHIND, Transaction, copied_tables};
use gantry_db::{Db, PostgresOptions, SqliteOptions, Stmt};
use gantry_model::{Change, RegistryId, SystemClock, Timestamp};

const COLUMNS: Stmt = Stmt::new(
    "select m.name, c.name
       from sqlite_schema m join pragma_table_info(m.name) c
      where m.type = 'table' and m.name not like 'schema%' and m.name not like 'sqlite%'",
);

async fn sqlite(dir: &tempfile::TempDir, name: &str) -> Catalog {
    let db = Db::open_sqlite(&dir.path().join(name), SqliteOptions::default()).await.unwrap();
    migrated(db).await
}

async fn migrated(db: Db) -> Catalog {
    let catalog = Catalog::new(db, Arc::new(SystemClock));
    catalog.migrate().await.unwrap();
    catalog
}

#[tokio::test]
async fn no_table_and_no_column_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = sqlite(&dir, "catalog.db").await;
    let columns =
        catalog.db().all(&COLUMNS, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)));
    let there: BTreeSet<_> = columns.await.unwrap().into_iter().collect();
    let mut copied = BTreeSet::new();
    for (table, columns) in copied_tables() {
        copied.extend(columns.into_iter().map(|column| (table.to_owned(), column)));
    }
    let left = |table: &str| LEFT_BEHIND.contains(&table);
    let wanted: BTreeSet<_> = there.into_iter().filter(|(table, _)| !left(table)).collect();
    assert_eq!(copied, wanted);
}

/// Rows with every kind of value, more than a page of them.
async fn fill(catalog: &Catalog) {
    let registry = RegistryId::new(Timestamp::from_micros(1));
    let fill = move |tx: &mut Transaction<'_, '_>| {
        for number in 0..2500_u64 {
            let name = format!("tag-{number}").parse().unwrap();
            let change = Change::TagDeleted {
                repository: "app".parse().unwrap(),
                tag: name,
                digest: gantry_oci::Digest::sha256(&number.to_le_bytes()),
            };
            tx.journal_append(registry, &change)?;
        }
        Ok::<_, DbError>(())
    };
    catalog.transaction(Durability::Process, fill).await.unwrap();
    catalog.transaction(Durability::Process, |tx| tx.journal_number(100)).await.unwrap();
}

async fn rows(catalog: &Catalog) -> Vec<String> {
    const ROWS: Stmt =
        Stmt::new("select change, coalesce(number, -1), kind from journal order by id limit 5000");
    let row = |row: &gantry_db::Row<'_>| {
        Ok(format!("{} {} {}", row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?))
    };
    catalog.db().all(&ROWS, &[], row).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_same_on_either_database_and_after_a_second_copy() {
    let dir = tempfile::tempdir().unwrap();
    let first = sqlite(&dir, "first.db").await;
    fill(&first).await;
    let url = gantry_testkit::postgres::database();
    let second =
        migrated(Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap()).await;
    let third = sqlite(&dir, "third.db").await;
    // What an attempt has left is replaced.
    fill(&second).await;
    let mut told = 0;
    let count = |table, rows| told += if table == "journal" { rows } else { 0 };
    first.copy_rows_to(&second, "one", count).await.unwrap();
    let refused = first.copy_rows_to(&second, "two", |_, _| ()).await.unwrap_err();
    assert!(refused.to_string().contains("another `gantry copy`"), "{refused}");
    assert_eq!(told, 2500);
    second.copy_rows_to(&third, "three", |_, _| ()).await.unwrap();
    second.copy_rows_to(&third, "three", |_, _| ()).await.unwrap();
    let wanted = rows(&first).await;
    assert_eq!(wanted.len(), 2500);
    assert!(rows(&second).await == wanted && rows(&third).await == wanted);
}
