//! How much of everything: the sizes of the specification, or small ones to see that all works.

use std::time::Duration;

const MIB: usize = 1 << 20;

/// Sizes, counts and times of all workloads.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// What the report calls it.
    pub(crate) name: &'static str,
    /// Turns of each server in each case.
    pub(crate) turns: usize,
    /// How long requests are sent in a turn, after the warm-up.
    pub(crate) requests_for: Duration,
    /// How long before the measured part.
    pub(crate) warm_up: Duration,
    /// The blob that is pulled and pushed.
    pub(crate) blob_bytes: usize,
    /// How often a turn pulls it, over all connections.
    pub(crate) pulls: usize,
    /// Blobs of 4 KiB in a turn.
    pub(crate) small_blobs: usize,
    /// All twelve layers of the image.
    pub(crate) image_bytes: usize,
    /// Manifests of the large catalog.
    pub(crate) manifests: usize,
    /// Its repositories.
    pub(crate) repositories: usize,
    /// First pages asked for in a turn.
    pub(crate) pages: usize,
    /// Manifests pushed one after the other in a turn.
    pub(crate) manifest_pushes: usize,
    /// Small images pushed in a turn.
    pub(crate) image_pushes: usize,
    /// Blobs that nodes and their peers push and pull, and how many in a turn.
    pub(crate) shared_blobs: (usize, usize),
    /// Repositories of the catalog that a peer lists too.
    pub(crate) peer_repositories: usize,
    /// How long a deployment is watched that nobody asks for anything.
    pub(crate) idle: Duration,
    /// Concurrent pulls while memory is watched, and their length.
    pub(crate) held_pulls: (usize, usize),
    /// Concurrent pushes while memory is watched, and their length.
    pub(crate) held_pushes: (usize, usize),
}

impl Scale {
    /// The sizes of the specification.
    pub(crate) fn full() -> Self {
        Self {
            name: "full",
            turns: 5,
            requests_for: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            blob_bytes: 256 * MIB,
            pulls: 16,
            small_blobs: 6000,
            image_bytes: 120 * MIB,
            manifests: 1_000_000,
            repositories: 100_000,
            pages: 2000,
            manifest_pushes: 200,
            image_pushes: 200,
            shared_blobs: (64 * MIB, 4),
            peer_repositories: 2000,
            // Leases are renewed every eight seconds.
            idle: Duration::from_secs(20),
            held_pulls: (256, 64 * MIB),
            held_pushes: (64, 32 * MIB),
        }
    }

    /// Small ones: the figures mean nothing.
    pub(crate) fn quick() -> Self {
        Self {
            name: "quick",
            turns: 1,
            requests_for: Duration::from_millis(400),
            warm_up: Duration::from_millis(100),
            blob_bytes: 16 * MIB,
            pulls: 8,
            small_blobs: 300,
            image_bytes: 6 * MIB,
            manifests: 10_000,
            repositories: 1000,
            pages: 200,
            manifest_pushes: 20,
            image_pushes: 20,
            shared_blobs: (4 * MIB, 4),
            peer_repositories: 120,
            idle: Duration::from_secs(2),
            held_pulls: (32, 4 * MIB),
            held_pushes: (8, 4 * MIB),
        }
    }
}
