//! Making registries, or bringing those that are there to what is wished.

use gantry_catalog::{Catalog, Durability, Transaction};
use gantry_model::{
    DomainLabel, LabelScope, Precondition, Registry, RegistryId, RegistryName, RegistrySettings,
    Timestamp, Version, Written,
};

use super::change::{ChangeError, change, check};
use super::{Registries, Wishes, epoch_of};

/// A registry that somebody wants to be there.
#[derive(Clone, Debug)]
pub struct NewRegistry {
    /// Its name.
    pub name: RegistryName,
    /// Where it is to have its home; where the server is, if that isn't said.
    pub location: Option<String>,
    /// The resource group, which must be there.
    pub resource_group: String,
    /// Where the same name gets the same login server again; `None` if it begins with the name alone.
    pub label: Option<LabelScope>,
    /// The tenant and the subscription that it is in.
    pub places: [String; 2],
    /// What is set on it.
    pub wishes: Wishes,
}

impl NewRegistry {
    /// A registry as it is before anything is wished of it. Nobody may sign in as its admin until that is
    /// said.
    pub fn draft(name: RegistryName, location: &str, now: Timestamp) -> Registry {
        let settings = RegistrySettings { admin_enabled: false, ..RegistrySettings::default() };
        Registry::new(name, location, settings, now)
    }
}

impl Registries {
    /// Makes the registry, or brings the one of its name in the same group to what is wished.
    pub async fn put(
        &self,
        catalog: &Catalog,
        new: NewRegistry,
        precondition: Precondition,
    ) -> Result<(Registry, Written), ChangeError> {
        let (tiers, home) = (*self.tiers(), self.location());
        let put = move |tx: &mut Transaction<'_, '_>| {
            let group = tx.resource_group_lock(&new.resource_group)?;
            let no_group = || ChangeError::NoSuchGroup(new.resource_group.clone());
            let group = group.ok_or_else(no_group)?;
            let taken = || ChangeError::NameTaken(new.name.to_string());
            if let Some(present) = tx.registry_by_name(&new.name)? {
                if !present.resource_group.eq_ignore_ascii_case(&group.name) {
                    return Err(taken());
                }
                let present = tx.registry_lock(present.id)?.ok_or(ChangeError::Missing)?;
                precondition.check(Some(&Version::of_registry(&present)))?;
                check_same(&present, &new)?;
                let changed = change(tx, &tiers, &present, &new.wishes)?;
                return Ok((changed, Written::Changed, epoch_of(tx)?));
            }
            precondition.check(None)?;
            let location = new.location.as_ref().unwrap_or(&home);
            let made = NewRegistry::draft(new.name.clone(), location, tx.now());
            let mut made = Registry {
                label: new.label.map(|scope| label(scope, &new, &group.name, made.id)),
                resource_group: group.name.clone(),
                ..new.wishes.applied_to(&made)
            };
            made.authors.created_by.clone_from(&made.authors.changed_by);
            check(&made.settings, &tiers)?;
            match tx.registry_insert(&made)? {
                true => Ok((made, Written::Made, epoch_of(tx)?)),
                false => Err(taken()),
            }
        };
        let (registry, written, epoch) = catalog.transaction(Durability::Power, put).await?;
        self.follow(catalog, registry.id, Some(&registry), epoch).await?;
        Ok((registry, written))
    }
}

/// The label that a new registry gets.
fn label(scope: LabelScope, new: &NewRegistry, group: &str, id: RegistryId) -> DomainLabel {
    let [tenant, subscription] = &new.places;
    DomainLabel::new(scope, &new.name, [tenant, subscription, group], &id.to_string())
}

/// Refuses to change what a registry is known by.
fn check_same(present: &Registry, new: &NewRegistry) -> Result<(), ChangeError> {
    let moved = |location: &String| !location.eq_ignore_ascii_case(&present.location);
    if new.location.as_ref().is_some_and(moved) {
        return Err(ChangeError::Elsewhere(present.location.clone()));
    }
    match new.label.is_none() || new.label == present.label.as_ref().map(|label| label.scope) {
        true => Ok(()),
        false => Err(ChangeError::OtherLabel),
    }
}
