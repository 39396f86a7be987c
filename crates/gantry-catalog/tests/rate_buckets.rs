//! Rows of rate buckets, on both databases: at moments that the test gives.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::sync::Arc;

use gantry_catalog::{Catalog, DbError, Durability, RateBucket, RateBucketKey, Transaction};
use gantry_db::{Db, PostgresOptions, SqliteOptions};
use gantry_model::{Category, RegistryId, SystemClock, Timestamp};
use tokio::task::JoinSet;

async fn write<T: Send + 'static>(
    catalog: &Catalog,
    body: impl Fn(&mut Transaction<'_, '_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    catalog.transaction(Durability::Process, body).await.unwrap()
}

fn keys() -> Vec<RateBucketKey> {
    let registry = RegistryId::new(Timestamp::from_micros(1));
    let identities = [None, Some("anonymous".into()), Some("token:ci".into())];
    let key = |(identity, category)| RateBucketKey { registry, identity, category };
    let all = identities.into_iter().flat_map(|identity| {
        Category::ALL.map(|category: Category| (Option::<Box<str>>::clone(&identity), category))
    });
    all.map(key).collect()
}

/// Every bucket has a row of its own, and what is taken from it at once is taken one by one.
async fn rows_are_held(db: Db) {
    let catalog = Catalog::new(db, Arc::new(SystemClock));
    catalog.migrate().await.unwrap();
    let keys = Arc::new(keys());
    let mut takers = JoinSet::new();
    for _ in 0..8 {
        let (catalog, keys) = (catalog.clone(), Arc::clone(&keys));
        takers.spawn(async move {
            let take = move |tx: &mut Transaction<'_, '_>| {
                for (n, key) in keys.iter().enumerate() {
                    let RateBucket { empty_at, refusing_until } = tx.rate_bucket_hold(key)?;
                    let taken = RateBucket { empty_at: empty_at + 1, refusing_until };
                    tx.rate_bucket_set(key, taken, 100 * (1 + n as i64))?;
                }
                Ok(())
            };
            write(&catalog, take).await;
        });
    }
    while let Some(taken) = takers.join_next().await {
        taken.unwrap();
    }
    let held = Arc::clone(&keys);
    let rows = write(&catalog, move |tx| {
        held.iter().map(|key| tx.rate_bucket_hold(key)).collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(rows.await, vec![RateBucket { empty_at: 8, refusing_until: 0 }; keys.len()]);

    assert_eq!(write(&catalog, |tx| tx.rate_bucket_sweep(100, 10)).await, 0);
    assert_eq!(write(&catalog, |tx| tx.rate_bucket_sweep(301, 2)).await, 2);
    assert_eq!(write(&catalog, |tx| tx.rate_bucket_sweep(301, 2)).await, 1);
    let first = keys[0].clone();
    let swept = write(&catalog, move |tx| tx.rate_bucket_hold(&first)).await;
    assert_eq!(swept, RateBucket::default());
    let unheld =
        RateBucketKey { registry: RegistryId::new(Timestamp::from_micros(2)), ..keys[0].clone() };
    let set = move |tx: &mut Transaction<'_, '_>| tx.rate_bucket_set(&unheld, swept, 0);
    assert!(catalog.transaction(Durability::Process, set).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_held_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    rows_are_held(Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_held_on_postgres() {
    let url = gantry_testkit::postgres::database();
    rows_are_held(Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap()).await;
}
