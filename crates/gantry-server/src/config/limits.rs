//! `[limits]`

use std::num::NonZeroU32;
use std::time::Duration;

use super::reader::Reader;
use super::units::{Bytes, Human};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// `[limits]`: what one request, connection or actor may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// A request's header.
    pub(crate) header_bytes: u32,
    /// A manifest.
    pub(crate) manifest_bytes: u64,
    /// A blob.
    pub(crate) blob_bytes: u64,
    /// Entries on one page of a list, whatever the client asks for.
    pub(crate) page_size: u64,
    /// Upload sessions that one actor may have open.
    pub(crate) uploads_per_actor: u64,
    /// After this much rest an upload session is over.
    pub(crate) upload_idle: Duration,
    /// From a request header's first byte to its last.
    pub(crate) header_timeout: Duration,
    /// How long a request's body may stand still, and how long a small one may take.
    pub(crate) body_timeout: Duration,
    /// How long an answer may stand still.
    pub(crate) send_timeout: Duration,
    /// How long a connection may rest.
    pub(crate) idle_timeout: Duration,
    /// From a connection to the end of its handshake.
    pub(crate) handshake_timeout: Duration,
    /// Connections open at once.
    pub(crate) connections: usize,
    /// Of these, how many one client may have; `None`: all.
    pub(crate) connections_per_address: Option<NonZeroU32>,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut bytes = |key, default, least, most| {
            reader.bounded(key, Bytes(default), Bytes(least), Bytes(most)).0
        };
        let header_bytes = bytes("limits.header_bytes", 64 * KIB, 8 * KIB, MIB);
        // distribution-spec "Pushing Manifests": registries should take at least 4 MiB; ours is
        // kept in the catalog and grows no further.
        let manifest_bytes = bytes("limits.manifest_bytes", 4 * MIB, KIB, 4 * MIB);
        let blob_bytes = bytes("limits.blob_bytes", 200 * GIB, KIB, 1 << 50);
        let mut duration = |key, default, least, most| {
            reader.bounded(key, Human(default), Human(least), Human(most)).0
        };
        let upload_idle = duration("limits.upload_idle", 7 * DAY, SECOND, 365 * DAY);
        let handshake_timeout = duration("limits.handshake_timeout", 10 * SECOND, SECOND, HOUR);
        let header_timeout = duration("limits.header_timeout", 30 * SECOND, SECOND, HOUR);
        let body_timeout = duration("limits.body_timeout", 60 * SECOND, SECOND, HOUR);
        let send_timeout = duration("limits.send_timeout", 300 * SECOND, SECOND, HOUR);
        let idle_timeout = duration("limits.idle_timeout", 120 * SECOND, SECOND, DAY);
        Self {
            header_bytes: u32::try_from(header_bytes).unwrap_or(u32::MAX),
            manifest_bytes,
            blob_bytes,
            page_size: reader.bounded("limits.page_size", 1000, 1, 10_000),
            uploads_per_actor: reader.bounded("limits.uploads_per_actor", 1000, 1, 1_000_000),
            upload_idle,
            header_timeout,
            body_timeout,
            send_timeout,
            idle_timeout,
            handshake_timeout,
            connections: usize::try_from(reader.bounded("limits.connections", 8192, 16, 1_000_000))
                .unwrap_or(usize::MAX),
            connections_per_address: read_connections_per_address(reader),
        }
    }
}

/// By default half of all connections: no client takes them all, and a balancer that passes TCP
/// through, behind which all clients have one address, has room.
fn read_connections_per_address(reader: &mut Reader) -> Option<NonZeroU32> {
    let most = reader.bounded("limits.connections_per_address", 4096, 0, 1_000_000);
    NonZeroU32::new(u32::try_from(most).unwrap_or(u32::MAX))
}
