//! What an identity is granted in a registry, found once and kept for as long as nothing changes that
//! it depends on.

use std::sync::Arc;

use gantry_arm::Guid;
use gantry_catalog::DbError;
use gantry_model::permission::{Actions, Actor, Grants, Identity, IdentityKind, Listing};
use gantry_model::scoped::{ScopedName, Token};
use gantry_model::{Epoch, EpochSubject, Registry, RegistryId, Timestamp};
use gantry_oci::{RepositoryPattern, Secret};
use gantry_secrets::SecretHash;
use quick_cache::sync::Cache;

use crate::scope_maps::of_the_system;
use crate::{Access, SetupError};

/// Profiles that are kept; each takes a few hundred bytes, more with many rules.
const KEPT: usize = 16 << 10;

/// What an identity is granted in a registry.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) identity: Identity,
    pub(crate) grants: Arc<Grants>,
    /// What tokens of the identity carry, so that they end with it.
    pub(crate) sign_in: i64,
    /// What a repository-scoped token or the admin account is known by.
    secrets: Vec<([u8; 32], Option<Timestamp>)>,
    /// The registry's own epoch when this was found.
    registry: i64,
    depends: Vec<Epoch>,
}

#[derive(Debug)]
pub(crate) struct Profiles(Cache<(RegistryId, Identity), Arc<Profile>>);

impl Default for Profiles {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Profile {
    /// The identity with all that it is granted.
    pub(crate) fn actor(&self, registry: &Registry) -> Actor {
        Actor::new(registry.id, self.identity.clone(), Arc::clone(&self.grants))
    }

    /// Whether this is one of the registry's own account's passwords, and if so, until when, where it
    /// ends.
    pub(crate) fn password(&self, shown: &SecretHash, now: Timestamp) -> Option<Option<Timestamp>> {
        // All are compared, whichever it is.
        self.secrets.iter().fold(None, |found, (hash, expires)| {
            let is_it = shown.is_among([hash]);
            if is_it && expires.is_none_or(|expires| now < expires) {
                Some(*expires)
            } else {
                found
            }
        })
    }
}

/// A profile in the making: what it depends on is read before what depends on it, so that a change
/// in between leaves a profile that is not current.
pub(crate) struct Draft<'a> {
    access: &'a Access,
    pub(crate) depends: Vec<Epoch>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(access: &'a Access) -> Self {
        Self { access, depends: Vec::new() }
    }

    pub(crate) async fn depends_on(&mut self, subject: EpochSubject) -> Result<i64, DbError> {
        let value = self.access.0.catalog.epoch(&subject).await?;
        self.depends.push(Epoch(subject, value));
        Ok(value)
    }
}

impl Access {
    /// The profile, if it is kept and still true, without waiting for anything.
    pub(crate) fn known_profile(
        &self,
        registry: &Registry,
        identity: &Identity,
    ) -> Option<Arc<Profile>> {
        let kept = self.0.profiles.0.get(&(registry.id, identity.clone()))?;
        self.is_current(registry, &kept).then_some(kept)
    }

    /// Whether nothing has changed that the profile depends on, as far as is known.
    pub(crate) fn is_current(&self, registry: &Registry, profile: &Profile) -> bool {
        profile.registry == registry.epoch && self.are_current(&profile.depends)
    }

    /// Whether these are the present epochs, as far as is known.
    pub(crate) fn are_current(&self, epochs: &[Epoch]) -> bool {
        let catalog = &self.0.catalog;
        epochs.iter().all(|Epoch(subject, value)| catalog.epoch_known(subject) == Some(*value))
    }

    /// The profile; `None` if there is no such identity, or it may not sign in.
    pub(crate) async fn profile(
        &self,
        registry: &Registry,
        identity: &Identity,
    ) -> Result<Option<Arc<Profile>>, DbError> {
        if let Some(profile) = self.known_profile(registry, identity) {
            return Ok(Some(profile));
        }
        let draft = Draft::new(self);
        let found = match identity.kind() {
            IdentityKind::Anonymous => Some(self.anonymous(registry)),
            IdentityKind::Admin => self.admin_profile(registry, identity, draft).await?,
            IdentityKind::Token => self.token_profile(registry, identity, draft).await?,
            IdentityKind::Principal => self.principal_profile(registry, identity, draft).await?,
        };
        let Some(profile) = found.map(Arc::new) else { return Ok(None) };
        self.0.profiles.0.insert((registry.id, profile.identity.clone()), Arc::clone(&profile));
        Ok(Some(profile))
    }

    fn anonymous(&self, registry: &Registry) -> Profile {
        let identity = Identity::anonymous();
        Profile {
            identity,
            grants: Arc::new(everyones(registry)),
            sign_in: 0,
            secrets: Vec::new(),
            registry: registry.epoch,
            depends: Vec::new(),
        }
    }

    async fn admin_profile(
        &self,
        registry: &Registry,
        identity: &Identity,
        mut draft: Draft<'_>,
    ) -> Result<Option<Profile>, DbError> {
        let sign_in = draft.depends_on(EpochSubject::admin(registry.id)).await?;
        if identity.name() != registry.name.as_str() || !registry.settings.admin_enabled {
            return Ok(None);
        }
        let passwords = match self.admin_passwords(registry).await {
            Ok(passwords) => passwords,
            Err(SetupError::Catalog(error)) => return Err(error),
            // Nobody signs in by what can't be read.
            Err(error) => {
                tracing::error!(%error, "an admin account's passwords can't be read");
                Vec::new()
            }
        };
        let hash = |password: &Secret| SecretHash::of(password.expose()).0;
        Ok(Some(Profile {
            identity: identity.clone(),
            grants: Arc::new(Grants::everything()),
            sign_in,
            secrets: passwords.iter().map(|(_, password)| (hash(password), None)).collect(),
            registry: registry.epoch,
            depends: draft.depends,
        }))
    }

    async fn token_profile(
        &self,
        registry: &Registry,
        identity: &Identity,
        mut draft: Draft<'_>,
    ) -> Result<Option<Profile>, DbError> {
        let Ok(name) = identity.name().parse::<ScopedName>() else { return Ok(None) };
        // Its id is needed to know what it depends on; it is read again behind that.
        let Some(first) = self.0.catalog.token_find(registry.id, &name).await? else {
            return Ok(None);
        };
        let sign_in = draft.depends_on(EpochSubject::token(first.id)).await?;
        let again = self.0.catalog.token_find(registry.id, &name).await?;
        let Some(token) = again.filter(|token| token.id == first.id && token.enabled) else {
            return Ok(None);
        };
        let mut grants = self.scope_map_grants(registry, &token, &mut draft).await?;
        grants.add_all(&everyones(registry));
        let secrets = token.passwords.iter().map(|one| (one.hash, one.expires_at)).collect();
        Ok(Some(Profile {
            identity: Identity::token(token.name.key()),
            grants: Arc::new(listed_by(registry, grants)),
            sign_in,
            secrets,
            registry: registry.epoch,
            depends: draft.depends,
        }))
    }

    async fn scope_map_grants(
        &self,
        registry: &Registry,
        token: &Token,
        draft: &mut Draft<'_>,
    ) -> Result<Grants, DbError> {
        let name = &token.scope_map;
        if let Some(own) = of_the_system(name) {
            return Ok(own.grants());
        }
        let first = self.0.catalog.scope_map_find(registry.id, name).await?;
        let Some(id) = first.and_then(|map| map.id) else { return Ok(Grants::none()) };
        draft.depends_on(EpochSubject::scope_map(id)).await?;
        let again = self.0.catalog.scope_map_find(registry.id, name).await?;
        Ok(again.filter(|map| map.id == Some(id)).map_or_else(Grants::none, |map| map.grants()))
    }

    async fn principal_profile(
        &self,
        registry: &Registry,
        identity: &Identity,
        mut draft: Draft<'_>,
    ) -> Result<Option<Profile>, DbError> {
        let Ok(id) = identity.name().parse::<Guid>() else { return Ok(None) };
        let sign_in = draft.depends_on(EpochSubject::sign_in(identity.name())).await?;
        if !self.may_sign_in(id).await? {
            return Ok(None);
        }
        let roles = self.roles(id).await?;
        draft.depends.extend_from_slice(&roles.depends);
        let here = self.resource_id(registry).to_ascii_lowercase();
        let mut grants = everyones(registry);
        let mode = registry.settings.access.role_assignment_mode;
        for (assignment, role) in &roles.assigned {
            if scope_has(&assignment.scope.to_ascii_lowercase(), &here) {
                grants.add_all(&assignment.grants(role, mode));
            }
        }
        Ok(Some(Profile {
            identity: identity.clone(),
            grants: Arc::new(listed_by(registry, grants)),
            sign_in,
            secrets: Vec::new(),
            registry: registry.epoch,
            depends: draft.depends,
        }))
    }

    /// Whether someone of that id is known to the directory, and may sign in.
    async fn may_sign_in(&self, id: Guid) -> Result<bool, DbError> {
        if let Some(user) = self.0.catalog.user_find(id).await? {
            return Ok(user.enabled);
        }
        if let Some(found) = self.0.catalog.service_principal_find(id).await? {
            return Ok(found.enabled);
        }
        Ok(self.0.catalog.foreigner_find(id).await?.is_some())
    }
}

/// Whether the scope of an assignment has the resource in it; both in lower case. Scopes end with a
/// name, never within one.
pub fn scope_has(scope: &str, resource: &str) -> bool {
    let scope = scope.trim_end_matches('/');
    resource.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the registry grants to everyone, signed in or not.
fn everyones(registry: &Registry) -> Grants {
    let mut grants = Grants::none();
    if registry.settings.anonymous_pull {
        grants.add(&RepositoryPattern::Every, Actions::READ);
    }
    for pattern in &registry.settings.access.public_repositories {
        grants.add(pattern, Actions::READ);
    }
    grants
}

/// The same without the list of those that may be read, where the registry shows all or nothing.
fn listed_by(registry: &Registry, grants: Grants) -> Grants {
    match grants.lists() {
        Listing::Readable if !registry.settings.access.filtered_catalog => grants.without_listing(),
        _ => grants,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_what_is_below_it_by_name() {
        for (scope, resource, has) in [
            ("/", "/subscriptions/a", true),
            ("/subscriptions/a", "/subscriptions/a", true),
            ("/subscriptions/a/", "/subscriptions/a/resourcegroups/b", true),
            ("/subscriptions/a", "/subscriptions/ab", false),
            ("/subscriptions/a/resourcegroups/b", "/subscriptions/a", false),
        ] {
            assert_eq!(scope_has(scope, resource), has, "{scope} {resource}");
        }
    }
}
