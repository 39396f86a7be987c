//! Clearing away what deleted registries held, once they can't be brought back any more.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::RegistryId;

use super::Registries;
use crate::{Content, StoreError};

/// About how many rows one transaction takes.
const BATCH: usize = 500;
/// How many registries are looked for at a time.
const PAGE: usize = 100;

impl Content {
    /// Clears away all registries whose time is over; their bytes go to the trash.
    pub(crate) async fn clear_deleted(&self) -> Result<(), StoreError> {
        let before = self.catalog().now().minus(Registries::RETENTION);
        let mut after = RegistryId::NONE;
        loop {
            let found = self.catalog().registry_list_deleted(before, after, PAGE).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.registry.id;
            for deleted in &found {
                let id = deleted.registry.id;
                let step = move |tx: &mut Transaction<'_, '_>| match tx.registry_lock_deleted(id)? {
                    Some(_) => tx.registry_clear(id, BATCH),
                    None => Ok::<_, DbError>(false),
                };
                while self.catalog().transaction(Durability::Power, step).await? {}
            }
        }
    }
}
