//! File bytes to sockets by the cheapest way a connection allows.
//!
//! HTTP libraries move bodies as buffers and know no `sendfile`. Two parts that meet at a
//! connection bring it back without the libraries noticing:
//!
//! - [`FileBody`], an HTTP body, hands out windows of a *mapping* of the file as if they were
//!   ordinary buffers. No one has to look at the memory behind them.
//! - [`LaneStream`] wraps the connection's socket. Where it is asked to write memory that lies in
//!   such a mapping, it tells the kernel to send that part of the file instead.
//!
//! A [`FileLane`] connects the two. Anyone between them who does look at the buffers (a test, a
//! compressing layer) finds the right bytes; only the speed is lost.
//!
//! Where bytes have to be encrypted or framed there is nothing to gain from that. A `FileBody`
//! without a lane reads into pooled buffers, without a detour through the blocking pool as long
//! as the bytes are in the page cache.
//!
//! Files must not get shorter while they are being sent. If one does, the body ends in an error.

mod body;
mod lane;
mod mapping;
mod page_cache;
mod pool;
mod stream;

use std::os::fd::AsFd;
use std::sync::Arc;

pub use body::FileBody;
pub use lane::FileLane;
pub use stream::LaneStream;

/// An open file whose bytes never change, shared by those who send it.
pub type SharedFile = Arc<dyn AsFd + Send + Sync>;
