//! Who may do what: one pure decision, and the proof of its outcome.
//!
//! An [`Actor`] carries the grants that its credential gave it. [`Actor::permit`] is the only maker
//! of a [`Permit`], and every use-case asks for one, so code that forgot to ask doesn't compile.
//!
//! Whether something exists is a secret from those who may not read it: the decision never looks at
//! content, and a [`Refusal`] says only whether signing in (again) could help.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use gantry_oci::RepositoryName;

mod action;
mod grants;
mod identity;
mod ranges;

pub use action::{
    Action, Actions, Delete, MetadataRead, MetadataWrite, Pull, Push, RepositoryAction,
};
pub use grants::{Grants, Listing};
pub use identity::{Identity, IdentityError, IdentityKind};
pub use ranges::{NameRange, behind};

use crate::id::RegistryId;

/// Someone who asks something of one registry, with what their credential grants there.
#[derive(Clone, Debug)]
pub struct Actor {
    registry: RegistryId,
    identity: Identity,
    grants: Arc<Grants>,
    own: Arc<Grants>,
}

impl Actor {
    /// An actor with `grants` in `registry`. Only authentication makes these.
    pub fn new(registry: RegistryId, identity: Identity, grants: impl Into<Arc<Grants>>) -> Self {
        let grants = grants.into();
        Self { registry, identity, own: Arc::clone(&grants), grants }
    }

    /// An actor whose credential has `grants`, which are some of what its identity is granted: its
    /// `own`.
    pub fn with_some(
        registry: RegistryId,
        identity: Identity,
        grants: Grants,
        own: Arc<Grants>,
    ) -> Self {
        Self { registry, identity, grants: Arc::new(grants), own }
    }

    /// The registry the actor speaks to.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the grants allow on `repository`.
    pub fn actions_on(&self, repository: &RepositoryName) -> Actions {
        self.grants.on(repository)
    }

    /// Which repositories the catalog shows to it.
    pub fn lists(&self) -> Listing {
        self.grants.lists()
    }

    /// Proof that the actor may do `A` to `repository`, or why not.
    pub fn permit<A: RepositoryAction>(
        &self,
        repository: &RepositoryName,
    ) -> Result<Permit<A>, Refusal> {
        if !self.actions_on(repository).contains(A::ACTION) {
            return Err(self.refusal(Needed::Repository(repository.clone(), A::ACTION)));
        }
        Ok(self.prove(repository))
    }

    fn prove<A>(&self, repository: &RepositoryName) -> Permit<A> {
        Permit {
            registry: self.registry,
            repository: repository.clone(),
            identity: self.identity.clone(),
            action: PhantomData,
        }
    }

    /// Proof that the actor may list the registry's repositories, or some of them, or why not.
    pub fn permit_catalog(&self) -> Result<CatalogPermit, Refusal> {
        let shown = match self.grants.lists() {
            Listing::Refused => return Err(self.refusal(Needed::Catalog)),
            Listing::Readable => Some(Arc::clone(&self.own)),
            Listing::Every => None,
        };
        Ok(CatalogPermit { registry: self.registry, shown })
    }

    /// Proof that blobs of `repository` may be mounted elsewhere, if they may.
    pub fn permit_source(&self, repository: &RepositoryName) -> Option<Permit<Pull>> {
        if self.grants.mounts_from_any() == Some(true) {
            return Some(self.prove(repository));
        }
        self.permit(repository).ok()
    }

    /// Whether the credential was asked for this when it was made, granted or not: asking for it
    /// again would change nothing.
    pub fn was_asked_for(&self, needed: &Needed) -> bool {
        match needed {
            Needed::Repository(name, action) => {
                self.grants.names(name) || self.grants.on(name).contains(*action)
            }
            Needed::Catalog => self.grants.lists() != Listing::Refused,
            Needed::MountSources => self.grants.mounts_from_any().is_some(),
        }
    }

    /// Whether the actor may pull from every repository there is or will be.
    pub fn pulls_everything(&self) -> bool {
        self.grants.everywhere().contains(Action::Pull)
            || self.grants.mounts_from_any() == Some(true)
    }

    /// Whether the actor may do this to every repository there is or will be.
    pub fn does_everywhere(&self, action: Action) -> bool {
        self.grants.everywhere().contains(action)
    }

    fn refusal(&self, needed: Needed) -> Refusal {
        match self.identity.kind() {
            IdentityKind::Anonymous => Refusal::SignIn(Some(needed)),
            IdentityKind::Admin | IdentityKind::Token | IdentityKind::Principal => {
                Refusal::Insufficient(needed)
            }
        }
    }
}

/// Proof that an identity may do `A` to one repository of one registry. Made by [`Actor::permit`].
pub struct Permit<A> {
    registry: RegistryId,
    repository: RepositoryName,
    identity: Identity,
    action: PhantomData<fn() -> A>,
}

impl<A> Permit<A> {
    /// The registry the permit is for.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// The repository the permit is for.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// Who holds it.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl<A> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry,
            repository: self.repository.clone(),
            identity: self.identity.clone(),
            action: PhantomData,
        }
    }
}

impl<A: RepositoryAction> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({} {} on {})", self.identity, A::ACTION.as_str(), self.repository)
    }
}

/// Proof that an actor may list the repositories of one registry, or those whose metadata it may
/// read. Made by [`Actor::permit_catalog`].
#[derive(Debug, Clone)]
pub struct CatalogPermit {
    registry: RegistryId,
    shown: Option<Arc<Grants>>,
}

impl CatalogPermit {
    /// The registry the permit is for.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }

    /// Where the names are that may be shown.
    pub fn ranges(&self) -> Vec<NameRange> {
        match &self.shown {
            None => vec![NameRange::EVERY],
            Some(grants) => grants.ranges(Action::MetadataRead),
        }
    }

    /// Whether the repository may be shown, of one whose name is in the ranges.
    pub fn shows(&self, repository: &RepositoryName) -> bool {
        let reads = |grants: &Arc<Grants>| grants.on(repository).contains(Action::MetadataRead);
        self.shown.as_ref().is_none_or(reads)
    }
}

/// What an actor would have needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needed {
    /// An action on a repository.
    Repository(RepositoryName, Action),
    /// To list repositories.
    Catalog,
    /// To mount blobs from whichever repository holds them.
    MountSources,
}

/// Why there is no permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody signed in; a credential could help.
    #[error("authentication required")]
    SignIn(Option<Needed>),
    /// Somebody signed in, and their credential doesn't allow this.
    #[error("requested access to the resource is denied")]
    Insufficient(Needed),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn actor(identity: Identity, grants: Grants) -> Actor {
        Actor::new(RegistryId::new(Timestamp::from_micros(0)), identity, grants)
    }

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    #[test]
    fn a_grant_on_one_repository_gives_nothing_elsewhere() {
        let grants = Grants::none().with(&"team/app".parse().unwrap(), Actions::READ);
        let actor = actor(Identity::admin("x"), grants);
        assert!(actor.permit::<Pull>(&name("team/app")).is_ok());
        assert!(actor.permit::<MetadataRead>(&name("team/app")).is_ok());
        assert!(actor.permit::<Push>(&name("team/app")).is_err());
        for other in ["team", "team/app2", "team/app/x", "other"] {
            assert!(actor.permit::<Pull>(&name(other)).is_err(), "{other}");
        }
        assert!(actor.permit_catalog().is_err());
    }

    #[test]
    fn a_refusal_tells_the_anonymous_to_sign_in_and_others_no_more() {
        let anonymous = actor(Identity::anonymous(), Grants::none());
        assert!(matches!(anonymous.permit::<Pull>(&name("a")), Err(Refusal::SignIn(Some(_)))));
        let known = actor(Identity::admin("x"), Grants::none());
        assert!(matches!(known.permit::<Pull>(&name("a")), Err(Refusal::Insufficient(_))));
    }

    #[test]
    fn a_catalog_shows_what_its_reader_may_read() {
        let own = Grants::none().with(&"team/*".parse().unwrap(), Actions::READ);
        let registry = RegistryId::new(Timestamp::from_micros(0));
        let grants = Grants::none().listing(Listing::Readable);
        let actor = Actor::with_some(registry, Identity::token("x"), grants, Arc::new(own));
        let permit = actor.permit_catalog().unwrap();
        assert_eq!(permit.ranges(), [NameRange::below(&name("team"))]);
        assert!(permit.shows(&name("team/app")) && !permit.shows(&name("other")));
        assert!(actor.permit::<Pull>(&name("team/app")).is_err(), "the token itself has no scope");
    }
}
