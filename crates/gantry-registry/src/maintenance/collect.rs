//! Collecting what nothing names, online and in small transactions.
//!
//! The order is what makes it safe: first the row that points to the bytes goes, and the key is
//! put in the trash in the same transaction; then the bytes; then the trash's row. A key is made
//! for one upload and never used again, so bytes whose row is gone can't be wanted by anyone. What
//! trashes a key is durable before the bytes go, or a loss of power could bring the row back
//! without them.

use gantry_catalog::{DbError, Durability, Garbage, TrashedBytes};
use gantry_model::{Change, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sharing::{Busy, Duty};
use crate::{Content, Sharing, StoreError};

/// How many rows one transaction takes.
const BATCH: usize = 100;

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// Upload sessions that nobody went on with.
    pub uploads: u64,
    /// Repositories' holds on blobs that no manifest named.
    pub links: u64,
    /// Repositories that held nothing.
    pub repositories: u64,
    /// Blobs whose bytes were deleted from the store.
    pub blobs: u64,
    /// Stored bytes, by upload, that no row named: what is left when a loss of power takes the
    /// row but not the bytes.
    pub orphans: u64,
    /// Bytes that were deleted from the store.
    pub bytes: u64,
}

/// Which garbage a collection takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Bytes in the trash only: what was just deleted, cancelled or pushed twice.
    Trash,
    /// Also what is past the grace.
    PastGrace,
    /// Also what the store has and no row names; every stored key is looked at.
    Everything,
}

impl Content {
    /// Collects until nothing is left that may be taken. Safe beside any other use; a collection
    /// waits for the one that is under way, on whichever node.
    pub async fn collect(&self, collection: Collection) -> Result<Collected, StoreError> {
        let collected = self.in_turn(Duty::Collect, Busy::Wait, self.collect_now(collection));
        Ok(collected.await?.unwrap_or_default())
    }

    /// The same, but leaves it to whoever is at it already.
    pub async fn collect_unless_busy(
        &self,
        collection: Collection,
    ) -> Result<Collected, StoreError> {
        // Of this node's own collections the trash waits: nobody else has been told of it.
        let busy = match (&self.0.sharing, collection) {
            (Sharing::Alone, _) => Busy::Wait,
            _ => Busy::Leave,
        };
        let collected = self.in_turn(Duty::Collect, busy, self.collect_now(collection));
        Ok(collected.await?.unwrap_or_default())
    }

    async fn collect_now(&self, collection: Collection) -> Result<Collected, StoreError> {
        let mut collected = Collected::default();
        if collection != Collection::Trash {
            let (now, limits) = (self.catalog().now(), self.limits());
            let before = now.minus(limits.grace).minus(limits.renew_every());
            self.sweep_uploads(now.minus(limits.upload_idle), &mut collected).await?;
            self.unlink_garbage(before, &mut collected).await?;
            self.sweep_repositories(before, &mut collected).await?;
            self.clear_deleted().await?;
        }
        self.empty_trash(&mut collected).await?;
        if collection == Collection::Everything {
            self.sweep_orphans(&mut collected).await?;
        }
        Ok(collected)
    }

    /// Resolves when there is trash to delete.
    pub async fn trashed(&self) {
        self.0.trashed.notified().await;
    }

    async fn sweep_uploads(
        &self,
        before: Timestamp,
        collected: &mut Collected,
    ) -> Result<(), DbError> {
        loop {
            let busy = self.0.sessions.busy_ids();
            let swept = self
                .catalog()
                .transaction(Durability::Power, move |tx| {
                    let mut expired = tx.upload_expired(before, BATCH)?;
                    // One that is being written to isn't abandoned, however long its request takes.
                    expired.retain(|id| !busy.contains(id));
                    for id in &expired {
                        if let Some((key, received)) = tx.upload_delete(*id)? {
                            tx.trash_insert(&key, received)?;
                        }
                    }
                    Ok::<_, DbError>(expired)
                })
                .await?;
            collected.uploads += swept.len() as u64;
            swept.iter().for_each(|id| self.0.sessions.forget(*id));
            if swept.len() < BATCH {
                return Ok(());
            }
        }
    }

    async fn unlink_garbage(
        &self,
        before: Timestamp,
        collected: &mut Collected,
    ) -> Result<(), DbError> {
        loop {
            let batch = self.catalog().garbage_list(before, BATCH).await?;
            let complete = batch.len() < BATCH;
            let unlinked = self.unlink_batch(batch, before).await?;
            collected.links += unlinked;
            // What wasn't taken now is in use again; it will not do to ask for it for ever.
            if complete || unlinked == 0 {
                return Ok(());
            }
        }
    }

    async fn unlink_batch(&self, batch: Vec<Garbage>, before: Timestamp) -> Result<u64, DbError> {
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let mut unlinked = 0;
                for garbage in &batch {
                    if !tx.garbage_unlink(garbage, before)? {
                        continue;
                    }
                    unlinked += 1;
                    let dropped = tx.blob_drop_unheld(garbage.registry, &garbage.digest)?;
                    tx.journal_append(
                        garbage.registry,
                        &Change::BlobUnlinked {
                            repository: garbage.name.clone(),
                            digest: garbage.digest,
                            size: garbage.size,
                            dropped,
                        },
                    )?;
                    tx.on_commit(content.cache().invalidation(garbage.registry, &garbage.name));
                }
                Ok(unlinked)
            })
            .await
    }

    async fn sweep_repositories(
        &self,
        before: Timestamp,
        collected: &mut Collected,
    ) -> Result<(), DbError> {
        loop {
            let removed = self
                .catalog()
                .transaction(Durability::Process, move |tx| tx.repository_sweep(before, BATCH))
                .await?;
            collected.repositories += removed;
            if removed < BATCH as u64 {
                return Ok(());
            }
        }
    }

    async fn empty_trash(&self, collected: &mut Collected) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let batch = self.catalog().trash_list(&last, BATCH).await?;
            let Some(end) = batch.last() else { return Ok(()) };
            last.clone_from(&end.storage_key);
            let mut deleted = Vec::new();
            for trashed in batch {
                match self.delete_bytes(&trashed).await {
                    Ok(()) => {
                        collected.blobs += 1;
                        collected.bytes += trashed.size;
                        deleted.push(trashed.storage_key);
                    }
                    // It stays in the trash for the next pass.
                    Err(error) => {
                        let key = &trashed.storage_key;
                        tracing::error!(blob.key = key, %error, "bytes were not deleted");
                    }
                }
            }
            self.catalog()
                .transaction(Durability::Process, move |tx| {
                    deleted.iter().try_for_each(|key| tx.trash_delete(key))
                })
                .await?;
        }
    }

    async fn delete_bytes(&self, trashed: &TrashedBytes) -> Result<(), StoreError> {
        let key = trashed
            .storage_key
            .parse()
            .map_err(|error| StoreError::Interrupted(format!("{error}")))?;
        Ok(self.blobs().delete(&key).await?)
    }
}
