//! Deleting a repository with all that it holds.

use gantry_catalog::{Durability, KeptBy};
use gantry_model::permission::{Delete, Permit};
use gantry_oci::{Digest, RepositoryName, Tag};

use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_deletable};
use crate::manifests::{Removal, RemoveError, Remover};
use crate::uploads::Place;
use crate::{Content, StoreError};

/// How many names of what was deleted are told, of each kind.
const TOLD: usize = 10_000;

/// What was deleted with a repository: the first ones, where there were tens of thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedRepository {
    /// The manifests.
    pub manifests: Vec<Digest>,
    /// The tags.
    pub tags: Vec<Tag>,
}

/// Why it wasn't deleted, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRepositoryError {
    /// The registry has no such repository.
    #[error("repository \"{0}\" is not found.")]
    Unknown(RepositoryName),
    /// A lock is in the way.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(DeleteRepositoryError);

impl From<RemoveError> for DeleteRepositoryError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Locked(locked) => Self::Locked(locked),
            RemoveError::Catalog(error) => error.into(),
        }
    }
}

impl Content {
    /// Deletes everything in the repository, and so the repository. Refused while it, or a tag or
    /// manifest of it, is locked.
    ///
    /// Indexes go before what they name, in as many transactions as it takes: a delete that was cut
    /// short is asked for again. What was answered survives a loss of power.
    pub async fn delete_repository(
        &self,
        permit: &Permit<Delete>,
    ) -> Result<DeletedRepository, DeleteRepositoryError> {
        let (registry, name) = (permit.registry(), permit.repository().clone());
        let by = permit.identity().to_string();
        let mut deleted: Option<DeletedRepository> = None;
        loop {
            let (content, name, by) = (self.clone(), name.clone(), by.clone());
            let unknown = DeleteRepositoryError::Unknown(name.clone());
            let removed = self
                .catalog()
                .transaction(Durability::Power, move |tx| {
                    let Some(row) = tx.repository_attributes(registry, &name)? else {
                        return Ok(None);
                    };
                    let locks = tx.repository_lock(row.id)?;
                    check_deletable(locks, || Lockable::Repository(name.clone()))?;
                    if let Some((kept, locks)) = tx.repository_kept_by(row.id)? {
                        check_deletable(locks, || lockable(kept))?;
                    }
                    let place = Place { registry, repository: row.id, name: &name };
                    let mut remover = Remover::new(&place, &by);
                    for manifest in tx.manifests_free(row.id, Remover::BATCH)? {
                        if remover.manifest(tx, &manifest)? == Removal::Partial {
                            break;
                        }
                    }
                    tx.on_commit(content.cache().invalidation(registry, &name));
                    Ok::<_, DeleteRepositoryError>(Some(remover.removed()))
                })
                .await?;
            match removed {
                Some(batch) => deleted.get_or_insert_default().add(batch),
                None => {
                    self.everywhere().await?;
                    return deleted.ok_or(unknown);
                }
            }
        }
    }
}

fn lockable(kept: KeptBy) -> Lockable {
    match kept {
        KeptBy::Tag(tag) => Lockable::Tag(tag),
        KeptBy::Manifest(digest) => Lockable::Manifest(digest),
    }
}

impl DeletedRepository {
    fn add(&mut self, batch: Self) {
        self.manifests.extend(batch.manifests);
        self.manifests.truncate(TOLD);
        self.tags.extend(batch.tags);
        self.tags.truncate(TOLD);
    }
}
