//! The actions of scope maps: what tokens may do, and where.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::{NameRanges, RepositoryPattern, RepositoryPatternError};

/// An action of a scope map, such as `repositories/samples/*/content/read` or
/// `gateway/shop/config/read` (ACR, "Create a token with repository-scoped
/// permissions", and the `actions` of `Microsoft.ContainerRegistry/registries/scopeMaps`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeMapAction {
    /// `repositories/<pattern>/<verb>`: on content or attributes of repositories.
    Repository(RepositoryPattern, RepositoryVerb),
    /// `gateway/<name>/<verb>`: what a connected registry needs of its parent.
    Gateway(Box<str>, GatewayVerb),
}

/// What may be done with a repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RepositoryVerb {
    /// Pull manifests and blobs.
    ContentRead,
    /// Push manifests and blobs.
    ContentWrite,
    /// Delete manifests, tags and repositories.
    ContentDelete,
    /// List tags and manifests, read attributes.
    MetadataRead,
    /// Write attributes, untag.
    MetadataWrite,
}

/// What may be done with a connected registry's gateway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GatewayVerb {
    /// Read its configuration.
    ConfigRead,
    /// Write its configuration.
    ConfigWrite,
    /// Read messages.
    MessageRead,
    /// Write messages.
    MessageWrite,
}

/// The actions of one scope map: in the order that they were written, each once, at
/// most [`ScopeMapActions::MAX`]. They add up; none takes away what another gives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeMapActions(Vec<ScopeMapAction>);

/// Why a text is no [`ScopeMapAction`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeMapActionError {
    /// Of neither form.
    #[error(
        "expected repositories/<name>/<verb> with content/read, content/write, content/delete, \
         metadata/read or metadata/write, or gateway/<name>/<verb> with config/read, \
         config/write, message/read or message/write"
    )]
    Malformed,
    /// Of a repository, but of no name or pattern of names.
    #[error(transparent)]
    Pattern(#[from] RepositoryPatternError),
    /// Of a gateway that no connected registry can be.
    #[error("a connected registry's name has 5 to 50 letters and digits")]
    Gateway,
}

/// Why a list of texts is no [`ScopeMapActions`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeMapError {
    /// More than [`ScopeMapActions::MAX`] actions.
    #[error("scope map has more than 500 actions")]
    TooMany,
    /// An action that doesn't parse.
    #[error("action {0:?}: {1}")]
    Action(Box<str>, ScopeMapActionError),
}

// === impl ScopeMapAction ===

impl FromStr for ScopeMapAction {
    type Err = ScopeMapActionError;

    fn from_str(text: &str) -> Result<Self, ScopeMapActionError> {
        // The verb is the last two segments; a pattern may have any number.
        let (rest, done) = text.rsplit_once('/').ok_or(ScopeMapActionError::Malformed)?;
        let (rest, what) = rest.rsplit_once('/').ok_or(ScopeMapActionError::Malformed)?;
        let is = |verb: &str| verb.split_once('/') == Some((what, done));
        if let Some(pattern) = rest.strip_prefix("repositories/") {
            let verb = RepositoryVerb::EACH.into_iter().find(|verb| is(verb.as_str()));
            let verb = verb.ok_or(ScopeMapActionError::Malformed)?;
            Ok(Self::Repository(pattern.parse()?, verb))
        } else if let Some(name) = rest.strip_prefix("gateway/") {
            let verb = GatewayVerb::EACH.into_iter().find(|verb| is(verb.as_str()));
            let verb = verb.ok_or(ScopeMapActionError::Malformed)?;
            match is_connected_registry(name) {
                true => Ok(Self::Gateway(name.into(), verb)),
                false => Err(ScopeMapActionError::Gateway),
            }
        } else {
            Err(ScopeMapActionError::Malformed)
        }
    }
}

/// The `connectedRegistryName` of ACR's interface.
fn is_connected_registry(name: &str) -> bool {
    (5..=50).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl fmt::Display for ScopeMapAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(pattern, verb) => {
                write!(f, "repositories/{pattern}/{}", verb.as_str())
            }
            Self::Gateway(name, verb) => write!(f, "gateway/{name}/{}", verb.as_str()),
        }
    }
}

impl fmt::Debug for ScopeMapAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

serde_as_text!(ScopeMapAction, "an action such as repositories/hello/content/read");

// === impl RepositoryVerb, GatewayVerb ===

impl RepositoryVerb {
    /// All verbs.
    pub const EACH: [Self; 5] = [
        Self::ContentRead,
        Self::ContentWrite,
        Self::ContentDelete,
        Self::MetadataRead,
        Self::MetadataWrite,
    ];

    /// The verb as actions end.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentRead => "content/read",
            Self::ContentWrite => "content/write",
            Self::ContentDelete => "content/delete",
            Self::MetadataRead => "metadata/read",
            Self::MetadataWrite => "metadata/write",
        }
    }
}

impl GatewayVerb {
    /// All verbs.
    pub const EACH: [Self; 4] =
        [Self::ConfigRead, Self::ConfigWrite, Self::MessageRead, Self::MessageWrite];

    /// The verb as actions end.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigRead => "config/read",
            Self::ConfigWrite => "config/write",
            Self::MessageRead => "message/read",
            Self::MessageWrite => "message/write",
        }
    }
}

// === impl ScopeMapActions ===

impl ScopeMapActions {
    /// The most actions that a scope map has.
    pub const MAX: usize = 500;

    /// Parses the actions of a scope map; the error tells which one doesn't parse.
    pub fn parse<I>(actions: I) -> Result<Self, ScopeMapError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut seen = HashSet::new();
        let mut list = Vec::new();
        for (count, text) in actions.into_iter().enumerate() {
            if count == Self::MAX {
                return Err(ScopeMapError::TooMany);
            }
            let text = text.as_ref();
            let action: ScopeMapAction =
                text.parse().map_err(|error| ScopeMapError::Action(text.into(), error))?;
            if seen.insert(action.clone()) {
                list.push(action);
            }
        }
        Ok(Self(list))
    }

    /// The actions, in the order that they were written.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeMapAction> {
        self.0.iter()
    }

    /// Whether one of them allows this with the repository of that name.
    pub fn allows(&self, verb: RepositoryVerb, name: &str) -> bool {
        self.patterns(verb).any(|pattern| pattern.matches(name))
    }

    /// The names of all repositories with which they allow this.
    pub fn names(&self, verb: RepositoryVerb) -> NameRanges {
        self.patterns(verb).fold(NameRanges::none(), |names, p| names.union(&p.names()))
    }

    fn patterns(&self, verb: RepositoryVerb) -> impl Iterator<Item = &RepositoryPattern> {
        self.0.iter().filter_map(move |action| match action {
            ScopeMapAction::Repository(pattern, allowed) if *allowed == verb => Some(pattern),
            _ => None,
        })
    }
}

impl serde::Serialize for ScopeMapActions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_parse_and_print() {
        use ScopeMapAction::*;
        let pattern = |text: &str| text.parse().unwrap();
        for (text, action) in [
            (
                "repositories/hello/content/read",
                Repository(pattern("hello"), RepositoryVerb::ContentRead),
            ),
            (
                "repositories/a/b/content/delete",
                Repository(pattern("a/b"), RepositoryVerb::ContentDelete),
            ),
            (
                "repositories/samples/*/metadata/write",
                Repository(pattern("samples/*"), RepositoryVerb::MetadataWrite),
            ),
            (
                "repositories/*/content/write",
                Repository(pattern("*"), RepositoryVerb::ContentWrite),
            ),
            (
                "repositories/content/read/metadata/read",
                Repository(pattern("content/read"), RepositoryVerb::MetadataRead),
            ),
            ("gateway/shop1/config/read", Gateway("shop1".into(), GatewayVerb::ConfigRead)),
            ("gateway/shop1/message/write", Gateway("shop1".into(), GatewayVerb::MessageWrite)),
        ] {
            assert_eq!(text.parse(), Ok(action.clone()));
            assert_eq!(action.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_action_is_refused() {
        use RepositoryPatternError as Pattern;
        use ScopeMapActionError as Error;
        for (text, reason) in [
            ("", Error::Malformed),
            ("content/read", Error::Malformed),
            ("repositories/content/read", Error::Malformed),
            ("repositories/a", Error::Malformed),
            ("repositories/a/content", Error::Malformed),
            ("repositories/a/content/list", Error::Malformed),
            ("repositories/a/metadata/delete", Error::Malformed),
            ("repositories/a/Content/Read", Error::Malformed),
            ("repositories/a/config/read", Error::Malformed),
            ("gateway/shop1/content/read", Error::Malformed),
            ("Repositories/a/content/read", Error::Malformed),
            ("repositories//content/read", Error::Pattern(Pattern::Name)),
            ("repositories/A/content/read", Error::Pattern(Pattern::Name)),
            ("repositories/a/*/b/content/read", Error::Pattern(Pattern::Wildcard)),
            ("repositories/team*/content/read", Error::Pattern(Pattern::Wildcard)),
            ("repositories/a/*/b/*/content/read", Error::Pattern(Pattern::Wildcard)),
            ("gateway/a/b/config/read", Error::Gateway),
            ("gateway/*/config/read", Error::Gateway),
        ] {
            assert_eq!(text.parse::<ScopeMapAction>(), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_list_keeps_its_order_and_each_action_once() {
        let texts = [
            "repositories/b/content/read",
            "repositories/a/*/content/read",
            "repositories/b/content/read",
            "gateway/shop1/config/read",
        ];
        let actions = ScopeMapActions::parse(texts).unwrap();
        let json = serde_json::to_string(&actions).unwrap();
        assert_eq!(json, serde_json::to_string(&[texts[0], texts[1], texts[3]]).unwrap());
        assert!(actions.allows(RepositoryVerb::ContentRead, "b"));
        assert!(actions.allows(RepositoryVerb::ContentRead, "a/x"));
        assert!(!actions.allows(RepositoryVerb::ContentRead, "a"));
        assert!(!actions.allows(RepositoryVerb::ContentWrite, "b"));
        let names = actions.names(RepositoryVerb::ContentRead);
        assert!(names.contains("b") && names.contains("a/x") && !names.contains("a"));
        assert!(actions.names(RepositoryVerb::ContentDelete).is_empty());
    }

    #[test]
    fn bounds_and_bad_actions_are_told() {
        let many = |count| (0..count).map(|i| format!("repositories/r{i}/content/read"));
        assert_eq!(ScopeMapActions::parse(many(500)).unwrap().iter().count(), 500);
        assert_eq!(ScopeMapActions::parse(many(501)), Err(ScopeMapError::TooMany));
        let error = ScopeMapActions::parse(["repositories/a/content/read", "x"]).unwrap_err();
        assert!(error.to_string().starts_with("action \"x\": expected repositories/"), "{error}");
    }
}
