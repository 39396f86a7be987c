//! What a credential allows in one registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_arm::{Attributes, Condition};
use gantry_oci::{RepositoryName, RepositoryPattern};

use super::action::{Action, Actions};
use super::ranges::{NameRange, merge};

/// Everything that a credential allows in one registry. What several sources grant adds up.
///
/// Looking up a repository takes as many steps as its name has components, however many rules there
/// are.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    everywhere: Actions,
    below: BTreeMap<RepositoryName, Actions>,
    named: BTreeMap<RepositoryName, Actions>,
    /// Of roles that are assigned with a condition.
    conditional: Vec<(Arc<Condition>, Actions)>,
    listing: Listing,
    mount_sources: Option<bool>,
}

/// Which repositories the catalog shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// None: the catalog is refused.
    #[default]
    Refused,
    /// Those whose metadata may be read.
    Readable,
    /// All.
    Every,
}

impl Grants {
    /// Nothing is allowed.
    pub fn none() -> Self {
        Self::default()
    }

    /// All there is.
    pub fn everything() -> Self {
        Self { everywhere: Actions::ALL, listing: Listing::Every, ..Self::default() }
    }

    /// Allows `actions` on the repositories that `pattern` has. No actions on a repository by name
    /// are remembered too: its scope was asked for, and denied.
    #[must_use]
    pub fn with(mut self, pattern: &RepositoryPattern, actions: Actions) -> Self {
        self.add(pattern, actions);
        self
    }

    /// As [`with`](Self::with), in place.
    pub fn add(&mut self, pattern: &RepositoryPattern, actions: Actions) {
        let allowed = match pattern {
            RepositoryPattern::Every => &mut self.everywhere,
            RepositoryPattern::Below(path) => self.below.entry(path.clone()).or_default(),
            RepositoryPattern::Named(name) => self.named.entry(name.clone()).or_default(),
        };
        *allowed = allowed.or(actions);
    }

    /// Allows `actions` where the condition holds.
    #[must_use]
    pub fn with_condition(mut self, condition: Condition, actions: Actions) -> Self {
        self.conditional.push((Arc::new(condition), actions));
        self
    }

    /// The same with a catalog that is refused to those who may not list all of it.
    #[must_use]
    pub fn without_listing(mut self) -> Self {
        self.listing = Listing::Refused;
        self
    }

    /// What these and `others` both allow, of repositories that these name: the others are what
    /// somebody is granted, these what they asked for.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        let both = |(name, actions): (&RepositoryName, &Actions)| {
            (name.clone(), actions.and(others.on(name)))
        };
        Self {
            everywhere: self.everywhere.and(others.everywhere),
            named: self.named.iter().map(both).collect(),
            listing: self.listing.min(others.listing),
            mount_sources: self
                .mount_sources
                .map(|asked| asked && others.everywhere.contains(Action::Pull)),
            ..Self::default()
        }
    }

    /// Adds what `other` allows.
    pub fn add_all(&mut self, other: &Self) {
        self.everywhere = self.everywhere.or(other.everywhere);
        for (path, actions) in &other.below {
            let allowed = self.below.entry(path.clone()).or_default();
            *allowed = allowed.or(*actions);
        }
        for (name, actions) in &other.named {
            let allowed = self.named.entry(name.clone()).or_default();
            *allowed = allowed.or(*actions);
        }
        self.conditional.extend_from_slice(&other.conditional);
        self.listing = self.listing.max(other.listing);
        self.mount_sources = self.mount_sources.max(other.mount_sources);
    }

    /// Lets the catalog show at least this.
    #[must_use]
    pub fn listing(mut self, listing: Listing) -> Self {
        self.listing = self.listing.max(listing);
        self
    }

    /// Allows mounting blobs from whichever repository holds them; or notes that this was asked for
    /// and denied.
    #[must_use]
    pub fn mount_sources(mut self, allowed: bool) -> Self {
        self.mount_sources = self.mount_sources.max(Some(allowed));
        self
    }

    /// What is allowed on the repository.
    pub fn on(&self, repository: &RepositoryName) -> Actions {
        let mut allowed = self.everywhere;
        if let Some(actions) = self.named.get(repository) {
            allowed = allowed.or(*actions);
        }
        if !self.below.is_empty() {
            let mut path = repository.as_str();
            while let Some((parent, _)) = path.rsplit_once('/') {
                allowed = self.below.get(parent).map_or(allowed, |actions| allowed.or(*actions));
                path = parent;
            }
        }
        for (condition, actions) in &self.conditional {
            let holds = |action: &Action| {
                let (action, repository) = (action.data_action(), Some(repository.as_str()));
                condition.holds(&Attributes { action, repository })
            };
            allowed = allowed.or(actions.iter().filter(holds).collect());
        }
        allowed
    }

    /// Which repositories the catalog shows.
    pub fn lists(&self) -> Listing {
        self.listing
    }

    /// Whether blobs may be mounted from any repository; `None` if nobody asked for it.
    pub(super) fn mounts_from_any(&self) -> Option<bool> {
        self.mount_sources
    }

    /// What is allowed on every repository there is or will be.
    pub(super) fn everywhere(&self) -> Actions {
        self.everywhere
    }

    /// Whether a scope of the repository was asked for, granted or not.
    pub(super) fn names(&self, repository: &RepositoryName) -> bool {
        self.named.contains_key(repository)
    }

    /// Where the names are of repositories that `action` may be allowed on: none is outside these
    /// ranges, which are in order and apart from each other.
    pub fn ranges(&self, action: Action) -> Vec<NameRange> {
        if self.everywhere.contains(action) {
            return vec![NameRange::EVERY];
        }
        let may = |(_, actions): &(&RepositoryName, &Actions)| actions.contains(action);
        let named = self.named.iter().filter(may).map(|(name, _)| NameRange::only(name));
        let below = self.below.iter().filter(may).map(|(path, _)| NameRange::below(path));
        let conditional = self.conditional.iter().filter(|(_, actions)| actions.contains(action));
        let conditional = conditional.flat_map(|(condition, _)| {
            let names = condition.names(action.data_action());
            names.ranges.iter().map(NameRange::of).collect::<Vec<_>>()
        });
        merge(named.chain(below).chain(conditional).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RepositoryName {
        text.parse().unwrap()
    }

    fn pattern(text: &str) -> RepositoryPattern {
        text.parse().unwrap()
    }

    #[test]
    fn what_several_rules_allow_adds_up() {
        let grants = Grants::none()
            .with(&pattern("sample/*"), Actions::of(&[Action::Pull]))
            .with(&pattern("sample/team/*"), Actions::of(&[Action::MetadataRead]))
            .with(&pattern("sample/team/app"), Actions::of(&[Action::Delete]));
        for (repository, allowed) in [
            ("sample/team/app", &[Action::Pull, Action::MetadataRead, Action::Delete][..]),
            ("sample/team/other", &[Action::Pull, Action::MetadataRead]),
            ("sample/a", &[Action::Pull]),
            ("sample", &[]),
            ("sample2/a", &[]),
            ("sample/team", &[Action::Pull]),
        ] {
            assert_eq!(grants.on(&name(repository)), Actions::of(allowed), "{repository}");
        }
    }

    #[test]
    fn ranges_have_every_name_that_is_allowed() {
        let grants = Grants::none()
            .with(&pattern("b"), Actions::READ)
            .with(&pattern("b/*"), Actions::READ)
            .with(&pattern("b/c"), Actions::READ)
            .with(&pattern("a/x"), Actions::of(&[Action::Push]));
        let ranges = grants.ranges(Action::MetadataRead);
        for (text, inside) in
            [("b", true), ("b/c", true), ("b/z/1", true), ("a/x", false), ("b-c", false)]
        {
            assert_eq!(ranges.iter().any(|range| range.has(text)), inside, "{text}");
        }
        assert_eq!(ranges.len(), 2);
        assert_eq!(Grants::everything().ranges(Action::Pull), [NameRange::EVERY]);
    }

    #[test]
    fn a_condition_allows_where_it_holds() {
        let condition = "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'})
             AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'}))
             OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name]
                 StringStartsWithIgnoreCase 'Team/'))";
        let condition = Condition::parse(condition).unwrap();
        let grants = Grants::none().with_condition(condition, Actions::READ);
        assert_eq!(grants.on(&name("team/app")), Actions::READ);
        assert_eq!(grants.on(&name("team-a/app")), Actions::NONE);
        let ranges = grants.ranges(Action::MetadataRead);
        assert!(ranges.iter().any(|range| range.has("team/app")));
        assert!(!ranges.iter().any(|range| range.has("other")));
    }

    #[test]
    fn what_was_asked_for_is_within_what_is_granted() {
        let granted = Grants::none().with(&pattern("team/*"), Actions::READ);
        let asked = Grants::none()
            .with(&pattern("team/app"), Actions::ALL)
            .with(&pattern("other"), Actions::ALL)
            .listing(Listing::Every)
            .mount_sources(true);
        let both = asked.within(&granted);
        assert_eq!(both.on(&name("team/app")), Actions::READ);
        assert_eq!(both.on(&name("team/app2")), Actions::NONE);
        assert_eq!(both.on(&name("other")), Actions::NONE);
        assert!(both.names(&name("other")), "it was asked for");
        assert_eq!((both.lists(), both.mounts_from_any()), (Listing::Refused, Some(false)));
    }
}
