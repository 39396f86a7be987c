//! A repository's attributes.

use gantry_catalog::{Durability, RepositoryRow};
use gantry_model::permission::{MetadataRead, MetadataWrite, Permit};
use gantry_model::{Change, LockChange};

use super::{AttributesError, lock_listed};
use crate::Content;

impl Content {
    /// What is told of the repository.
    pub async fn describe_repository(
        &self,
        permit: &Permit<MetadataRead>,
    ) -> Result<RepositoryRow, AttributesError> {
        let name = permit.repository();
        let row = self.catalog().repository_attributes(permit.registry(), name).await?;
        row.ok_or_else(|| AttributesError::RepositoryUnknown(name.clone()))
    }

    /// Locks or unlocks the repository; answers what is told of it then. In force on every node when
    /// it is answered.
    pub async fn lock_repository(
        &self,
        permit: &Permit<MetadataWrite>,
        change: LockChange,
    ) -> Result<RepositoryRow, AttributesError> {
        let (registry, name) = (permit.registry(), permit.repository().clone());
        let content = self.clone();
        let row = self
            .catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = || AttributesError::RepositoryUnknown(name.clone());
                let id = lock_listed(tx, registry, &name)?.ok_or_else(unknown)?;
                let mut row = tx.repository_attributes(registry, &name)?.ok_or_else(unknown)?;
                let locks = change.applied_to(row.locks);
                if locks != row.locks {
                    tx.repository_set_locks(id, locks)?;
                    let (repository, tag, digest) = (name.clone(), None, None);
                    tx.journal_append(registry, &Change::LocksChanged { repository, tag, digest })?;
                    tx.on_commit(content.cache().invalidation(registry, &name));
                }
                row.locks = locks;
                Ok::<_, AttributesError>(row)
            })
            .await?;
        self.everywhere().await?;
        Ok(row)
    }
}
