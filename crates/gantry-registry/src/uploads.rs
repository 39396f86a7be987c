//! Pushing a blob: a session that takes bytes in order, survives restarts, and ends in a digest.
//!
//! The blob's digest is computed as the bytes pass, and its state is kept with the session, so a
//! push that goes on later, or on another node, never reads back what it has. Bytes of a request
//! that broke off are kept: the client asks how far the session is and resumes there.

mod append;
mod cancel;
mod claim;
mod finish;
mod hashing;
mod push;
mod receive;
mod session;
mod start;
mod status;

pub use append::AppendError;
pub use cancel::CancelError;
pub use finish::{FinishError, PushedBlob};
pub(crate) use finish::{Place, link_blob};
pub use push::PushBlobError;
pub use receive::UploadBody;
pub(crate) use receive::parse_key;
pub(crate) use session::Sessions;
pub use start::StartError;
pub use status::StatusError;
