//! A manifest's attributes.

use gantry_catalog::{Durability, ManifestAttributes, Order, Place};
use gantry_model::permission::{MetadataRead, MetadataWrite, Permit};
use gantry_model::{Change, LockChange, RepositoryId};
use gantry_oci::{Descriptor, Digest, Manifest, Tag};

use super::{AttributesError, lock_listed};
use crate::Content;
use crate::page::Page;

/// How many tags are told of one manifest.
const TAGS: usize = 1000;
/// How many tags are read for one page, all its manifests together.
const TAGS_OF_PAGE: usize = 10_000;

/// A manifest with the tags that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedManifest {
    /// What is told of it.
    pub attributes: ManifestAttributes,
    /// The tags, in byte order: the first ones, where there are thousands.
    pub tags: Vec<Tag>,
    /// What an index lists, where it was asked for.
    pub children: Vec<Descriptor>,
}

impl Content {
    /// What is told of the manifest.
    pub async fn describe_manifest(
        &self,
        permit: &Permit<MetadataRead>,
        digest: &Digest,
    ) -> Result<DescribedManifest, AttributesError> {
        let repository = self.describe_repository(permit).await?.id;
        let row = self.catalog().manifest_attributes(repository, digest).await?;
        let attributes = row.ok_or(AttributesError::ManifestUnknown(*digest))?;
        self.described(permit, repository, attributes).await
    }

    /// Up to `limit` manifests of the repository that may be listed, in `order` behind `place`.
    pub async fn list_manifest_attributes(
        &self,
        permit: &Permit<MetadataRead>,
        order: Order,
        place: Option<Place<&Digest>>,
        limit: usize,
    ) -> Result<Page<DescribedManifest>, AttributesError> {
        let repository = self.describe_repository(permit).await?.id;
        let limit = limit.min(self.limits().page);
        if limit == 0 {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let rows = self
            .catalog()
            .manifest_attributes_list(repository, order, place, limit + 1, TAGS_OF_PAGE)
            .await?;
        let is_cut = rows.len() == TAGS_OF_PAGE;
        let mut page: Vec<DescribedManifest> = Vec::new();
        for (attributes, tag) in rows {
            match page.last_mut() {
                Some(last) if last.attributes.digest == attributes.digest => last.tags.extend(tag),
                _ => page.push(DescribedManifest {
                    attributes,
                    tags: tag.into_iter().collect(),
                    children: Vec::new(),
                }),
            }
        }
        // The tags of the last one may go on: it begins the next page.
        if is_cut && page.len() > 1 {
            page.pop();
            return Ok(Page { items: page, more: true });
        }
        for manifest in &mut page {
            manifest.tags.truncate(TAGS);
        }
        let more = page.len() > limit || is_cut;
        page.truncate(limit);
        Ok(Page { items: page, more })
    }

    /// Locks or unlocks the manifest; answers what is told of it then. In force on every node when it
    /// is answered.
    pub async fn lock_manifest(
        &self,
        permit: &Permit<MetadataWrite>,
        digest: &Digest,
        change: LockChange,
    ) -> Result<DescribedManifest, AttributesError> {
        let (registry, name, digest) = (permit.registry(), permit.repository().clone(), *digest);
        let content = self.clone();
        let (id, attributes) = self
            .catalog()
            .transaction(Durability::Power, move |tx| {
                let id = lock_listed(tx, registry, &name)?
                    .ok_or_else(|| AttributesError::RepositoryUnknown(name.clone()))?;
                let row = tx.manifest_attributes(id, &digest)?;
                let mut row = row.ok_or(AttributesError::ManifestUnknown(digest))?;
                let locks = change.applied_to(row.locks);
                if locks != row.locks {
                    tx.manifest_set_locks(id, &digest, locks)?;
                    let (repository, tag, digest) = (name.clone(), None, Some(digest));
                    tx.journal_append(registry, &Change::LocksChanged { repository, tag, digest })?;
                    tx.on_commit(content.cache().invalidation(registry, &name));
                }
                row.locks = locks;
                Ok::<_, AttributesError>((id, row))
            })
            .await?;
        self.everywhere().await?;
        self.described(permit, id, attributes).await
    }

    async fn described<A>(
        &self,
        permit: &Permit<A>,
        repository: RepositoryId,
        attributes: ManifestAttributes,
    ) -> Result<DescribedManifest, AttributesError> {
        let digest = attributes.digest;
        let rows =
            self.catalog().tag_attributes_by_name(repository, Some(&digest), "", TAGS).await?;
        let tags = rows.into_iter().map(|row| row.name).collect();
        let mut children = Vec::new();
        if attributes.media_type.is_index() {
            let (registry, name) = (permit.registry(), permit.repository());
            let found = self.catalog().manifest_find_by_digest(registry, name, &digest).await?;
            let read = found
                .map(|found| found.stored)
                .and_then(|stored| Manifest::parse(Some(&stored.media_type), &stored.bytes).ok());
            children = read.map(|index| index.children).unwrap_or_default();
        }
        Ok(DescribedManifest { attributes, tags, children })
    }
}
