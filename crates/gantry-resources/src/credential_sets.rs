//! Credential sets. The host that they are for is fixed when they are made.

use gantry_catalog::Transaction;
use gantry_model::resource::{CacheRule, CredentialSet, Resource, SecretNames};
use gantry_model::{Precondition, Registry, Versioned, Written};

use crate::kept::At;
use crate::{ResourceError, Resources, Wish};

/// How many cache rules are looked at for one that uses the set: as many as there can be by ACR's limits.
const MOST_RULES: usize = 10_000;

/// What is wished of a credential set. What isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct CredentialSetChange {
    /// The host; only for a new one.
    pub login_server: Option<String>,
    /// The address of the user's name.
    pub user: Option<String>,
    /// The address of the password.
    pub password: Option<String>,
}

impl Resources {
    /// Brings the credential set to what is wished.
    pub async fn write_credential_set(
        &self,
        at: At,
        wish: Wish<CredentialSetChange>,
    ) -> Result<(Versioned<Resource<CredentialSet>>, Written), ResourceError> {
        let change =
            |_: &mut Transaction<'_, '_>,
             _: &Registry,
             present: Option<&Resource<CredentialSet>>,
             change: &CredentialSetChange| Ok(set(present, change)?.into());
        self.write(at, wish, change).await
    }

    /// Deletes a credential set that no cache rule uses.
    pub async fn delete_credential_set(
        &self,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        let id = registry.id;
        let unused = move |tx: &mut Transaction<'_, '_>, set: &Resource<CredentialSet>| {
            let rules = tx.resource_list::<CacheRule>(id, "", MOST_RULES)?;
            let uses = |rule: &&Resource<CacheRule>| {
                let used = rule.value.credential_set.as_deref();
                used.is_some_and(|name| name.eq_ignore_ascii_case(&set.name))
            };
            match rules.iter().find(uses) {
                Some(rule) => Err(ResourceError::InUse(rule.name.clone())),
                None => Ok(()),
            }
        };
        self.remove(registry, name, precondition, unused).await
    }
}

/// The set with what is wished.
fn set(
    present: Option<&Resource<CredentialSet>>,
    change: &CredentialSetChange,
) -> Result<CredentialSet, ResourceError> {
    let present = present.map(|present| &present.value);
    if let (Some(present), Some(wished)) = (present, &change.login_server)
        && *wished != present.login_server
    {
        return Err(ResourceError::Fixed("properties.loginServer"));
    }
    let wished = |wished: &Option<String>, present: Option<&String>, key| {
        wished.clone().or_else(|| present.cloned()).ok_or(ResourceError::Required(key))
    };
    let secrets = present.map(|present| &present.secrets);
    let credentials = "properties.authCredentials";
    Ok(CredentialSet::new(
        wished(
            &change.login_server,
            present.map(|present| &present.login_server),
            "properties.loginServer",
        )?,
        SecretNames {
            user: wished(&change.user, secrets.map(|secrets| &secrets.user), credentials)?,
            password: wished(
                &change.password,
                secrets.map(|secrets| &secrets.password),
                credentials,
            )?,
        },
    )?)
}
