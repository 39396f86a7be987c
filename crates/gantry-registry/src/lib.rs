//! The rules of pushing, pulling, deleting and collecting content.
//!
//! Every use-case is a method of [`Content`], takes a permit that proves its caller may, and reads
//! as: check, check, one transaction, answer. It knows no HTTP and no SQL. Bytes go to the blob
//! store before the transaction that makes them count, and leave it after the one that ends that.

pub mod attributes;
pub mod blobs;
mod cache;
mod error;
mod follow;
mod locked;
pub mod maintenance;
pub mod manifests;
pub mod page;
pub mod referrers;
pub mod registries;
pub mod repositories;
mod room;
mod sharing;
pub mod tags;
pub mod uploads;

use std::sync::Arc;
use std::time::Duration;

use gantry_blobs::BlobStore;
use gantry_catalog::Catalog;
use sharing::Turns;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use cache::ContentCache;
pub use error::StoreError;
pub use follow::{ChangeReader, Followed};
pub use locked::{Lockable, Locked};
pub use registries::Registries;
pub use room::Full;
use room::Rooms;
pub use sharing::Sharing;
use uploads::Sessions;

/// Bounds on what a client may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest manifest, in bytes.
    pub manifest_bytes: usize,
    /// The longest blob, in bytes.
    pub blob_bytes: u64,
    /// The most entries of one page of a list, also where none is asked for.
    pub page: usize,
    /// The most upload sessions one identity may have under way in a registry.
    pub uploads_per_identity: usize,
    /// How long an upload session lives after it was last touched.
    pub upload_idle: Duration,
    /// How long a blob that nothing names is kept.
    pub grace: Duration,
    /// How long journal rows are kept after every reader has passed them.
    pub journal_retention: Duration,
}

impl Limits {
    /// How often a blob that nothing names has its grace started anew by those who ask for it. The
    /// collector waits as much longer, so that whoever was told of a blob has the whole grace.
    pub fn renew_every(&self) -> Duration {
        const MINUTE: Duration = Duration::from_secs(60);
        MINUTE.min(self.grace / 4)
    }
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            manifest_bytes: gantry_oci::MAX_MANIFEST_BYTES,
            blob_bytes: 200 << 30,
            page: 1000,
            uploads_per_identity: 1000,
            upload_idle: 7 * DAY,
            grace: DAY,
            journal_retention: 30 * DAY,
        }
    }
}

/// The content of all registries, and what may be done with it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    blobs: Arc<dyn BlobStore>,
    registries: Registries,
    limits: Limits,
    sharing: Sharing,
    cache: ContentCache,
    rooms: Rooms,
    sessions: Sessions,
    /// Work that outlives the request that asked for it.
    tasks: TaskTracker,
    /// Held by whoever does what only one may do at a time.
    turns: Turns,
    /// Told when there is trash to delete.
    trashed: Arc<Notify>,
}

impl Content {
    /// Content whose metadata is in `catalog` and whose bytes are in `blobs`. Work that outlives
    /// its request runs on `tasks`.
    pub fn new(
        catalog: Catalog,
        blobs: Arc<dyn BlobStore>,
        registries: Registries,
        limits: Limits,
        sharing: Sharing,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Inner {
            catalog,
            blobs,
            registries,
            limits,
            cache: ContentCache::new(&sharing),
            sharing,
            rooms: Rooms::default(),
            sessions: Sessions::default(),
            tasks,
            turns: Turns::default(),
            trashed: Arc::new(Notify::new()),
        }))
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The registries whose content this is.
    pub fn registries(&self) -> &Registries {
        &self.0.registries
    }

    /// How many upload sessions are being written to by this process.
    pub fn uploads_in_flight(&self) -> usize {
        self.0.sessions.busy()
    }

    /// The catalog behind the content.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The blob store behind the content.
    pub fn blobs(&self) -> &dyn BlobStore {
        &*self.0.blobs
    }

    fn cache(&self) -> &ContentCache {
        &self.0.cache
    }
}
