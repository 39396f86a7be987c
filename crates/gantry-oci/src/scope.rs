//! Scopes: what a client asks a token for.

use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::{NameError, RepositoryName};

/// A resource and what is to be done with it, such as `repository:a/b:pull,push`
/// (Docker's token authentication, "Token Scope").
///
/// Strict where a grant could follow: a repository's name must parse, and there are
/// no patterns. Lenient where none can: unknown actions are dropped, and unknown
/// resources parse to [`ScopeResource::Other`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope {
    /// What it is about.
    pub resource: ScopeResource,
    /// What is to be done.
    pub actions: ActionSet,
}

/// What a [`Scope`] is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ScopeResource {
    /// `repository:<name>`.
    Repository(RepositoryName),
    /// `registry:catalog`, the list of repositories.
    Catalog,
    /// A resource that nothing here grants.
    Other(OtherResource),
}

/// The `type:name` of a resource that nothing here grants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OtherResource(Box<str>);

/// An action on a repository or the catalog.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Read manifests, blobs and tags.
    Pull,
    /// Write manifests, blobs and tags.
    Push,
    /// Delete manifests, blobs and tags.
    Delete,
    /// Read attributes (ACR).
    MetadataRead,
    /// Write attributes (ACR).
    MetadataWrite,
    /// `*`: on the catalog, to list it. What it means elsewhere, whoever grants decides.
    All,
}

/// A set of [`Action`]s, printed in one order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ActionSet(u8);

/// Why a text is no [`Scope`], or no list of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeError {
    /// Longer than [`Scope::MAX_LEN`] bytes, or a list longer than [`Scope::MAX_LIST_LEN`].
    #[error("scope is too long")]
    TooLong,
    /// Not of the form `type:name:action,…`.
    #[error("not a scope: expected `type:name:action,action`")]
    Malformed,
    /// A repository scope without a repository's name.
    #[error("scope of a repository: {0}")]
    Name(NameError),
}

impl OtherResource {
    /// The text, `type:name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl Scope ===

impl Scope {
    /// The length of the longest scope, in bytes.
    pub const MAX_LEN: usize = 512;

    /// The length of the longest list of scopes, in bytes.
    pub const MAX_LIST_LEN: usize = 16 << 10;

    /// Parses several scopes, parted by spaces: the value of one `scope` parameter.
    /// An empty text is an empty list.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ScopeError> {
        if text.len() > Self::MAX_LIST_LEN {
            return Err(ScopeError::TooLong);
        }
        text.split(' ').filter(|scope| !scope.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.len() > Self::MAX_LEN {
            return Err(ScopeError::TooLong);
        }
        let (resource, actions) = text.rsplit_once(':').ok_or(ScopeError::Malformed)?;
        let (kind, name) = resource.split_once(':').ok_or(ScopeError::Malformed)?;
        let resource = match (kind, name) {
            ("repository", name) => {
                ScopeResource::Repository(name.parse().map_err(ScopeError::Name)?)
            }
            // The list of deleted ones is open to those who may list.
            ("registry", "catalog" | "deleted_catalog") => ScopeResource::Catalog,
            (kind, name) if is_kind(kind) && is_visible(name) => {
                ScopeResource::Other(OtherResource(resource.into()))
            }
            _ => return Err(ScopeError::Malformed),
        };
        Ok(Self { resource, actions: ActionSet::parse(actions).ok_or(ScopeError::Malformed)? })
    }
}

/// `[a-z0-9-]+`, as in `artifact-repository`, with a class in parentheses as in `repository(plugin)`.
fn is_kind(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let word = |w: &str| !w.is_empty() && w.bytes().all(plain);
    match text.strip_suffix(')').map(|rest| rest.split_once('(')) {
        Some(Some((kind, class))) => word(kind) && word(class),
        Some(None) => false,
        None => word(text),
    }
}

/// One or more visible ASCII characters but commas.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.actions)
    }
}

impl fmt::Display for ScopeResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "repository:{name}"),
            Self::Catalog => f.write_str("registry:catalog"),
            Self::Other(OtherResource(text)) => f.write_str(text),
        }
    }
}

serde_as_text!(Scope, "a scope such as repository:a/b:pull");

// === impl Action ===

impl Action {
    /// All actions, in the order they print.
    pub const EACH: [Self; 6] =
        [Self::Pull, Self::Push, Self::Delete, Self::MetadataRead, Self::MetadataWrite, Self::All];

    /// The action's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::MetadataRead => "metadata_read",
            Self::MetadataWrite => "metadata_write",
            Self::All => "*",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl ActionSet ===

impl ActionSet {
    /// No action.
    pub const NONE: Self = Self(0);

    /// Whether the set has the very action: [`Action::All`] stands for no other here.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with one more action.
    #[must_use]
    pub const fn with(self, action: Action) -> Self {
        Self(self.0 | action.bit())
    }

    /// The actions in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The actions in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The actions, in the order they print.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::EACH.into_iter().filter(move |&action| self.contains(action))
    }

    /// Parses words parted by commas, drops the unknown ones, and refuses what is no word.
    fn parse(text: &str) -> Option<Self> {
        let is_word = |w: &str| w == "*" || w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        text.split(',').try_fold(Self::NONE, |set, word| {
            // Who may read metadata may read that of what was deleted.
            let word = if word == "deleted_read" { Action::MetadataRead.as_str() } else { word };
            let known = Action::EACH.into_iter().find(|action| action.as_str() == word);
            is_word(word).then(|| known.map_or(set, |action| set.with(action)))
        })
    }
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        actions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for ActionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, action) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(action.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ActionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(name: &str) -> ScopeResource {
        ScopeResource::Repository(name.parse().unwrap())
    }

    #[test]
    fn scopes_parse_and_print() {
        use Action::*;
        for (text, resource, actions, printed) in [
            ("repository:a/b:pull", repository("a/b"), vec![Pull], None),
            (
                "repository:a:push,pull",
                repository("a"),
                vec![Pull, Push],
                Some("repository:a:pull,push"),
            ),
            ("repository:a:pull,pull", repository("a"), vec![Pull], Some("repository:a:pull")),
            ("repository:a:pull,fly", repository("a"), vec![Pull], Some("repository:a:pull")),
            ("repository:a:", repository("a"), vec![], None),
            ("repository:a:*", repository("a"), vec![All], None),
            (
                "repository:a:pull,push,delete,metadata_read,metadata_write,*",
                repository("a"),
                Action::EACH.to_vec(),
                None,
            ),
            ("registry:catalog:*", ScopeResource::Catalog, vec![All], None),
        ] {
            let scope: Scope = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(scope, Scope { resource, actions: actions.into_iter().collect() }, "{text}");
            assert_eq!(scope.to_string(), printed.unwrap_or(text));
        }
    }

    #[test]
    fn other_resources_parse_to_what_grants_nothing() {
        for text in
            ["repository(plugin):a/b:pull", "registry:other:*", "artifact:x:y:pull", "aci:*:pull"]
        {
            let scope: Scope = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(matches!(scope.resource, ScopeResource::Other(_)), "{text}");
            assert_eq!(scope.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        let name = |e| Err(ScopeError::Name(e));
        for (text, reason) in [
            ("", Err(ScopeError::Malformed)),
            ("pull", Err(ScopeError::Malformed)),
            ("repository:a", Err(ScopeError::Malformed)),
            (":a:pull", Err(ScopeError::Malformed)),
            ("other::pull", Err(ScopeError::Malformed)),
            ("Repository:a:pull", Err(ScopeError::Malformed)),
            ("repository():a:pull", Err(ScopeError::Malformed)),
            ("repository:a:pull;push", Err(ScopeError::Malformed)),
            ("repository:a:PULL", Err(ScopeError::Malformed)),
            ("repository:a:pull,push ", Err(ScopeError::Malformed)),
            ("other:a,b:pull", Err(ScopeError::Malformed)),
            ("repository::pull", name(NameError::Empty)),
            ("repository:*:pull", name(NameError::Character('*'))),
            ("repository:a/*:pull", name(NameError::Character('*'))),
            ("repository:a:b:pull", name(NameError::Character(':'))),
            ("repository:host:5000/a:pull", name(NameError::Character(':'))),
            ("repository:a,b:pull", name(NameError::Character(','))),
            ("repository:../a:pull", name(NameError::ComponentEdge)),
        ] {
            assert_eq!(text.parse::<Scope>(), reason, "{text:?}");
        }
        let long = format!("repository:a:{}", "pull,".repeat(200));
        assert_eq!(long.parse::<Scope>(), Err(ScopeError::TooLong));
    }

    #[test]
    fn lists_are_parted_by_spaces() {
        let scopes = Scope::parse_list("repository:a:pull  registry:catalog:*").unwrap();
        assert_eq!(
            scopes.iter().map(Scope::to_string).collect::<Vec<_>>(),
            ["repository:a:pull", "registry:catalog:*"]
        );
        assert_eq!(Scope::parse_list(""), Ok(vec![]));
        assert_eq!(Scope::parse_list("repository:a:pull x"), Err(ScopeError::Malformed));
        assert_eq!(Scope::parse_list(&"a:b:c ".repeat(4000)), Err(ScopeError::TooLong));
    }

    #[test]
    fn all_is_an_action_like_the_others() {
        let all = ActionSet::NONE.with(Action::All);
        assert!(all.contains(Action::All) && !all.contains(Action::Pull));
        assert_eq!(all.union(ActionSet::NONE.with(Action::Pull)).intersection(all), all);
    }
}
