//! `/v2/<name>/blobs/uploads/…`

mod reply;
mod session;
mod start;

pub(crate) use reply::range;
pub(crate) use session::{append, cancel, finish, status};
pub(crate) use start::start;
