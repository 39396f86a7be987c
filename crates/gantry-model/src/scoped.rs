//! Repository-scoped tokens, and the scope maps that say what they allow.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use gantry_oci::{PatternError, RepositoryPattern};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ScopeMapId, TokenId};
use crate::permission::{Action, Actions, Grants, Listing};

/// The name of a token or scope map: 5 to 50 letters, digits, hyphens and underscores, as ACR has it.
/// Two names that differ only in case are one.
#[derive(Clone, Debug)]
pub struct ScopedName {
    shown: Arc<str>,
    key: Arc<str>,
}

/// A text that is no [`ScopedName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a token or scope map is 5 to 50 letters, digits, hyphens and underscores")]
pub struct ScopedNameError;

/// A named set of actions on repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeMap {
    /// Another for a map that is made again under the same name; `None` for the system's own.
    pub id: Option<ScopeMapId>,
    /// Its name.
    pub name: ScopedName,
    /// For people.
    pub description: Option<String>,
    /// What it allows.
    pub actions: Vec<ScopeMapAction>,
    /// When it was made; `None` for the system's own.
    pub created_at: Option<Timestamp>,
}

/// One action of a scope map, as in `repositories/samples/*/content/read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeMapAction {
    /// On repositories.
    Repositories(RepositoryPattern, Action),
    /// On a gateway, as connected registries have them: nothing here, kept for who wrote it.
    Gateway(Box<str>),
}

/// A text that is no [`ScopeMapAction`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeMapActionError {
    /// It has another form.
    #[error(
        "{0:?} is not an action of a scope map: write repositories/<repository>/<content or \
         metadata>/<read, write or delete>"
    )]
    Form(String),
    /// What it is on is neither a repository nor a pattern.
    #[error("{0:?}: {1}")]
    Repository(String, PatternError),
}

/// A credential for some repositories of one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Another for a token that is made again under the same name.
    pub id: TokenId,
    /// Its name, which is its user name.
    pub name: ScopedName,
    /// What it allows.
    pub scope_map: ScopedName,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Up to two.
    pub passwords: Vec<TokenPassword>,
}

/// One of a token's two passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPassword {
    /// Which one.
    pub name: TokenPasswordName,
    /// SHA-256 of it: its text has more random bits than that.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Which of a token's two passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TokenPasswordName {
    /// `password1`
    #[serde(rename = "password1")]
    First,
    /// `password2`
    #[serde(rename = "password2")]
    Second,
}

// === impl ScopedName ===

impl ScopedName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The name in lower case, by which it is found.
    pub fn key(&self) -> &str {
        &self.key
    }

    fn new(text: &str) -> Self {
        Self { shown: text.into(), key: text.to_ascii_lowercase().into() }
    }
}

impl FromStr for ScopedName {
    type Err = ScopedNameError;

    fn from_str(text: &str) -> Result<Self, ScopedNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = (5..=50).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self::new(text)) } else { Err(ScopedNameError) }
    }
}

impl PartialEq for ScopedName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ScopedName {}

impl fmt::Display for ScopedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

// === impl ScopeMap ===

impl ScopeMap {
    /// How many actions a map has at most.
    pub const MOST_ACTIONS: usize = 500;

    /// The maps that are there in every registry, with their descriptions.
    pub fn of_the_system() -> [Self; 5] {
        use Action::{Delete, MetadataRead, MetadataWrite, Pull, Push};
        let map = |name: &str, description: &str, actions: &[Action]| Self {
            id: None,
            name: ScopedName::new(name),
            description: Some(description.to_owned()),
            actions: actions
                .iter()
                .map(|action| ScopeMapAction::Repositories(RepositoryPattern::Every, *action))
                .collect(),
            created_at: None,
        };
        [
            map("_repositories_pull", "Can pull any repository of the registry", &[Pull]),
            map("_repositories_push", "Can push to any repository of the registry", &[Pull, Push]),
            map(
                "_repositories_pull_metadata_read",
                "Can perform all read operations on the registry",
                &[Pull, MetadataRead],
            ),
            map(
                "_repositories_push_metadata_write",
                "Can perform all read and write operations on the registry",
                &[Pull, Push, MetadataRead, MetadataWrite],
            ),
            map(
                "_repositories_admin",
                "Can perform all read, write and delete operations on the registry",
                &[Pull, Push, Delete, MetadataRead, MetadataWrite],
            ),
        ]
    }

    /// Whether nobody may change or delete it.
    pub fn is_of_the_system(&self) -> bool {
        self.id.is_none()
    }

    /// What it allows. Rules that have the same repository add up.
    pub fn grants(&self) -> Grants {
        let mut grants = Grants::none().listing(Listing::Readable);
        for action in &self.actions {
            if let ScopeMapAction::Repositories(pattern, action) = action {
                grants.add(pattern, Actions::of(&[*action]));
            }
        }
        grants
    }
}

// === impl ScopeMapAction ===

impl FromStr for ScopeMapAction {
    type Err = ScopeMapActionError;

    fn from_str(text: &str) -> Result<Self, ScopeMapActionError> {
        let form = || ScopeMapActionError::Form(text.to_owned());
        let (kind, rest) = text.split_once('/').ok_or_else(form)?;
        let second = rest.rmatch_indices('/').nth(1).ok_or_else(form)?.0;
        let (name, verb) = (&rest[..second], &rest[second + 1..]);
        match kind {
            "repositories" => {
                let action = Action::EACH.into_iter().find(|action| action.in_scope_map() == verb);
                let action = action.ok_or_else(form)?;
                let refused = |error| ScopeMapActionError::Repository(text.to_owned(), error);
                Ok(Self::Repositories(name.parse().map_err(refused)?, action))
            }
            "gateway" => {
                let known = ["config/read", "config/write", "message/read", "message/write"];
                let plain = |b: u8| b.is_ascii_alphanumeric();
                let fits = (1..=50).contains(&name.len()) && name.bytes().all(plain);
                let fits = fits && known.contains(&verb);
                if fits { Ok(Self::Gateway(text.into())) } else { Err(form()) }
            }
            _ => Err(form()),
        }
    }
}

impl fmt::Display for ScopeMapAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repositories(pattern, action) => {
                write!(f, "repositories/{pattern}/{}", action.in_scope_map())
            }
            Self::Gateway(text) => f.write_str(text),
        }
    }
}

// === impl TokenPasswordName ===

impl TokenPasswordName {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The name as the wire and the catalog write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "password1",
            Self::Second => "password2",
        }
    }
}

/// A text that names neither password of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token's passwords are password1 and password2")]
pub struct TokenPasswordNameError;

impl FromStr for TokenPasswordName {
    type Err = TokenPasswordNameError;

    fn from_str(text: &str) -> Result<Self, TokenPasswordNameError> {
        let found = Self::BOTH.into_iter().find(|name| name.as_str() == text);
        found.ok_or(TokenPasswordNameError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_parse_and_print() {
        for text in [
            "repositories/hello/content/read",
            "repositories/a/b/content/delete",
            "repositories/samples/*/metadata/write",
            "repositories/*/content/write",
            "gateway/edge1/message/write",
        ] {
            assert_eq!(text.parse::<ScopeMapAction>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "hello/content/read",
            "repositories/content/read",
            "repositories/hello/content/fly",
            "repositories/hello/metadata/delete",
            "gateway/a b/config/read",
            "gateway/x/content/read",
        ] {
            let refused = text.parse::<ScopeMapAction>();
            assert!(matches!(refused, Err(ScopeMapActionError::Form(_))), "{text}");
        }
        for text in ["repositories/a/*/b/content/read", "repositories/team*/content/read"] {
            let refused = text.parse::<ScopeMapAction>();
            assert!(matches!(refused, Err(ScopeMapActionError::Repository(..))), "{text}");
        }
    }

    #[test]
    fn names_are_one_regardless_of_case() {
        let name: ScopedName = "MyToken-1".parse().unwrap();
        assert_eq!(name, "mytoken-1".parse().unwrap());
        assert_eq!((name.as_str(), name.key()), ("MyToken-1", "mytoken-1"));
        for text in ["four", "", "with space", "dot.dot", &"x".repeat(51)] {
            assert_eq!(text.parse::<ScopedName>(), Err(ScopedNameError), "{text}");
        }
    }

    #[test]
    fn the_system_s_maps_grant_what_they_say() {
        let app = "team/app".parse().unwrap();
        let on = |n: usize| ScopeMap::of_the_system()[n].grants().on(&app);
        assert_eq!(on(0), Actions::of(&[Action::Pull]));
        assert_eq!(on(1), Actions::of(&[Action::Pull, Action::Push]));
        assert_eq!(on(4), Actions::ALL);
    }
}
