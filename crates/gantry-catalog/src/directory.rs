//! The built-in directory: tenant, users, groups, applications, service principals.
//!
//! Whatever takes something away from someone raises their epoch in the same transaction.

pub(crate) mod applications;
pub(crate) mod foreigners;
pub(crate) mod groups;
pub(crate) mod keys;
pub(crate) mod service_principals;
pub(crate) mod sign_ins;
pub(crate) mod tenants;
pub(crate) mod users;

pub use keys::DirectoryKey;
pub use sign_ins::{DeviceCode, DeviceCodeState};
pub use users::UserSecrets;
