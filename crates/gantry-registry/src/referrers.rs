//! Listing what refers to a manifest.
//!
//! Clients that know no referrers API keep an index under a tag made of the subject's digest
//! (distribution-spec, "Referrers Tag Schema"). Its entries are part of the answer, so that nothing
//! is lost to clients of either kind.

use std::collections::BTreeMap;

use gantry_catalog::Referrer;
use gantry_model::permission::{Permit, Pull};
use gantry_oci::{Descriptor, Digest, Manifest, Reference, referrers_tag};

use crate::error::store_error;
use crate::manifests::FindManifestError;
use crate::page::Page;
use crate::{Content, StoreError};

/// How many rows are asked for at a time.
const BATCH: usize = 64;
/// A page ends early when its annotations have more bytes than this.
const PAGE_BYTES: usize = 1 << 20;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListReferrersError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

store_error!(ListReferrersError);

impl Content {
    /// Up to `limit` manifests that refer to `subject` after `last`, in digest order; of one
    /// artifact type if one is asked for. A subject that isn't there may have referrers all the
    /// same.
    pub async fn list_referrers(
        &self,
        permit: &Permit<Pull>,
        subject: &Digest,
        artifact_type: Option<&str>,
        last: Option<&Digest>,
        limit: usize,
    ) -> Result<Page<Descriptor>, ListReferrersError> {
        let limit = limit.min(self.limits().page);
        if limit == 0 {
            return Ok(Page { items: Vec::new(), more: false });
        }
        let mut found = BTreeMap::new();
        for entry in self.tagged_referrers(permit, subject, last).await? {
            if artifact_type.is_some_and(|wanted| entry.artifact_type.as_deref() != Some(wanted)) {
                continue;
            }
            if found.len() > limit {
                break;
            }
            // Where sparse content is allowed, an index names what may not be there.
            if self.holds_manifest(permit, &entry.digest).await? {
                found.insert(entry.digest, entry);
            }
        }
        let (mut last, mut bytes) = (last.copied(), 0);
        loop {
            let rows = self
                .catalog()
                .referrer_list(
                    permit.registry(),
                    permit.repository(),
                    subject,
                    artifact_type,
                    last.as_ref(),
                    BATCH,
                )
                .await?;
            let complete = rows.len() < BATCH;
            for row in rows {
                bytes += row.annotations.as_ref().map_or(0, String::len);
                last = Some(row.digest);
                found.insert(row.digest, described(row));
            }
            if complete || found.len() > limit {
                return Ok(Page::cut(found.into_values().collect(), limit));
            }
            if bytes > PAGE_BYTES {
                // What lies behind the last row belongs to the next page.
                found.retain(|digest, _| last.is_none_or(|last| *digest <= last));
                return Ok(Page { items: found.into_values().collect(), more: true });
            }
        }
    }

    async fn holds_manifest(
        &self,
        permit: &Permit<Pull>,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        Ok(self.catalog().manifest_held(permit.registry(), permit.repository(), digest).await?)
    }

    /// The entries after `last`, in digest order, that clients keep under the subject's fallback
    /// tag, if there is such an index.
    async fn tagged_referrers(
        &self,
        permit: &Permit<Pull>,
        subject: &Digest,
        last: Option<&Digest>,
    ) -> Result<Vec<Descriptor>, StoreError> {
        let tag = Reference::Tag(referrers_tag(subject));
        let stored = match self.find_manifest(permit, &tag).await {
            Ok(stored) if stored.media_type.is_index() => stored,
            Ok(_) | Err(FindManifestError::Unknown(_) | FindManifestError::Locked(_)) => {
                return Ok(Vec::new());
            }
            Err(FindManifestError::Store(error)) => return Err(error),
        };
        let index = Manifest::parse(Some(&stored.media_type), &stored.bytes);
        let mut entries = index.map(|index| index.children).unwrap_or_default();
        entries.retain(|entry| last.is_none_or(|last| entry.digest > *last));
        entries.sort_unstable_by_key(|entry| entry.digest);
        Ok(entries)
    }
}

fn described(row: Referrer) -> Descriptor {
    Descriptor {
        artifact_type: row.artifact_type,
        annotations: row
            .annotations
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        ..Descriptor::new(row.media_type, row.digest, row.size)
    }
}
