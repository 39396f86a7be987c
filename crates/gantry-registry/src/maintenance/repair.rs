//! Making room for lost blobs to be pushed again.

use gantry_catalog::{DbError, Durability};
use gantry_model::{Change, RegistryId};
use gantry_oci::Digest;

use crate::{Content, StoreError};

/// How many repositories one transaction takes.
const BATCH: usize = 100;

impl Content {
    /// Ends every repository's hold on a blob whose bytes are damaged or gone; answers how many
    /// held it. Manifests go on naming it, and hold it again once a client has pushed it, which
    /// clients do when they are told that it isn't there.
    pub async fn let_go_of_blob(
        &self,
        registry: RegistryId,
        digest: Digest,
    ) -> Result<u64, StoreError> {
        let mut let_go = 0;
        loop {
            let content = self.clone();
            let batch = self
                .catalog()
                .transaction(Durability::Power, move |tx| {
                    let holders = tx.blob_holders(registry, &digest, BATCH)?;
                    for (repository, name) in &holders {
                        let Some(size) = tx.blob_size(*repository, &digest)? else { continue };
                        tx.blob_edge_released(*repository, &digest)?;
                        tx.blob_unlink(*repository, &digest)?;
                        let dropped = tx.blob_drop_unheld(registry, &digest)?;
                        let repository = name.clone();
                        tx.journal_append(
                            registry,
                            &Change::BlobUnlinked { repository, digest, size, dropped },
                        )?;
                        tx.on_commit(content.cache().invalidation(registry, name));
                    }
                    let trashed = content.0.trashed.clone();
                    tx.on_commit(move || trashed.notify_one());
                    Ok::<_, DbError>(holders.len())
                })
                .await?;
            let_go += batch as u64;
            if batch < BATCH {
                return Ok(let_go);
            }
        }
    }
}
