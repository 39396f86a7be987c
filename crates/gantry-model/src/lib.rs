//! Entities, ids, permissions and the clock.
//!
//! Pure: nothing here reads a file, a socket or the time of day by itself. What an actor may do is
//! decided in [`permission`] and nowhere else.

pub mod audit;
pub mod category;
pub mod clock;
pub mod directory;
pub mod epoch;
pub mod id;
pub mod journal;
pub mod locks;
pub mod permission;
pub mod registry;
pub mod resource;
pub mod roles;
pub mod scoped;
pub mod version;

pub use category::{Categories, Category, EndpointKind};
pub use clock::{Clock, ManualClock, Stamp, SystemClock, Timestamp, TimestampError};
pub use epoch::{Epoch, EpochSubject};
pub use id::{
    AccessTokenId, AuditId, DeploymentId, JournalId, NodeId, RegistryId, RepositoryId,
    ResourceRowId, ScopeMapId, SigningKeyId, TokenId, UploadId,
};
pub use journal::Change;
pub use locks::{Lock, LockChange, Locks};
pub use permission::{Actor, Permit, Refusal};
pub use registry::{
    AccessSettings, Authors, BlobReads, DomainLabel, Identities, LabelScope, NetworkSettings,
    NotInTier, PolicySettings, PrivateEndpoint, PrivateEndpointState, Registry, RegistryName,
    RegistrySettings, RoleAssignmentMode, Tags, TagsError, Tier, TierLimits, Tiers,
};
pub use version::{IfAbsent, Precondition, PreconditionFailed, Version, Versioned, Written};
