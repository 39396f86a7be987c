//! A tag's attributes.

use gantry_catalog::{Durability, Order, Place, TagRow};
use gantry_model::permission::{MetadataRead, MetadataWrite, Permit};
use gantry_model::{Change, Lock, LockChange};
use gantry_oci::{Digest, Tag};

use super::{AttributesError, lock_listed};
use crate::Content;
use crate::page::Page;

impl Content {
    /// What is told of the tag.
    pub async fn describe_tag(
        &self,
        permit: &Permit<MetadataRead>,
        tag: &Tag,
    ) -> Result<TagRow, AttributesError> {
        let repository = self.describe_repository(permit).await?.id;
        let row = self.catalog().tag_attributes(repository, tag).await?;
        row.ok_or_else(|| AttributesError::TagUnknown(tag.clone()))
    }

    /// Up to `limit` tags of the repository that may be listed, in `order` behind `place`; those
    /// that name one manifest, by name, if one is asked for.
    pub async fn list_tag_attributes(
        &self,
        permit: &Permit<MetadataRead>,
        order: Order,
        digest: Option<&Digest>,
        place: Option<Place<&str>>,
        limit: usize,
    ) -> Result<Page<TagRow>, AttributesError> {
        let repository = self.describe_repository(permit).await?.id;
        let limit = limit.min(self.limits().page);
        if limit == 0 {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let rows = if order == Order::Name || digest.is_some() {
            let last = place.map_or("", |place| place.name);
            self.catalog().tag_attributes_by_name(repository, digest, last, limit + 1).await?
        } else {
            self.catalog().tag_attributes_by_time(repository, order, place, limit + 1).await?
        };
        let mut page = Page::cut(rows, limit);
        page.items.retain(|row| !row.locks.has(Lock::List));
        Ok(page)
    }

    /// Locks or unlocks the tag; answers what is told of it then. In force on every node when it is
    /// answered.
    pub async fn lock_tag(
        &self,
        permit: &Permit<MetadataWrite>,
        tag: &Tag,
        change: LockChange,
    ) -> Result<TagRow, AttributesError> {
        let (registry, name, tag) = (permit.registry(), permit.repository().clone(), tag.clone());
        let content = self.clone();
        let row = self
            .catalog()
            .transaction(Durability::Power, move |tx| {
                let id = lock_listed(tx, registry, &name)?
                    .ok_or_else(|| AttributesError::RepositoryUnknown(name.clone()))?;
                let mut row = tx
                    .tag_attributes(id, &tag)?
                    .ok_or_else(|| AttributesError::TagUnknown(tag.clone()))?;
                let locks = change.applied_to(row.locks);
                if locks != row.locks {
                    tx.tag_set_locks(id, &tag, locks)?;
                    let (repository, tag, digest) = (name.clone(), Some(tag.clone()), None);
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
