//! What the journal tells: each change of content or configuration, once, with its transaction.

use gantry_oci::{Digest, MediaType, RepositoryName, Tag};
use serde::{Deserialize, Serialize};

use crate::epoch::EpochSubject;
use crate::registry::{RegistryName, RegistrySettings};

/// One change. Its JSON form is stored for as long as the journal is kept, so variants and fields
/// are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A registry was made.
    RegistryCreated {
        /// Its name.
        name: RegistryName,
    },
    /// A registry's settings changed.
    RegistryUpdated {
        /// The settings now in force.
        settings: RegistrySettings,
    },
    /// A registry was deleted.
    RegistryDeleted {
        /// The name that it had.
        name: RegistryName,
    },
    /// Something changed that sign-ins or tokens depend on.
    CredentialChanged {
        /// Which of the admin account's passwords was set; empty if none was.
        password: String,
        /// The epoch that was raised.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<EpochSubject>,
    },
    /// A repository came to hold a blob.
    BlobLinked {
        /// The repository.
        repository: RepositoryName,
        /// The blob.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
        /// The registry didn't store these bytes before.
        stored: bool,
    },
    /// A repository no longer holds a blob.
    BlobUnlinked {
        /// The repository.
        repository: RepositoryName,
        /// The blob.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
        /// The registry no longer stores these bytes either.
        dropped: bool,
    },
    /// A repository came to hold a manifest.
    ManifestPut {
        /// The repository.
        repository: RepositoryName,
        /// The manifest.
        digest: Digest,
        /// Its media type.
        media_type: MediaType,
        /// Its length in bytes.
        size: u64,
        /// The registry didn't store these bytes before.
        stored: bool,
    },
    /// A repository no longer holds a manifest.
    ManifestDeleted {
        /// The repository.
        repository: RepositoryName,
        /// The manifest.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
        /// The registry no longer stores these bytes either.
        dropped: bool,
    },
    /// A tag was created or moved.
    TagSet {
        /// The repository.
        repository: RepositoryName,
        /// The tag.
        tag: Tag,
        /// What it names now.
        digest: Digest,
        /// What it named before.
        previous: Option<Digest>,
    },
    /// A tag was removed.
    TagDeleted {
        /// The repository.
        repository: RepositoryName,
        /// The tag.
        tag: Tag,
        /// What it named.
        digest: Digest,
    },
    /// A repository, or a tag or manifest of it, was locked or unlocked.
    LocksChanged {
        /// The repository.
        repository: RepositoryName,
        /// The tag, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// The manifest, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
    },
    /// Resources were managed: which changes that made is told by the others of its transaction.
    Managed(Managed),
    /// What a later release tells, and this one doesn't know.
    #[serde(other)]
    Unknown,
}

/// An operation of the management API that changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Managed {
    /// The action that it took, such as `Microsoft.ContainerRegistry/registries/write`.
    pub action: String,
    /// The id of the resource that it was about.
    pub resource: String,
    /// The object id of who did it; `operator` for whoever runs the server.
    pub by: String,
    /// What a person would call them.
    pub name: String,
    /// What requests that belong together are found by.
    pub correlation: String,
}

impl Change {
    /// The `kind` of the JSON form, kept in a column of its own so that readers can choose.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RegistryCreated { .. } => "registry_created",
            Self::RegistryUpdated { .. } => "registry_updated",
            Self::RegistryDeleted { .. } => "registry_deleted",
            Self::CredentialChanged { .. } => "credential_changed",
            Self::BlobLinked { .. } => "blob_linked",
            Self::BlobUnlinked { .. } => "blob_unlinked",
            Self::ManifestPut { .. } => "manifest_put",
            Self::ManifestDeleted { .. } => "manifest_deleted",
            Self::TagSet { .. } => "tag_set",
            Self::TagDeleted { .. } => "tag_deleted",
            Self::LocksChanged { .. } => "locks_changed",
            Self::Managed(_) => "managed",
            Self::Unknown => "unknown",
        }
    }
}
