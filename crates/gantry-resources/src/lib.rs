//! Resources of the management API besides registries and who gets in to them: what a registry has that
//! is configuration and nothing else, resource groups, and locks.

mod cache_rules;
mod credential_sets;
mod error;
mod groups;
mod kept;
mod locks;
mod template_deployments;
mod webhooks;

use std::sync::Arc;

use gantry_catalog::Catalog;
pub use gantry_catalog::DbError;
use gantry_model::{Identities, Tags, Tiers};
use gantry_secrets::MasterKey;

pub use cache_rules::CacheRuleChange;
pub use credential_sets::CredentialSetChange;
pub use error::ResourceError;
pub use groups::GroupError;
pub use kept::At;
pub use locks::{Attempt, ScopeLocked};
pub use webhooks::WebhookChange;

/// The resources of a deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resources(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    master_key: MasterKey,
    tiers: Tiers,
}

/// What is wished of a resource: what isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Wish<C> {
    /// Where it is.
    pub location: Option<String>,
    /// What operators note on it.
    pub tags: Option<Tags>,
    /// Whose sign-in it has.
    pub identity: Option<Identities>,
    /// Who wishes it.
    pub by: String,
    /// The rest.
    pub value: C,
}

impl Resources {
    /// The resources in `catalog`, whose secrets are sealed under `master_key`. How many a registry may
    /// have `tiers` says.
    pub fn new(catalog: &Catalog, master_key: &MasterKey, tiers: Tiers) -> Self {
        let (catalog, master_key) = (catalog.clone(), master_key.clone());
        Self(Arc::new(Inner { catalog, master_key, tiers }))
    }

    fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }
}
