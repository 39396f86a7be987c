//! Changing a registry's settings: what is wished is applied to the row as it is when nobody else
//! changes it, so of two changes at once neither is lost.

use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_model::{
    EpochSubject, Precondition, PreconditionFailed, Registry, RegistryId, RegistrySettings, Tier,
    Version,
};

use super::{Registries, Wishes};

/// Why a registry's settings can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such registry.
    #[error("the registry is not there any more")]
    Missing,
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// The tier hasn't got that.
    #[error("{what} is not there in the tier {tier}", tier = tier.as_str())]
    NotInTier {
        /// What.
        what: &'static str,
        /// Which tier.
        tier: Tier,
    },
    /// The tier has fewer rules.
    #[error("the tier has {0} IP rules at most")]
    TooManyRules(usize),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Registries {
    /// Applies what is wished to the registry's settings, on this node at once; answers the registry
    /// as it is then.
    pub async fn change(
        &self,
        catalog: &Catalog,
        id: RegistryId,
        precondition: Precondition,
        wishes: Wishes,
    ) -> Result<Registry, ChangeError> {
        let change = move |tx: &mut Transaction<'_, '_>| {
            let present = tx.registry_lock(id)?.ok_or(ChangeError::Missing)?;
            precondition.check(Some(&Version::of_registry(&present)))?;
            let settings = wishes.applied_to(&present.settings);
            check_tier(&settings)?;
            set(tx, &present, &settings)?;
            tx.registry_lock(id)?.ok_or(ChangeError::Missing)
        };
        let changed = catalog.transaction(Durability::Power, change).await?;
        self.refresh(catalog).await?;
        Ok(changed)
    }
}

/// Applies what the configuration wishes.
pub(super) async fn establish(
    catalog: &Catalog,
    id: RegistryId,
    wishes: Wishes,
) -> Result<(), DbError> {
    let change = move |tx: &mut Transaction<'_, '_>| {
        let Some(present) = tx.registry_lock(id)? else { return Ok(()) };
        set(tx, &present, &wishes.applied_to(&present.settings))
    };
    catalog.transaction(Durability::Power, change).await
}

fn set(
    tx: &mut Transaction<'_, '_>,
    present: &Registry,
    settings: &RegistrySettings,
) -> Result<(), DbError> {
    let (id, before) = (present.id, &present.settings);
    if before == settings {
        return Ok(());
    }
    // Whoever signed in under the other mode was promised other rights.
    if settings.access.role_assignment_mode != before.access.role_assignment_mode {
        tx.registry_end_sign_ins(id)?;
    }
    // Or its tokens would be good again once it is enabled.
    if before.admin_enabled && !settings.admin_enabled {
        tx.epoch_raise(Some(id), EpochSubject::admin(id))?;
    }
    tx.registry_update(id, settings)
}

/// Refuses what the registry's tier doesn't have.
fn check_tier(settings: &RegistrySettings) -> Result<(), ChangeError> {
    let (tier, limits) = (settings.tier, settings.tier.limits());
    let refuse = |what| Err(ChangeError::NotInTier { what, tier });
    let network = &settings.network;
    if settings.anonymous_pull && !limits.anonymous_pull {
        return refuse("anonymous pull");
    }
    if network.allowed.len() > limits.network_rules {
        return Err(ChangeError::TooManyRules(limits.network_rules));
    }
    let closed = !network.public_access || !network.allow_by_default;
    let own_hosts = network.data_endpoint || network.regional_endpoint;
    if (closed || own_hosts) && !limits.private_network {
        return refuse(match closed {
            true => "a network rule or disabled public access",
            false => "a dedicated data endpoint or a regional endpoint",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_has_what_it_has() {
        let of = |tier| RegistrySettings { tier, ..RegistrySettings::default() };
        let anonymous = |tier| check_tier(&RegistrySettings { anonymous_pull: true, ..of(tier) });
        assert!(anonymous(Tier::Basic).is_err());
        assert!(anonymous(Tier::Standard).is_ok());
        let mut ruled = of(Tier::Premium);
        ruled.network.allow_by_default = false;
        ruled.network.allowed = vec!["192.0.2.1/32".parse().unwrap()];
        assert!(check_tier(&ruled).is_ok());
        ruled.tier = Tier::Standard;
        assert!(matches!(check_tier(&ruled), Err(ChangeError::TooManyRules(0))));
    }
}
