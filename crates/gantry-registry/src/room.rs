//! How much a registry may store: what its tier says.
//!
//! Figures are added up a moment after what they are of, so pushes at once may go beyond the limit by
//! what they bring. Where a registry is far from it, how far is remembered for a while, and a push
//! costs no query.

use std::time::Duration;

use gantry_catalog::DbError;
use gantry_model::RegistryId;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::Content;

/// How long a figure is remembered.
const REMEMBERED: Duration = Duration::from_secs(5);
/// What may come meanwhile: closer to the limit than this nothing is remembered.
const MARGIN: u64 = 64 << 30;
/// Registries whose figures are remembered.
const KEPT: usize = 4 << 10;

/// The registry stores as much as its tier allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the registry stores {stored} bytes, and its tier allows {most}: delete content, or change the tier"
)]
pub struct Full {
    /// How much it stores, as far as has been added up.
    pub stored: u64,
    /// How much its tier allows.
    pub most: u64,
}

/// Figures that are remembered.
#[derive(Debug)]
pub(crate) struct Rooms(Cache<RegistryId, (Instant, u64)>);

impl Default for Rooms {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Content {
    /// Whether the registry has room for `more` bytes, which may be none yet.
    pub(crate) async fn room(
        &self,
        registry: RegistryId,
        more: u64,
    ) -> Result<Result<(), Full>, DbError> {
        let most = self.registries().most_bytes(registry);
        let now = Instant::now();
        let remembered = self.0.rooms.0.get(&registry);
        let is_far = |stored: u64| stored.saturating_add(more).saturating_add(MARGIN) <= most;
        if remembered.is_some_and(|(at, stored)| now - at < REMEMBERED && is_far(stored)) {
            return Ok(Ok(()));
        }
        let stored = self.catalog().usage_of_registry(registry).await?.bytes;
        let stored = u64::try_from(stored).unwrap_or(0);
        self.0.rooms.0.insert(registry, (now, stored));
        Ok(match stored < most && stored.saturating_add(more) <= most {
            true => Ok(()),
            false => Err(Full { stored, most }),
        })
    }
}
