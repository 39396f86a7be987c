//! Removing manifests with all that goes with them, a bounded part in each transaction.

use gantry_catalog::{DbError, Transaction};
use gantry_model::Change;
use gantry_oci::{Digest, Tag, referrers_tag};

use crate::locked::{Lockable, Locked, check_deletable};
use crate::repositories::DeletedRepository;
use crate::uploads::Place;

/// Why something wasn't removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoveError {
    /// A lock is in the way.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] DbError),
}

/// How far a removal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// Everything is removed.
    Complete,
    /// Another transaction has to go on.
    Partial,
}

/// Removes content of one repository, on someone's behalf.
pub(crate) struct Remover<'a> {
    place: &'a Place<'a>,
    by: &'a str,
    /// How much more this transaction may remove.
    room: usize,
    removed: DeletedRepository,
}

impl<'a> Remover<'a> {
    /// How many manifests and tags one transaction removes.
    pub(crate) const BATCH: usize = 200;

    pub(crate) fn new(place: &'a Place<'a>, by: &'a str) -> Self {
        Self { place, by, room: Self::BATCH, removed: DeletedRepository::default() }
    }

    /// What was removed.
    pub(crate) fn removed(self) -> DeletedRepository {
        self.removed
    }

    /// Removes the manifest after what refers to it, after what refers to that, and so on. Digests
    /// make cycles impossible, so this ends. A referrer that an index holds stays.
    pub(super) fn with_referrers(
        mut self,
        tx: &mut Transaction<'_, '_>,
        subject: &Digest,
    ) -> Result<Removal, RemoveError> {
        if self.fallback_index(tx, subject)? == Removal::Partial {
            return Ok(Removal::Partial);
        }
        // From the subject to the manifest at hand, each with the last referrer that was looked at.
        let mut path = vec![(*subject, None)];
        while let Some((manifest, last)) = path.last_mut() {
            if let Some(referrer) =
                tx.referrer_next_free(self.place.repository, manifest, last.as_ref())?
            {
                *last = Some(referrer);
                if self.fallback_index(tx, &referrer)? == Removal::Partial {
                    return Ok(Removal::Partial);
                }
                path.push((referrer, None));
            } else if self.manifest(tx, manifest)? == Removal::Partial {
                return Ok(Removal::Partial);
            } else {
                path.pop();
            }
        }
        Ok(Removal::Complete)
    }

    /// Removes the tag; answers what it named.
    pub(super) fn tag(
        &mut self,
        tx: &mut Transaction<'_, '_>,
        tag: &Tag,
    ) -> Result<Option<Digest>, RemoveError> {
        if let Some(row) = tx.tag_attributes(self.place.repository, tag)? {
            check_deletable(row.locks, || Lockable::Tag(tag.clone()))?;
        }
        self.room = self.room.saturating_sub(1);
        let removed = tx.tag_delete(self.place.repository, tag, self.by)?;
        if let Some(digest) = removed {
            let (repository, tag) = (self.place.name.clone(), tag.clone());
            self.removed.tags.push(tag.clone());
            tx.journal_append(
                self.place.registry,
                &Change::TagDeleted { repository, tag, digest },
            )?;
        }
        Ok(removed)
    }

    /// Removes the index that clients keep under the subject's fallback tag
    /// (distribution-spec, "Referrers Tag Schema"), so that it holds the referrers no longer.
    fn fallback_index(
        &mut self,
        tx: &mut Transaction<'_, '_>,
        subject: &Digest,
    ) -> Result<Removal, RemoveError> {
        let (tag, repository) = (referrers_tag(subject), self.place.repository);
        let Some(digest) = tx.tag_find(repository, &tag)? else { return Ok(Removal::Complete) };
        let index = tx.manifest_find(repository, &digest)?;
        if !index.is_some_and(|row| row.media_type.is_index()) {
            return Ok(Removal::Complete);
        }
        // Both in one transaction: without its tag the index isn't found again.
        if self.room < 2 {
            return Ok(Removal::Partial);
        }
        self.tag(tx, &tag)?;
        let free = tx.tags_of(repository, &digest, 1)?.is_empty()
            && tx.manifest_edge_parent(repository, &digest)?.is_none();
        if free { self.manifest(tx, &digest) } else { Ok(Removal::Complete) }
    }

    /// Removes the manifest after its tags, as far as there is room.
    pub(crate) fn manifest(
        &mut self,
        tx: &mut Transaction<'_, '_>,
        digest: &Digest,
    ) -> Result<Removal, RemoveError> {
        let (registry, repository) = (self.place.registry, self.place.repository);
        let Some(row) = tx.manifest_find(repository, digest)? else {
            return Ok(Removal::Complete);
        };
        check_deletable(row.locks, || Lockable::Manifest(*digest))?;
        for tag in tx.tags_of(repository, digest, self.room)? {
            self.tag(tx, &tag)?;
        }
        if self.room == 0 {
            return Ok(Removal::Partial);
        }
        self.room -= 1;
        self.removed.manifests.push(*digest);
        tx.manifest_edge_released(repository, digest)?;
        tx.manifest_unlink(repository, digest)?;
        let dropped = tx.manifest_drop_unheld(registry, digest)?;
        tx.journal_append(
            registry,
            &Change::ManifestDeleted {
                repository: self.place.name.clone(),
                digest: *digest,
                size: row.size,
                dropped,
            },
        )?;
        Ok(Removal::Complete)
    }
}
