//! Deleting a manifest, with its tags and referrers; removing a tag.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::Change;
use gantry_model::permission::{Delete, Permit};
use gantry_oci::{Digest, Tag};

use crate::uploads::Place;
use crate::{Content, StoreError};

/// Why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteManifestError {
    /// The repository holds no such manifest.
    #[error("the repository holds no manifest {0}")]
    Unknown(Digest),
    /// The repository has no such tag.
    #[error("the repository has no tag {0}")]
    TagUnknown(Tag),
    /// An index of the repository names it, and the registry allows no sparse content.
    #[error("index {parent} names manifest {child}: delete the index first")]
    Named {
        /// The manifest.
        child: Digest,
        /// An index that names it.
        parent: Digest,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbError> for DeleteManifestError {
    fn from(error: DbError) -> Self {
        Self::Store(error.into())
    }
}

impl Content {
    /// Removes the tag; what it named stays.
    ///
    /// What was answered survives a loss of power.
    pub async fn delete_tag(
        &self,
        permit: &Permit<Delete>,
        tag: &Tag,
    ) -> Result<(), DeleteManifestError> {
        let (registry, name, tag) = (permit.registry(), permit.repository().clone(), tag.clone());
        let by = permit.identity().to_string();
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = || DeleteManifestError::TagUnknown(tag.clone());
                let repository = tx.repository_find(registry, &name)?.ok_or_else(unknown)?;
                let place = Place { registry, repository, name: &name };
                remove_tag(tx, &place, &tag, &by)?.ok_or_else(unknown)?;
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
    }

    /// Deletes the manifest, the tags that name it, and the manifests that refer to it, as ACR
    /// does. A child of an index is refused unless the registry allows sparse content; a referrer
    /// that is one stays.
    ///
    /// What was answered survives a loss of power.
    pub async fn delete_manifest(
        &self,
        permit: &Permit<Delete>,
        digest: &Digest,
    ) -> Result<(), DeleteManifestError> {
        let (registry, name, digest) = (permit.registry(), permit.repository().clone(), *digest);
        let by = permit.identity().to_string();
        let sparse = self.registries().settings(registry).sparse_content;
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let unknown = || DeleteManifestError::Unknown(digest);
                let repository = tx.repository_find(registry, &name)?.ok_or_else(unknown)?;
                let place = Place { registry, repository, name: &name };
                if let Some(parent) = tx.manifest_edge_parent(repository, &digest)?
                    && !sparse
                {
                    return Err(DeleteManifestError::Named { child: digest, parent });
                }
                remove_manifest(tx, &place, &digest, &by)?.ok_or_else(unknown)?;
                remove_referrers(tx, &place, &digest, &by)?;
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
    }
}

/// Removes what refers to `subject`, what refers to that, and so on. Digests make cycles
/// impossible, so this ends.
fn remove_referrers(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    subject: &Digest,
    by: &str,
) -> Result<(), DbError> {
    let mut subjects = vec![*subject];
    while let Some(subject) = subjects.pop() {
        for referrer in tx.referrer_digests(place.repository, &subject)? {
            if tx.manifest_edge_parent(place.repository, &referrer)?.is_none()
                && remove_manifest(tx, place, &referrer, by)?.is_some()
            {
                subjects.push(referrer);
            }
        }
    }
    Ok(())
}

fn remove_manifest(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    digest: &Digest,
    by: &str,
) -> Result<Option<()>, DbError> {
    let Some(row) = tx.manifest_find(place.repository, digest)? else { return Ok(None) };
    for tag in tx.tags_of(place.repository, digest)? {
        remove_tag(tx, place, &tag, by)?;
    }
    tx.manifest_edge_released(place.repository, digest)?;
    tx.manifest_unlink(place.repository, digest)?;
    let dropped = tx.manifest_drop_unheld(place.registry, digest)?;
    tx.journal_append(
        place.registry,
        &Change::ManifestDeleted {
            repository: place.name.clone(),
            digest: *digest,
            size: row.size,
            dropped,
        },
    )?;
    Ok(Some(()))
}

fn remove_tag(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    tag: &Tag,
    by: &str,
) -> Result<Option<()>, DbError> {
    let Some(digest) = tx.tag_delete(place.repository, tag, by)? else { return Ok(None) };
    let (repository, tag) = (place.name.clone(), tag.clone());
    tx.journal_append(place.registry, &Change::TagDeleted { repository, tag, digest })?;
    Ok(Some(()))
}
