//! Making room for lost blobs to be pushed again.

use gantry_catalog::{DbError, Durability};
use gantry_model::RegistryId;
use gantry_oci::Digest;

use crate::blobs::let_go;
use crate::uploads::Place;
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
        let mut holds = 0;
        loop {
            let content = self.clone();
            let batch = self
                .catalog()
                .transaction(Durability::Power, move |tx| {
                    let holders = tx.blob_holders(registry, &digest, BATCH)?;
                    for (repository, name) in &holders {
                        let Some(size) = tx.blob_size(*repository, &digest)? else { continue };
                        let place = Place { registry, repository: *repository, name };
                        let_go(tx, &place, &digest, size)?;
                        tx.on_commit(content.cache().invalidation(registry, name));
                    }
                    let trashed = content.0.trashed.clone();
                    tx.on_commit(move || trashed.notify_one());
                    Ok::<_, DbError>(holders.len())
                })
                .await?;
            holds += batch as u64;
            if batch < BATCH {
                return Ok(holds);
            }
        }
    }
}
