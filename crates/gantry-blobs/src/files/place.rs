//! Takes a blob that another store has sealed.
//!
//! It is written under a name of its own and renamed once it is durable, so what is found under
//! the key is whole, also after a loss of power.

use std::io;
use std::sync::Arc;

use super::{Shared, append, joined, seal};
use crate::{BlobError, BlobKey, BodyError, BodyStream};

/// The version that the bytes have while they arrive. One that is left by a crash is listed, and
/// no row names it.
const ARRIVING: &str = "arriving";

pub(super) async fn place(
    shared: &Arc<Shared>,
    key: &BlobKey,
    length: u64,
    body: BodyStream<'_>,
) -> Result<Result<(), BodyError>, BlobError> {
    let staged = key.without_version().with_version(ARRIVING).expect("it is a word");
    clear(shared, &staged).await?;
    let appended = append::append(shared, &staged, 0, body).await?;
    let stored = appended.draft.length();
    let short = || BodyError::from(format!("{stored} bytes came, not {length}"));
    let end = appended.end.and_then(|()| if stored == length { Ok(()) } else { Err(short()) });
    let (shared, key) = (Arc::clone(shared), key.clone());
    let job = tokio::task::spawn_blocking(move || match end {
        Ok(()) => rename(&shared, &staged, &key, length).map(Ok),
        Err(error) => super::delete::delete(&shared, &staged).map(|()| Err(error)),
    });
    joined(job).await
}

/// Removes what an attempt that a crash cut short has left, maybe sealed.
async fn clear(shared: &Arc<Shared>, staged: &BlobKey) -> Result<(), BlobError> {
    let path = shared.layout.blob(staged);
    let removed = joined(tokio::task::spawn_blocking(move || match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BlobError::io(format!("removing {}", path.display()), error))
        }
        _ => Ok(()),
    }));
    removed.await
}

/// Makes the arrived bytes durable, then gives them their name. Blocks.
fn rename(shared: &Shared, staged: &BlobKey, key: &BlobKey, length: u64) -> Result<(), BlobError> {
    seal::seal(shared, staged, length)?;
    rustix::fs::rename(shared.layout.blob(staged), shared.layout.blob(key))
        .and_then(|()| shared.names.sync(&shared.layout.bucket(key)))
        .map_err(|error| BlobError::io(format!("placing {key}"), error))
}
