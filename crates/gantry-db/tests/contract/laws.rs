//! Reads, errors, plans, and the end.

use gantry_db::{Db, DbError, Durability, Stmt, args};

use crate::SCHEMA;

const OWNER_PUT: Stmt = Stmt::new("insert into owner (name) values ($1)");
const OWNER_DELETE: Stmt = Stmt::new("delete from owner where name = $1");
const ITEM_PUT: Stmt = Stmt::new("insert into item (id, owner, label) values ($1, $2, $3)");
const COUNT: Stmt = Stmt::new("select count(*) from owner");

async fn put(
    db: &Db,
    id: i64,
    owner: Option<&'static str>,
    label: &'static str,
) -> Result<u64, DbError> {
    db.write(Durability::Power, move |tx| tx.exec(&ITEM_PUT, &args![id, owner, label])).await
}

pub(crate) async fn reads_see_what_was_answered(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let db = db.clone();
        tasks.spawn(async move {
            for n in 0..40 {
                let name = format!("owner {task}-{n}");
                let stored = name.clone();
                let durability = if n % 2 == 0 { Durability::Power } else { Durability::Process };
                db.write(durability, move |tx| tx.exec(&OWNER_PUT, &args![stored])).await.unwrap();
                let get = Stmt::new("select name from owner where name = $1");
                assert_eq!(db.one(&get, &args![name], |row| row.get(0)).await.unwrap(), Some(name));
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(db.one(&COUNT, &args![], |row| row.get(0)).await.unwrap(), Some(320_i64));
}

pub(crate) async fn reads_cannot_write(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    db.all(&OWNER_PUT, &args!["alice"], |_| Ok(())).await.unwrap_err();
    assert_eq!(db.one(&COUNT, &args![], |row| row.get(0)).await.unwrap(), Some(0_i64));
}

pub(crate) async fn conflicts_are_told_apart(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    db.write(Durability::Power, |tx| tx.exec(&OWNER_PUT, &args!["alice"])).await.unwrap();
    put(db, 1, Some("alice"), "one").await.unwrap();

    let key = put(db, 1, Some("alice"), "two").await;
    assert!(matches!(key, Err(DbError::UniqueConflict(_))), "{key:?}");
    let index = put(db, 2, Some("alice"), "one").await;
    assert!(matches!(index, Err(DbError::UniqueConflict(_))), "{index:?}");
    let without_parent = put(db, 3, Some("bob"), "three").await;
    assert!(matches!(without_parent, Err(DbError::ForeignKeyConflict(_))), "{without_parent:?}");
    let with_child =
        db.write(Durability::Power, |tx| tx.exec(&OWNER_DELETE, &args!["alice"])).await;
    assert!(matches!(with_child, Err(DbError::ForeignKeyConflict(_))), "{with_child:?}");
    let returning = Stmt::new("delete from owner where name = $1 returning name");
    let with_child = db.write(Durability::Power, move |tx| {
        tx.one(&returning, &args!["alice"], |row| row.get::<String>(0))
    });
    let with_child = with_child.await;
    assert!(matches!(with_child, Err(DbError::ForeignKeyConflict(_))), "{with_child:?}");
    let no_such_table = db.one(&Stmt::new("select 1 from nowhere"), &args![], |_| Ok(())).await;
    assert!(matches!(no_such_table, Err(DbError::MissingTable(_))), "{no_such_table:?}");
}

pub(crate) async fn errors_show_no_values(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    put(db, 1, None, "hunter2").await.unwrap();
    let get = Stmt::new("select label from item where id = $1");
    let cast = Stmt::new("select cast(label as bigint) + cast($1 as bigint) from item");
    let failures = [
        put(db, 2, None, "hunter2").await.unwrap_err(),
        put(db, 3, Some("hunter2"), "x").await.unwrap_err(),
        put(db, 3, None, "hunter2\0").await.unwrap_err(),
        db.one(&get, &args![1_i64], |row| row.get::<i64>(0)).await.unwrap_err(),
        db.one(&get, &args!["hunter2"], |row| row.get::<i64>(0))
            .await
            .err()
            .unwrap_or(DbError::Full),
        db.one(&cast, &args![1_i64], |row| row.get::<i64>(0)).await.err().unwrap_or(DbError::Full),
    ];
    for failure in failures {
        let shown = format!("{failure} {failure:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

pub(crate) async fn plans_tell_scans_from_searches(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let search =
        db.explain(&Stmt::new("select body from item where label = $1 and id > $2")).await.unwrap();
    assert!(search.scanned_tables().is_empty(), "{}", search.text);
    let page = db
        .explain(&Stmt::new("select label from item where label > $1 order by label limit $2"))
        .await
        .unwrap();
    assert!(page.scanned_tables().is_empty(), "{}", page.text);
    let scan = db.explain(&Stmt::new("select id from item where body = $1")).await.unwrap();
    assert_eq!(scan.scanned_tables(), ["item"], "{}", scan.text);
    db.explain(&Stmt::new("select nothing from item")).await.unwrap_err();
    let write = db.explain(&Stmt::new("delete from item where id = $1")).await.unwrap();
    assert!(write.scanned_tables().is_empty(), "{}", write.text);
    db.write(Durability::Power, |tx| tx.exec(&OWNER_PUT, &args!["after the plans"])).await.unwrap();
}

pub(crate) async fn a_closed_database_refuses_calls(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    db.close().await;
    let read = db.one(&COUNT, &args![], |_| Ok(())).await;
    assert!(matches!(read, Err(DbError::Unavailable(_))), "{read:?}");
    let write = db.write(Durability::Power, |tx| tx.exec(&OWNER_PUT, &args!["alice"])).await;
    assert!(matches!(write, Err(DbError::Unavailable(_))), "{write:?}");
}

pub(crate) async fn closing_finishes_what_is_queued(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for n in 0..100 {
        let db = db.clone();
        let name = format!("owner {n}");
        writes.spawn(async move {
            db.write(Durability::Power, move |tx| tx.exec(&OWNER_PUT, &args![name])).await
        });
    }
    db.close().await;
    for outcome in writes.join_all().await {
        // Before the close or after it, but always answered.
        assert!(matches!(outcome, Ok(1) | Err(DbError::Unavailable(_))), "{outcome:?}");
    }
}
