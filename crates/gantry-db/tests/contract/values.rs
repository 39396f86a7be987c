//! What goes in comes out.

use gantry_db::{Column, Db, DbError, Durability, Stmt, args};

use crate::SCHEMA;

const PUT: Stmt = Stmt::new("insert into item (id, label, body) values ($1, $2, $3)");
const GET: Stmt = Stmt::new("select id, label, body from item where id = $1");

pub(crate) async fn every_kind_of_value_comes_back(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let all_bytes: Vec<u8> = (0..=255).chain([0, 0]).collect();
    let cases = [
        (1, Some("library/alpine"), Some(all_bytes)),
        (i64::MAX, Some(""), Some(Vec::new())),
        (i64::MIN, None, None),
        (-1, Some("grüße 🦀 \u{10ffff}"), Some(vec![0])),
        (0, Some("'; drop table item; --$1"), Some(vec![7; 1 << 20])),
    ];
    for (id, label, body) in cases {
        let stored = body.clone();
        db.write(Durability::Process, move |tx| tx.exec(&PUT, &args![id, label, stored]))
            .await
            .unwrap();
        let args = args![id];
        let found = db.one(&GET, &args, |row| {
            Ok((row.get::<i64>(0)?, row.get::<Option<String>>(1)?, row.get::<Option<Vec<u8>>>(2)?))
        });
        assert_eq!(found.await.unwrap(), Some((id, label.map(Into::into), body)));
    }
    assert_eq!(db.one(&GET, &args![99_i64], |row| row.get::<i64>(0)).await.unwrap(), None);
}

pub(crate) async fn text_sorts_by_bytes(db: &Db) {
    const SORTED: Stmt = Stmt::new("select label from item order by label");
    const AFTER: Stmt =
        Stmt::new("select label from item where label > $1 order by label limit $2");
    db.migrate(SCHEMA).await.unwrap();
    let labels = [
        "_", "-", "a", "A", "b", "B", "ab", "a-b", "a_b", "a.b", "a/b", "ä", "z", "Z", "10", "9",
        "",
    ];
    for (id, label) in labels.iter().enumerate() {
        let (id, label) = (id as u64, *label);
        db.write(Durability::Process, move |tx| tx.exec(&PUT, &args![id, label, None::<i64>]))
            .await
            .unwrap();
    }
    let mut by_bytes = labels;
    by_bytes.sort_unstable();
    let sorted: Vec<String> = db.all(&SORTED, &args![], |row| row.get(0)).await.unwrap();
    assert_eq!(sorted, by_bytes);
    let after: Vec<String> = db.all(&AFTER, &args!["a", 3_i64], |row| row.get(0)).await.unwrap();
    assert_eq!(after, ["a-b", "a.b", "a/b"]);
}

pub(crate) async fn arguments_are_bound_by_number(db: &Db) {
    const SWAPPED: Stmt =
        Stmt::new("select cast($2 as bigint), cast($1 as bigint), cast($2 as bigint)");
    let args = args![1_i64, 2_i64];
    let row = db.one(&SWAPPED, &args, |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]));
    assert_eq!(row.await.unwrap(), Some([2_i64, 1, 2]));
}

pub(crate) async fn what_a_database_cannot_store_is_refused(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    let too_large =
        db.write(Durability::Power, |tx| tx.exec(&PUT, &args![u64::MAX, "x", None::<i64>]));
    assert!(matches!(too_large.await, Err(DbError::Argument { position: 1, .. })));
    let with_nul =
        db.write(Durability::Power, |tx| tx.exec(&PUT, &args![1_i64, "a\0b", None::<i64>]));
    assert!(matches!(with_nul.await, Err(DbError::Argument { position: 2, .. })));
    let wrong_kind =
        db.write(Durability::Power, |tx| tx.exec(&PUT, &args![1_i64, "a", "text for bytes"]));
    wrong_kind.await.unwrap_err();
    assert_eq!(db.one(&GET, &args![1_i64], |_| Ok(())).await.unwrap(), None);
}

pub(crate) async fn a_wrong_number_of_arguments_is_refused(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    for args in [&args![][..], &args![1_i64, 2_i64][..]] {
        let outcome = db.one(&GET, args, |_| Ok(())).await;
        assert!(matches!(outcome, Err(DbError::Argument { .. })), "{outcome:?}");
    }
}

pub(crate) async fn a_column_of_another_kind_is_an_error(db: &Db) {
    db.migrate(SCHEMA).await.unwrap();
    db.write(Durability::Process, |tx| tx.exec(&PUT, &args![1_i64, "one", None::<i64>]))
        .await
        .unwrap();
    let outcome = db.one(&GET, &args![1_i64], |row| row.get::<i64>(1)).await;
    assert!(matches!(outcome, Err(DbError::Column { index: 1, .. })), "{outcome:?}");
    let args = args![1_i64];
    let borrowed = db.one(&GET, &args, |row| {
        let same = matches!(
            (row.column(0)?, row.column(1)?, row.column(2)?),
            (Column::Int(1), Column::Text("one"), Column::Null)
        );
        Ok(same && row.read(1, Column::text)? == "one")
    });
    assert_eq!(borrowed.await.unwrap(), Some(true));
    db.one(&GET, &args![1_i64], |row| row.get::<i64>(3)).await.unwrap_err();
}

pub(crate) async fn row_counts_tell_what_changed(db: &Db) {
    const UPSERT: Stmt = Stmt::new(
        "insert into counter (id, n) values ($1, $2) on conflict (id) do update set n = excluded.n
         where counter.n < excluded.n returning n",
    );
    const OFFER: Stmt =
        Stmt::new("insert into counter (id, n) values ($1, $2) on conflict (id) do nothing");
    const CLEAR: Stmt = Stmt::new("delete from counter where n >= $1");
    const SET: Stmt = Stmt::new("update counter set n = $2 where id = $1");
    db.migrate(SCHEMA).await.unwrap();
    let counts = db.write(Durability::Power, |tx| {
        let some = |tx: &mut gantry_db::Tx<'_>, n: i64| {
            tx.one(&UPSERT, &args![1_i64, n], |row| row.get::<i64>(0))
        };
        assert_eq!(some(tx, 5)?, Some(5));
        assert_eq!(some(tx, 4)?, None, "an upsert whose condition fails returns no row");
        assert_eq!(some(tx, 6)?, Some(6));
        Ok::<_, DbError>([
            tx.exec(&OFFER, &args![1_i64, 9_i64])?,
            tx.exec(&OFFER, &args![2_i64, 9_i64])?,
            tx.exec(&SET, &args![3_i64, 1_i64])?,
            tx.exec(&SET, &args![2_i64, 9_i64])?,
            tx.exec(&CLEAR, &args![0_i64])?,
            tx.exec(&CLEAR, &args![0_i64])?,
        ])
    });
    assert_eq!(counts.await.unwrap(), [0, 1, 0, 1, 2, 0]);
}
