//! Listing tags.

use gantry_model::permission::{MetadataRead, Permit};
use gantry_oci::{RepositoryName, Tag};

use crate::error::store_error;
use crate::page::Page;
use crate::{Content, StoreError};

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListTagsError {
    /// The registry has no such repository.
    #[error("the registry has no repository {0}")]
    RepositoryUnknown(RepositoryName),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(ListTagsError);

impl Content {
    /// Up to `limit` tags of the repository after `last`, in byte order.
    pub async fn list_tags(
        &self,
        permit: &Permit<MetadataRead>,
        last: &str,
        limit: usize,
    ) -> Result<Page<Tag>, ListTagsError> {
        let repository = self
            .catalog()
            .repository_find(permit.registry(), permit.repository())
            .await?
            .ok_or_else(|| ListTagsError::RepositoryUnknown(permit.repository().clone()))?;
        let limit = limit.min(self.limits().page);
        if limit == 0 {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let tags = self.catalog().tag_list(repository, last, limit + 1).await?;
        Ok(Page::cut(tags, limit))
    }
}
