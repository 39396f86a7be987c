//! How a schema comes up to date.

use gantry_db::{Db, Durability, MigrateError, Migration, SchemaState, Step, Stmt, args};

const FIRST: Migration = Migration {
    name: "20260101_first",
    sql: "create table first (id {INT} primary key) {TABLE}",
    kind: Step::Expands,
};
const SECOND: Migration = Migration {
    name: "20260102_second",
    sql: "create table second (id {BYTES} primary key, name {TEXT}) {KEYED_TABLE}; create index second_name on second (name)",
    kind: Step::Contracts,
};
const THIRD: Migration = Migration {
    name: "20260103_third",
    sql: "alter table first add column name {TEXT}",
    kind: Step::Expands,
};
const BROKEN: Migration = Migration {
    name: "20260103_broken",
    sql: "create table third (id {INT}) {TABLE}; create table first (id {INT})",
    kind: Step::Expands,
};

async fn exists(db: &Db, select: &'static str) -> bool {
    db.one(&Stmt::new(select), &args![], |_| Ok(())).await.is_ok()
}

pub(crate) async fn migrating_twice_does_nothing_the_second_time(db: &Db) {
    assert_eq!(db.migrate(&[FIRST]).await.unwrap(), [FIRST.name]);
    assert_eq!(db.migrate(&[FIRST, SECOND]).await.unwrap(), [SECOND.name]);
    assert!(db.migrate(&[FIRST, SECOND]).await.unwrap().is_empty());
    let put = Stmt::new("insert into second (id, name) values ($1, $2)");
    db.write(Durability::Power, move |tx| tx.exec(&put, &args![b"id", "name"])).await.unwrap();
}

pub(crate) async fn nodes_that_migrate_at_once_take_turns(db: &Db) {
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let db = db.clone();
        nodes.spawn(async move { db.migrate(&[FIRST, SECOND]).await.unwrap() });
    }
    let mut taken = nodes.join_all().await.concat();
    taken.sort_unstable();
    assert_eq!(taken, [FIRST.name, SECOND.name]);
}

pub(crate) async fn a_schema_from_a_later_release_is_refused(db: &Db) {
    db.migrate(&[FIRST, SECOND]).await.unwrap();
    let error = db.migrate(&[FIRST]).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Newer { name } if name == SECOND.name), "{error:?}");
    assert!(error.to_string().contains("20260102_second"), "{error}");
}

pub(crate) async fn a_release_runs_on_a_schema_that_a_later_one_has_expanded(db: &Db) {
    db.migrate(&[FIRST, SECOND, THIRD]).await.unwrap();
    assert!(db.migrate(&[FIRST, SECOND]).await.unwrap().is_empty());
    let state = db.schema_state(&[FIRST, SECOND]).await.unwrap();
    assert_eq!(state, SchemaState { missing: vec![], ahead: vec![THIRD.name.to_owned()] });
    // What was contracted on the way isn't to be had back.
    let error = db.schema_state(&[FIRST]).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Newer { name } if name == SECOND.name), "{error:?}");
}

pub(crate) async fn a_schema_tells_what_it_lacks(db: &Db) {
    let all = [FIRST.name, SECOND.name];
    assert_eq!(db.schema_state(&[FIRST, SECOND]).await.unwrap().missing, all);
    db.migrate(&[FIRST]).await.unwrap();
    assert_eq!(db.schema_state(&[FIRST, SECOND]).await.unwrap().missing, all[1..]);
}

pub(crate) async fn a_step_before_an_applied_one_is_refused(db: &Db) {
    db.migrate(&[SECOND]).await.unwrap();
    let error = db.migrate(&[FIRST, SECOND]).await.unwrap_err();
    assert!(
        matches!(error, MigrateError::OutOfOrder { expected: "20260101_first", .. }),
        "{error:?}"
    );
    assert!(!exists(db, "select id from first").await);
}

pub(crate) async fn a_failed_step_leaves_nothing(db: &Db) {
    let error = db.migrate(&[FIRST, SECOND, BROKEN]).await.unwrap_err();
    assert!(matches!(error, MigrateError::Step { name: "20260103_broken", .. }), "{error:?}");
    assert!(exists(db, "select id from second").await, "the steps before it stay");
    assert!(!exists(db, "select id from third").await, "its first statement was rolled back");
    assert!(db.migrate(&[FIRST, SECOND]).await.unwrap().is_empty());
}
