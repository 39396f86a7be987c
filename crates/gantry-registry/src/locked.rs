//! What happens where something is locked.

use std::fmt;

use gantry_model::{Lock, Locks};
use gantry_oci::{Digest, Reference, RepositoryName, Tag};

/// A lock keeps this from being done, whoever asks. The text begins as ACR's does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The operation is disallowed: {what} has {}=false", lock.attribute())]
pub struct Locked {
    /// What is locked.
    pub what: Lockable,
    /// How.
    pub lock: Lock,
}

/// Something that can be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lockable {
    /// A repository.
    Repository(RepositoryName),
    /// A tag.
    Tag(Tag),
    /// A manifest.
    Manifest(Digest),
    /// A manifest, the tag that it was asked for by, or their repository: whichever.
    Referenced(Reference),
}

impl fmt::Display for Lockable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "repository {name}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Manifest(digest) => write!(f, "manifest {digest}"),
            Self::Referenced(reference) => write!(f, "{reference}, or what it belongs to,"),
        }
    }
}

/// Passes where `lock` isn't among `locks`.
pub(crate) fn check_open(
    locks: Locks,
    lock: Lock,
    what: impl FnOnce() -> Lockable,
) -> Result<(), Locked> {
    if locks.has(lock) { Err(Locked { what: what(), lock }) } else { Ok(()) }
}

/// Passes where what has these locks may be deleted.
pub(crate) fn check_deletable(locks: Locks, what: impl FnOnce() -> Lockable) -> Result<(), Locked> {
    locks.against_delete().map_or(Ok(()), |lock| Err(Locked { what: what(), lock }))
}
