//! Listing repositories.

use gantry_model::permission::CatalogPermit;
use gantry_oci::RepositoryName;

use crate::page::Page;
use crate::{Content, StoreError};

impl Content {
    /// Up to `limit` repositories of the registry after `last`, in byte order.
    pub async fn list_repositories(
        &self,
        permit: &CatalogPermit,
        last: &str,
        limit: usize,
    ) -> Result<Page<RepositoryName>, StoreError> {
        let limit = limit.min(self.limits().page);
        if limit == 0 {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let names = self.catalog().repository_list(permit.registry(), last, limit + 1).await?;
        Ok(Page::cut(names, limit))
    }
}
