//! Cache rules. What they fill, and from where, is fixed when they are made.

use gantry_catalog::Transaction;
use gantry_model::resource::{CacheRule, CredentialSet, Resource};
use gantry_model::{Precondition, Registry, Versioned, Written};

use crate::kept::At;
use crate::{ResourceError, Resources, Wish};

/// How many rules are looked at at a time for one that fills the same.
const PAGE: usize = 500;

/// What is wished of a cache rule. What isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct CacheRuleChange {
    /// From where; only for a new one.
    pub source: Option<String>,
    /// Which repository; only for a new one.
    pub target: Option<String>,
    /// The name of the credential set that it signs in with; `Some(None)` for none.
    pub credential_set: Option<Option<String>>,
}

impl Resources {
    /// Brings the cache rule to what is wished.
    pub async fn write_cache_rule(
        &self,
        at: At,
        wish: Wish<CacheRuleChange>,
    ) -> Result<(Versioned<Resource<CacheRule>>, Written), ResourceError> {
        let tiers = self.0.tiers;
        let change = move |tx: &mut Transaction<'_, '_>,
                           registry: &Registry,
                           present: Option<&Resource<CacheRule>>,
                           change: &CacheRuleChange| {
            let rule = rule(present, change)?;
            if let Some(name) = &rule.credential_set
                && tx.resource_find::<CredentialSet>(registry.id, name)?.is_none()
            {
                return Err(ResourceError::NoCredentialSet(name.clone()));
            }
            if present.is_none() {
                let most = tiers.of(registry.settings.tier).cache_rules;
                Self::check_number::<CacheRule>(tx, registry, most)?;
                check_target(tx, registry, &rule)?;
            }
            Ok(rule.into())
        };
        self.write(at, wish, change).await
    }

    /// Deletes the cache rule.
    pub async fn delete_cache_rule(
        &self,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        self.remove::<CacheRule>(registry, name, precondition, |_, _| Ok(())).await
    }
}

/// The rule with what is wished.
fn rule(
    present: Option<&Resource<CacheRule>>,
    change: &CacheRuleChange,
) -> Result<CacheRule, ResourceError> {
    let source_key = "properties.sourceRepository";
    let target_key = "properties.targetRepository";
    let Some(Resource { value: present, .. }) = present else {
        let source = change.source.clone().ok_or(ResourceError::Required(source_key))?;
        let target = change.target.clone().ok_or(ResourceError::Required(target_key))?;
        let set = change.credential_set.clone().flatten();
        return Ok(CacheRule::new(source, target, set)?);
    };
    let other =
        |wished: &Option<String>, present| wished.as_ref().is_some_and(|one| one != present);
    if other(&change.source, &present.source) {
        return Err(ResourceError::Fixed(source_key));
    }
    if other(&change.target, &present.target) {
        return Err(ResourceError::Fixed(target_key));
    }
    let set = change.credential_set.clone().unwrap_or_else(|| present.credential_set.clone());
    Ok(CacheRule { credential_set: set, ..present.clone() })
}

/// Refuses a rule that fills what another does.
fn check_target(
    tx: &mut Transaction<'_, '_>,
    registry: &Registry,
    rule: &CacheRule,
) -> Result<(), ResourceError> {
    let mut after = String::new();
    loop {
        let page = tx.resource_list::<CacheRule>(registry.id, &after, PAGE)?;
        if let Some(other) = page.iter().find(|other| other.value.conflicts_with(rule)) {
            return Err(ResourceError::SameTarget(other.name.clone()));
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.name.to_ascii_lowercase(),
            _ => return Ok(()),
        }
    }
}
