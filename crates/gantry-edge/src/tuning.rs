//! Limits and protocol settings.

use std::num::NonZeroU32;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;

use crate::serve::OnLifecycle;

/// What connections may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; more wait in the kernel's queue.
    pub connections: usize,
    /// Of these, how many one client may have, whose connections beyond are closed; `None`: all.
    pub connections_per_address: Option<NonZeroU32>,
    /// Bytes of a request's header, request line included.
    pub header_bytes: u32,
    /// From the connection to the end of its TLS handshake, with the PROXY header before it.
    pub handshake_timeout: Duration,
    /// From a header's first byte to its last.
    pub header_timeout: Duration,
    /// Without a request on the connection. Longer than the 60 s for which load balancers keep
    /// idle connections to their backends, or they would send requests into closing ones.
    pub idle_timeout: Duration,
    /// Without a byte of an answer being taken by who asked for it. Longer than clients rest that
    /// hand on what they read, such as to another registry that is busy.
    pub send_timeout: Duration,
}

impl Limits {
    /// The time between two looks at a connection, the shortest of what is looked for.
    pub(crate) fn between_looks(&self) -> Duration {
        self.header_timeout.min(self.idle_timeout).min(self.send_timeout)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            connections_per_address: NonZeroU32::new(4096),
            header_bytes: 64 * 1024,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            send_timeout: Duration::from_secs(300),
        }
    }
}

/// Read at once, and taken from a body ahead of the socket. What idles in it is memory for each
/// connection, and beyond this size neither direction gets faster.
const H1_BUFFER: usize = 64 * 1024;
/// Received but not yet taken by a handler: what a pushing client may keep on the wire. Go's
/// servers offer as much per stream. The connection's window bounds what it can make us hold.
const H2_STREAM_WINDOW: u32 = 1 << 20;
const H2_CONNECTION_WINDOW: u32 = 4 << 20;
const H2_FRAME: u32 = 256 * 1024;
/// Taken from a body ahead of the socket, for each stream.
const H2_SEND_BUFFER: usize = 256 * 1024;
const H2_STREAMS: u32 = 128;
/// Streams reset by either side before they were answered; beyond, the connection is closed
/// (CVE-2023-44487, CVE-2025-8671).
const H2_RESETS: usize = 64;
const H2_PING_AFTER: Duration = Duration::from_secs(30);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// HTTP/1.1 with our settings.
pub(crate) fn http1(limits: &Limits) -> http1::Builder {
    let header_bytes = limits.header_bytes as usize;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // hyper counts an idle connection as a slow header; our own watch tells them apart.
        .header_read_timeout(None)
        .max_header_size(header_bytes)
        .max_buf_size(H1_BUFFER.max(header_bytes));
    builder
}

/// HTTP/2 with our settings.
pub(crate) fn http2(limits: &Limits, executor: OnLifecycle) -> http2::Builder<OnLifecycle> {
    let mut builder = http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(H2_STREAM_WINDOW)
        .initial_connection_window_size(H2_CONNECTION_WINDOW)
        .max_frame_size(H2_FRAME)
        .max_send_buf_size(H2_SEND_BUFFER)
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(limits.header_bytes)
        .max_pending_accept_reset_streams(H2_RESETS)
        .max_local_error_reset_streams(H2_RESETS)
        .keep_alive_interval(H2_PING_AFTER)
        .keep_alive_timeout(H2_PING_TIMEOUT);
    builder
}
