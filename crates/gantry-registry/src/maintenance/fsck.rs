//! Checking that catalog and blob store agree. Changes nothing, so it may run beside anything;
//! what changes under it is looked at twice before it is reported.

use futures_util::TryStreamExt;
use gantry_blobs::BlobKey;
use gantry_catalog::BlobRow;
use gantry_model::{Registry, RegistryId};
use gantry_oci::{Digest, Hasher};
use serde::Serialize;

use crate::{Content, StoreError};

const PAGE: usize = 500;
/// Manifests are read whole, up to 4 MiB each.
const MANIFESTS: usize = 8;

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Rows, keys and lengths.
    Lengths,
    /// Every byte is read and hashed again.
    Bytes,
}

/// Something that isn't as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The database itself is damaged.
    Database {
        /// What the database says.
        message: String,
    },
    /// A blob's bytes aren't in the store.
    BytesMissing {
        /// The registry.
        registry: String,
        /// The blob.
        digest: Digest,
        /// Where they should be.
        key: String,
    },
    /// A blob has another length than its row says.
    LengthDiffers {
        /// The registry.
        registry: String,
        /// The blob.
        digest: Digest,
        /// The row's length in bytes.
        recorded: u64,
        /// The store's.
        stored: u64,
    },
    /// A blob's bytes hash to another digest.
    BlobDiffers {
        /// The registry.
        registry: String,
        /// The blob.
        digest: Digest,
        /// What the bytes hash to.
        actual: Digest,
    },
    /// A manifest's bytes hash to another digest.
    ManifestDiffers {
        /// The registry.
        registry: String,
        /// The manifest.
        digest: Digest,
        /// What the bytes hash to.
        actual: Digest,
    },
    /// A blob can't be read.
    Unreadable {
        /// The registry.
        registry: String,
        /// The blob.
        digest: Digest,
        /// What the store says.
        message: String,
    },
    /// The store has bytes that no row names. They take room and do no harm.
    Orphan {
        /// Where they are.
        key: String,
        /// How many.
        size: u64,
    },
}

impl Finding {
    /// The blob whose bytes are damaged or gone, with its registry's name: repositories can let go
    /// of it ([`Content::let_go_of_blob`]) so that it is pushed again.
    pub fn lost_blob(&self) -> Option<(&str, &Digest)> {
        match self {
            Self::BytesMissing { registry, digest, .. }
            | Self::LengthDiffers { registry, digest, .. }
            | Self::BlobDiffers { registry, digest, .. } => Some((registry, digest)),
            // A disk that can't be read now may be read again.
            Self::Unreadable { .. }
            | Self::ManifestDiffers { .. }
            | Self::Database { .. }
            | Self::Orphan { .. } => None,
        }
    }

    /// Content is damaged or gone, rather than room wasted.
    pub fn is_damage(&self) -> bool {
        !matches!(self, Self::Orphan { .. })
    }
}

/// What was looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Blobs looked at.
    pub blobs: u64,
    /// Manifests looked at.
    pub manifests: u64,
    /// Bytes read and hashed.
    pub hashed: u64,
    /// What isn't as it must be.
    pub findings: Vec<Finding>,
}

impl Content {
    /// Looks at every registry.
    pub async fn fsck(&self, depth: Depth) -> Result<Report, StoreError> {
        let mut report = Report::default();
        for message in self.catalog().db().integrity_check().await? {
            report.findings.push(Finding::Database { message });
        }
        for registry in self.catalog().registry_list().await? {
            self.check_blobs(&registry, depth, &mut report).await?;
            self.check_manifests(&registry, &mut report).await?;
            self.check_orphans(registry.id, &mut report).await?;
        }
        Ok(report)
    }

    async fn check_blobs(
        &self,
        registry: &Registry,
        depth: Depth,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let page = self.catalog().blob_list(registry.id, last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.digest);
            for blob in &page {
                report.blobs += 1;
                if let Some(finding) = self.check_blob(registry, blob, depth, report).await
                    && self.still_there(registry.id, blob).await?
                {
                    report.findings.push(finding);
                }
            }
        }
    }

    /// The row may have been collected since it was listed.
    async fn still_there(&self, registry: RegistryId, blob: &BlobRow) -> Result<bool, StoreError> {
        Ok(self.catalog().blob_row(registry, &blob.digest).await?.as_ref() == Some(blob))
    }

    async fn check_blob(
        &self,
        registry: &Registry,
        blob: &BlobRow,
        depth: Depth,
        report: &mut Report,
    ) -> Option<Finding> {
        let (name, digest) = (registry.name.to_string(), blob.digest);
        let unreadable = |error: &dyn std::fmt::Display| Finding::Unreadable {
            registry: name.clone(),
            digest,
            message: error.to_string(),
        };
        let key: BlobKey = match blob.storage_key.parse() {
            Ok(key) => key,
            Err(error) => return Some(unreadable(&error)),
        };
        let source = match self.blobs().read(&key, None).await {
            Ok(source) => source,
            Err(gantry_blobs::BlobError::NotFound(_)) => {
                return Some(Finding::BytesMissing {
                    registry: name,
                    digest,
                    key: key.to_string(),
                });
            }
            Err(error) => return Some(unreadable(&error)),
        };
        let stored = source.length();
        if stored != blob.size {
            return Some(Finding::LengthDiffers {
                registry: name,
                digest,
                recorded: blob.size,
                stored,
            });
        }
        if depth == Depth::Lengths {
            return None;
        }
        let mut hasher = Hasher::new(digest.algorithm());
        let mut stream = source.into_stream();
        loop {
            match stream.try_next().await {
                Ok(Some(chunk)) => {
                    report.hashed += chunk.len() as u64;
                    hasher.update(&chunk);
                }
                Ok(None) => break,
                Err(error) => return Some(unreadable(&error)),
            }
        }
        let actual = hasher.finish();
        (actual != digest).then_some(Finding::BlobDiffers { registry: name, digest, actual })
    }

    async fn check_manifests(
        &self,
        registry: &Registry,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let page = self.catalog().manifest_list(registry.id, last.as_ref(), MANIFESTS).await?;
            let Some((end, _)) = page.last() else { return Ok(()) };
            last = Some(*end);
            for (digest, bytes) in page {
                report.manifests += 1;
                report.hashed += bytes.len() as u64;
                let actual = Digest::of(digest.algorithm(), &bytes);
                if actual != digest {
                    let registry = registry.name.to_string();
                    report.findings.push(Finding::ManifestDiffers { registry, digest, actual });
                }
            }
        }
    }

    async fn check_orphans(
        &self,
        registry: RegistryId,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let registry = registry.to_string();
        let mut stored = self.blobs().list(&registry);
        while let Some(stored) = stored.try_next().await? {
            if self.is_orphan(&stored).await? {
                let key = stored.key.to_string();
                report.findings.push(Finding::Orphan { key, size: stored.length });
            }
        }
        Ok(())
    }
}
