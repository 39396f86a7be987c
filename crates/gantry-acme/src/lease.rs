//! One node at a time asks the authority.

use std::time::Duration;

use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use tokio::time::{Instant, sleep, timeout_at};

const NAME: &str = "certificates";
/// How long it is taken for; whoever died with it is waited for no longer.
const TERM: Duration = Duration::from_secs(30);
/// How often it is prolonged.
const RENEWAL: Duration = Duration::from_secs(8);

/// Does `work` while no other node does; `None` where one does, or came to while this one could not
/// prolong its lease. Where there is no `node`, there are no others.
pub(crate) async fn alone<T>(
    catalog: &Catalog,
    node: Option<&str>,
    work: impl Future<Output = T>,
) -> Result<Option<T>, DbError> {
    let Some(node) = node else { return Ok(Some(work.await)) };
    let mut asked = Instant::now();
    let Some(mut until) = take(catalog, node).await? else { return Ok(None) };
    let keeping = async {
        loop {
            let prolonged = async {
                loop {
                    sleep(RENEWAL).await;
                    let asks = Instant::now();
                    if let Ok(prolonged) = take(catalog, node).await {
                        return prolonged.map(|until| (asks, until));
                    }
                }
            };
            match timeout_at(asked + TERM - RENEWAL, prolonged).await {
                Ok(Some(prolonged)) => (asked, until) = prolonged,
                Ok(None) | Err(_) => return,
            }
        }
    };
    let done = tokio::select! {
        biased;
        done = work => Some(done),
        () = keeping => {
            tracing::warn!(lease.name = NAME, "the lease was lost while certificates were asked for");
            None
        }
    };
    let node = node.to_owned();
    let release = move |tx: &mut Transaction<'_, '_>| tx.lease_release(NAME, &node, until);
    if let Err(error) = catalog.transaction(Durability::Process, release).await {
        tracing::warn!(lease.name = NAME, %error, "a lease was not given back: it runs out");
    }
    Ok(done)
}

async fn take(catalog: &Catalog, node: &str) -> Result<Option<i64>, DbError> {
    let node = node.to_owned();
    catalog.transaction(Durability::Process, move |tx| tx.lease_take(NAME, &node, TERM)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gantry_db::{Db, SqliteOptions};
    use gantry_model::SystemClock;

    use super::*;

    #[tokio::test]
    async fn one_node_works_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let catalog = Catalog::new(db, Arc::new(SystemClock));
        catalog.migrate().await.unwrap();
        let both = alone(&catalog, Some("one"), async {
            alone(&catalog, Some("two"), async { "two" }).await.unwrap()
        });
        assert_eq!(both.await.unwrap(), Some(None), "the second is kept out");
        let after = alone(&catalog, Some("two"), async { "two" });
        assert_eq!(after.await.unwrap(), Some("two"), "it was given back");
        let by_itself = alone(&catalog, None, async { "alone" });
        assert_eq!(by_itself.await.unwrap(), Some("alone"));
    }
}
