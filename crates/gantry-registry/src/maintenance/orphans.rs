//! Stored bytes that no row names.
//!
//! A session's row is committed before its first byte is stored, and a key is in some row (a
//! session's, a blob's, the trash's) until its bytes are deleted. But a row that needn't survive a
//! loss of power may be lost while bytes it named are not.

use futures_util::TryStreamExt;
use gantry_blobs::{BlobKey, StoredBlob};
use gantry_model::UploadId;

use super::Collected;
use crate::{Content, StoreError};

impl Content {
    /// Deletes the bytes of all registries that no row names and that are older than the grace.
    pub(super) async fn sweep_orphans(&self, collected: &mut Collected) -> Result<(), StoreError> {
        for registry in self.catalog().registry_list().await? {
            let registry = registry.id.to_string();
            let mut stored = self.blobs().list(&registry);
            while let Some(stored) = stored.try_next().await? {
                if self.is_old(&stored.key) && self.is_orphan(&stored).await? {
                    self.blobs().delete(&stored.key).await?;
                    tracing::info!(blob.key = %stored.key, "deleted bytes that no row names");
                    collected.orphans += 1;
                    collected.bytes += stored.length;
                }
            }
        }
        Ok(())
    }

    /// Whether no row names the stored bytes, and they are still there.
    pub(super) async fn is_orphan(&self, stored: &StoredBlob) -> Result<bool, StoreError> {
        Ok(!self.catalog().storage_key_in_use(&stored.key.to_string()).await?
            && self.blobs().holds(&stored.key).await?)
    }

    /// The upload started longer ago than the grace.
    fn is_old(&self, key: &BlobKey) -> bool {
        let before = self.catalog().now().minus(self.limits().grace);
        key.upload().parse::<UploadId>().is_ok_and(|id| id.made_at() < before)
    }
}
