//! Pushing a manifest.

use bytes::Bytes;
use gantry_catalog::{Durability, NewManifest, StoredManifest, Transaction};
use gantry_model::permission::{Permit, Push};
use gantry_model::{Change, Lock};
use gantry_oci::{Digest, Manifest, ManifestError, MediaType, Reference, Tag};

use super::named::{MissingContent, Named, find_named, told};
use crate::error::store_error;
use crate::locked::{Lockable, Locked, check_open};
use crate::uploads::Place;
use crate::{Content, Full, StoreError};

/// The longest annotations of a manifest with a subject, in bytes of JSON: they are listed with
/// the subject's referrers.
const LISTED_ANNOTATIONS: usize = 64 << 10;
/// Manifests longer than this many bytes are parsed aside, lest other requests wait.
const PARSED_ASIDE: usize = 64 << 10;

/// A manifest as a client sends it.
#[derive(Clone, Debug)]
pub struct UnreadManifest {
    /// The tag to give it, or the digest it must have.
    pub reference: Reference,
    /// Tags to give it besides.
    pub tags: Vec<Tag>,
    /// The media type the client announced.
    pub media_type: Option<MediaType>,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// A manifest that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedManifest {
    /// Its digest.
    pub digest: Digest,
    /// The manifest it refers to, if it names one.
    pub subject: Option<Digest>,
    /// The tags that name it now, of those the client asked for.
    pub tags: Vec<Tag>,
}

/// Why the manifest wasn't taken.
#[derive(Debug, thiserror::Error)]
pub enum PutManifestError {
    /// The bytes are no manifest that is understood.
    #[error(transparent)]
    Invalid(#[from] ManifestError),
    /// The bytes have another digest than the address says.
    #[error("the manifest has digest {actual}, not {claimed}")]
    DigestMismatch {
        /// What the client said.
        claimed: Digest,
        /// What it is.
        actual: Digest,
    },
    /// The registry has no room for it.
    #[error(transparent)]
    Full(#[from] Full),
    /// The repository doesn't hold what the manifest names.
    #[error("the repository doesn't hold {}", told(.0))]
    Missing(Vec<MissingContent>),
    /// The manifest gives something another length than it has.
    #[error("the manifest gives {digest} {claimed} bytes, it has {actual}")]
    SizeMismatch {
        /// What it is about.
        digest: Digest,
        /// The manifest's number.
        claimed: u64,
        /// The real one.
        actual: u64,
    },
    /// The index gives a manifest another media type than it was pushed with.
    #[error("the index gives {digest} media type {claimed}, it was pushed with {actual}")]
    MediaTypeMismatch {
        /// What it is about.
        digest: Digest,
        /// The index's media type.
        claimed: MediaType,
        /// The real one.
        actual: MediaType,
    },
    /// A manifest with a subject has too many annotations to be listed.
    #[error("a manifest with a subject may have {max} bytes of annotations, not {0}", max = LISTED_ANNOTATIONS)]
    AnnotationsTooLong(usize),
    /// The repository holds the same bytes under another media type.
    #[error("the repository holds {digest} as {actual}, not {claimed}")]
    HeldAsOther {
        /// What it is about.
        digest: Digest,
        /// The media type it was pushed with now.
        claimed: MediaType,
        /// The one it was pushed with first.
        actual: MediaType,
    },
    /// A lock is in the way.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(PutManifestError);

impl Content {
    /// Makes the repository hold the manifest and gives it its tags, all or nothing.
    ///
    /// What it names must be there, with the length and media type it gives, unless the registry
    /// allows sparse content; non-distributable layers and the subject needn't be. What was
    /// answered survives a loss of power.
    pub async fn put_manifest(
        &self,
        permit: &Permit<Push>,
        unread: UnreadManifest,
    ) -> Result<PushedManifest, PutManifestError> {
        let (unread, view, digest) = parse(unread).await?;
        let tags = tags_of(&unread);
        let new = NewManifest {
            artifact_type: view.artifact_type.clone(),
            subject: view.subject.as_ref().map(|subject| subject.digest),
            annotations: listed_annotations(&view)?,
            facts: self.facts_of(permit, &view, unread.bytes.len()).await,
            pushed_by: permit.identity().to_string(),
            stored: StoredManifest {
                digest,
                media_type: view.media_type.clone(),
                bytes: unread.bytes,
            },
        };
        let pushed = PushedManifest { digest, subject: new.subject, tags: tags.clone() };

        let (registry, name) = (permit.registry(), permit.repository().clone());
        let sparse = self.registries().allows_sparse_content(registry);
        let room = self.room(registry, new.stored.bytes.len() as u64).await?;
        let content = self.clone();
        self.catalog()
            .transaction(Durability::Power, move |tx| {
                let repository = tx.repository_ensure(registry, &name)?;
                let place = Place { registry, repository, name: &name };
                let locks = tx.repository_lock(repository)?;
                check_open(locks, Lock::Write, || Lockable::Repository(name.clone()))?;
                let named = find_named(tx, repository, &view)?;
                if !sparse {
                    named.all_present()?;
                }
                hold(tx, &place, &new, &named, room)?;
                for tag in &tags {
                    set_tag(tx, &place, tag, &digest, &new.pushed_by)?;
                }
                tx.on_commit(content.cache().invalidation(registry, &name));
                Ok(())
            })
            .await
            .map(|()| pushed)
    }
}

async fn parse(
    unread: UnreadManifest,
) -> Result<(UnreadManifest, Manifest, Digest), PutManifestError> {
    let length = unread.bytes.len();
    let parse = move || {
        let view = Manifest::parse(unread.media_type.as_ref(), &unread.bytes)?;
        let digest = digest_of(&unread)?;
        Ok((unread, view, digest))
    };
    if length <= PARSED_ASIDE {
        return parse();
    }
    let parsed = tokio::task::spawn_blocking(parse).await;
    parsed.map_err(|error| StoreError::Interrupted(error.to_string()))?
}

fn digest_of(unread: &UnreadManifest) -> Result<Digest, PutManifestError> {
    match unread.reference {
        Reference::Tag(_) => Ok(Digest::sha256(&unread.bytes)),
        Reference::Digest(claimed) => {
            let actual = Digest::of(claimed.algorithm(), &unread.bytes);
            if actual == claimed {
                Ok(actual)
            } else {
                Err(PutManifestError::DigestMismatch { claimed, actual })
            }
        }
    }
}

fn tags_of(unread: &UnreadManifest) -> Vec<Tag> {
    let mut tags: Vec<Tag> = unread.reference.as_tag().into_iter().cloned().collect();
    for tag in &unread.tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

fn listed_annotations(view: &Manifest) -> Result<Option<String>, PutManifestError> {
    if view.subject.is_none() || view.annotations.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(&view.annotations).expect("texts are plain data");
    match text.len() {
        0..=LISTED_ANNOTATIONS => Ok(Some(text)),
        length => Err(PutManifestError::AnnotationsTooLong(length)),
    }
}

fn hold(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    new: &NewManifest,
    named: &Named,
    room: Result<(), Full>,
) -> Result<(), PutManifestError> {
    let digest = &new.stored.digest;
    if let Some(held) = tx.manifest_find(place.repository, digest)?
        && held.media_type != new.stored.media_type
    {
        return Err(PutManifestError::HeldAsOther {
            digest: *digest,
            claimed: new.stored.media_type.clone(),
            actual: held.media_type,
        });
    }
    let stored = tx.manifest_insert(place.registry, &new.stored)?;
    if stored {
        room?;
    }
    if !tx.manifest_link(place.registry, place.repository, new)? {
        return Ok(());
    }
    for (blob, held) in &named.blobs {
        tx.blob_edge_insert(place.repository, digest, blob, *held)?;
    }
    for (child, held) in &named.children {
        tx.manifest_edge_insert(place.repository, digest, child, *held)?;
    }
    tx.manifest_edge_arrived(place.repository, digest)?;
    Ok(tx.journal_append(
        place.registry,
        &Change::ManifestPut {
            repository: place.name.clone(),
            digest: *digest,
            media_type: new.stored.media_type.clone(),
            size: new.stored.bytes.len() as u64,
            stored,
        },
    )?)
}

fn set_tag(
    tx: &mut Transaction<'_, '_>,
    place: &Place<'_>,
    tag: &Tag,
    digest: &Digest,
    by: &str,
) -> Result<(), PutManifestError> {
    if let Some(row) = tx.tag_attributes(place.repository, tag)? {
        if row.digest == *digest {
            return Ok(());
        }
        check_open(row.locks, Lock::Write, || Lockable::Tag(tag.clone()))?;
    }
    let previous = tx.tag_set(place.repository, tag, digest, by)?;
    Ok(tx.journal_append(
        place.registry,
        &Change::TagSet {
            repository: place.name.clone(),
            tag: tag.clone(),
            digest: *digest,
            previous,
        },
    )?)
}
