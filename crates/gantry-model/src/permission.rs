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

use crate::id::RegistryId;

/// Something an actor may be allowed to do to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read manifests, tags, referrers and blobs.
    Pull,
    /// Write manifests, tags and blobs.
    Push,
    /// Delete manifests, tags and blobs.
    Delete,
}

impl Action {
    /// The action's word in a token's scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

/// A type that stands for one [`Action`], so that a [`Permit`] says in its type what it permits.
pub trait RepositoryAction {
    /// The action it stands for.
    const ACTION: Action;
}

/// [`Action::Pull`].
#[derive(Debug)]
pub enum Pull {}
/// [`Action::Push`].
#[derive(Debug)]
pub enum Push {}
/// [`Action::Delete`].
#[derive(Debug)]
pub enum Delete {}

impl RepositoryAction for Pull {
    const ACTION: Action = Action::Pull;
}
impl RepositoryAction for Push {
    const ACTION: Action = Action::Push;
}
impl RepositoryAction for Delete {
    const ACTION: Action = Action::Delete;
}

/// A set of actions on repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// See [`Action::Pull`].
    pub pull: bool,
    /// See [`Action::Push`].
    pub push: bool,
    /// See [`Action::Delete`].
    pub delete: bool,
}

impl Actions {
    /// All of them.
    pub const ALL: Self = Self { pull: true, push: true, delete: true };
    /// Reading only.
    pub const PULL: Self = Self { pull: true, push: false, delete: false };

    /// Whether `action` is in the set.
    pub fn contains(self, action: Action) -> bool {
        match action {
            Action::Pull => self.pull,
            Action::Push => self.push,
            Action::Delete => self.delete,
        }
    }

    /// The actions in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            pull: self.pull && other.pull,
            push: self.push && other.push,
            delete: self.delete && other.delete,
        }
    }

    /// No action at all.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// One thing a credential allows, within one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// On every repository of the registry.
    EveryRepository(Actions),
    /// On one repository.
    Repository(RepositoryName, Actions),
    /// To list the registry's repositories.
    Catalog,
    /// To mount blobs from whichever repository holds them, of those its identity may pull from;
    /// or that this was asked for and denied.
    MountSources(bool),
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Nobody signed in.
    Anonymous,
    /// The registry's admin account.
    Admin(AdminSubject),
}

impl Identity {
    /// A stable text for ownership checks and records, another for each identity: an account may
    /// well be called `anonymous`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Admin(subject) => &subject.0,
        }
    }
}

/// An admin account as records name it: `admin:` and its user name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdminSubject(Arc<str>);

impl From<&str> for AdminSubject {
    fn from(user: &str) -> Self {
        Self(format!("admin:{user}").into())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Someone who asks something of one registry, with what their credential grants there.
#[derive(Clone, Debug)]
pub struct Actor {
    registry: RegistryId,
    identity: Identity,
    grants: Vec<Grant>,
}

impl Actor {
    /// An actor with `grants` in `registry`. Only authentication makes these.
    pub fn new(registry: RegistryId, identity: Identity, grants: Vec<Grant>) -> Self {
        Self { registry, identity, grants }
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
        let mut allowed = Actions::default();
        for grant in &self.grants {
            match grant {
                Grant::EveryRepository(actions) => allowed = union(allowed, *actions),
                Grant::Repository(name, actions) if name == repository => {
                    allowed = union(allowed, *actions);
                }
                Grant::Repository(..) | Grant::Catalog | Grant::MountSources(_) => {}
            }
        }
        allowed
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

    /// Proof that the actor may list the registry's repositories, or why not.
    pub fn permit_catalog(&self) -> Result<CatalogPermit, Refusal> {
        if !self.grants.contains(&Grant::Catalog) {
            return Err(self.refusal(Needed::Catalog));
        }
        Ok(CatalogPermit { registry: self.registry })
    }

    /// Proof that blobs of `repository` may be mounted elsewhere, if they may.
    pub fn permit_source(&self, repository: &RepositoryName) -> Option<Permit<Pull>> {
        if self.grants.contains(&Grant::MountSources(true)) {
            return Some(self.prove(repository));
        }
        self.permit(repository).ok()
    }

    /// Whether the credential was asked for this when it was made, granted or not: asking for it
    /// again would change nothing.
    pub fn was_asked_for(&self, needed: &Needed) -> bool {
        self.grants.iter().any(|grant| match (grant, needed) {
            (Grant::EveryRepository(actions), Needed::Repository(_, action)) => {
                actions.contains(*action)
            }
            (Grant::Repository(granted, _), Needed::Repository(name, _)) => granted == name,
            (Grant::Catalog, Needed::Catalog) => true,
            (Grant::MountSources(_), Needed::MountSources) => true,
            _ => false,
        })
    }

    /// Whether the actor may pull from every repository there is or will be.
    pub fn pulls_everything(&self) -> bool {
        self.grants.iter().any(|grant| match grant {
            Grant::EveryRepository(actions) => actions.pull,
            Grant::MountSources(granted) => *granted,
            Grant::Repository(..) | Grant::Catalog => false,
        })
    }

    fn refusal(&self, needed: Needed) -> Refusal {
        match self.identity {
            Identity::Anonymous => Refusal::SignIn(Some(needed)),
            Identity::Admin(_) => Refusal::Insufficient(needed),
        }
    }
}

fn union(a: Actions, b: Actions) -> Actions {
    Actions { pull: a.pull || b.pull, push: a.push || b.push, delete: a.delete || b.delete }
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

/// Proof that an actor may list the repositories of one registry. Made by [`Actor::permit_catalog`].
#[derive(Debug, Clone)]
pub struct CatalogPermit {
    registry: RegistryId,
}

impl CatalogPermit {
    /// The registry the permit is for.
    pub fn registry(&self) -> RegistryId {
        self.registry
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

    fn actor(identity: Identity, grants: Vec<Grant>) -> Actor {
        Actor::new(RegistryId::new(Timestamp::from_micros(0)), identity, grants)
    }

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    #[test]
    fn a_grant_on_one_repository_gives_nothing_elsewhere() {
        let grant = Grant::Repository(name("team/app"), Actions::PULL);
        let actor = actor(Identity::Admin("x".into()), vec![grant]);
        assert!(actor.permit::<Pull>(&name("team/app")).is_ok());
        assert!(actor.permit::<Push>(&name("team/app")).is_err());
        for other in ["team", "team/app2", "team/app/x", "other"] {
            assert!(actor.permit::<Pull>(&name(other)).is_err(), "{other}");
        }
        assert!(actor.permit_catalog().is_err());
    }

    #[test]
    fn no_account_s_name_makes_it_another_identity() {
        for user in ["anonymous", "admin:anonymous", ""] {
            let admin = Identity::Admin(user.into());
            assert_ne!(admin.as_str(), Identity::Anonymous.as_str());
            assert_eq!(admin.as_str(), format!("admin:{user}"));
        }
    }

    #[test]
    fn a_refusal_tells_the_anonymous_to_sign_in_and_others_no_more() {
        let anonymous = actor(Identity::Anonymous, vec![]);
        assert!(matches!(anonymous.permit::<Pull>(&name("a")), Err(Refusal::SignIn(Some(_)))));
        let known = actor(Identity::Admin("x".into()), vec![]);
        assert!(matches!(known.permit::<Pull>(&name("a")), Err(Refusal::Insufficient(_))));
    }
}
