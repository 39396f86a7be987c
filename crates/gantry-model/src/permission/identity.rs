//! Who is asking.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Who is asking, by a text that is stable and another for each: ownership checks, records and
/// tokens use it. The kind comes first, so no account's name makes it another's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Arc<str>);

/// What an [`Identity`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// Nobody signed in.
    Anonymous,
    /// A registry's admin account, by the registry's name.
    Admin,
    /// A repository-scoped token, by its name.
    Token,
    /// Someone that a directory knows: a user, a service principal, a managed identity; by object id.
    Principal,
}

/// A text that names no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identity: anonymous, or admin, token or principal with a colon and a name")]
pub struct IdentityError;

const ANONYMOUS: &str = "anonymous";

impl IdentityKind {
    const NAMED: [Self; 3] = [Self::Admin, Self::Token, Self::Principal];

    fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => ANONYMOUS,
            Self::Admin => "admin",
            Self::Token => "token",
            Self::Principal => "principal",
        }
    }
}

impl Identity {
    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// The admin account of the registry of that name.
    pub fn admin(registry: &str) -> Self {
        Self::named(IdentityKind::Admin, registry)
    }

    /// The token of that name.
    pub fn token(name: &str) -> Self {
        Self::named(IdentityKind::Token, name)
    }

    /// The user, service principal or managed identity with that object id.
    pub fn principal(object_id: &str) -> Self {
        Self::named(IdentityKind::Principal, object_id)
    }

    fn named(kind: IdentityKind, name: &str) -> Self {
        Self(format!("{}:{name}", kind.as_str()).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is.
    pub fn kind(&self) -> IdentityKind {
        let kind = self.0.split(':').next().unwrap_or_default();
        let found = IdentityKind::NAMED.into_iter().find(|known| known.as_str() == kind);
        found.unwrap_or(IdentityKind::Anonymous)
    }

    /// What it is called among its kind; the empty text for nobody.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let known = match text.split_once(':') {
            None => text == ANONYMOUS,
            Some((kind, _)) => IdentityKind::NAMED.iter().any(|known| known.as_str() == kind),
        };
        if known { Ok(Self(text.into())) } else { Err(IdentityError) }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_s_name_makes_it_another_identity() {
        for name in ["anonymous", "admin:anonymous", "token:x", ""] {
            let all = [Identity::admin(name), Identity::token(name), Identity::principal(name)];
            for (n, identity) in all.iter().enumerate() {
                assert_ne!(*identity, Identity::anonymous());
                assert_eq!(identity.name(), name);
                assert_eq!(identity.as_str().parse(), Ok(identity.clone()));
                assert!(all.iter().enumerate().all(|(m, other)| n == m || identity != other));
            }
        }
        assert_eq!(Identity::token("a:b").kind(), IdentityKind::Token);
        assert_eq!("anonymous".parse(), Ok(Identity::anonymous()));
        for text in ["", "x", "anonymous:", "Admin:x", "robot:x"] {
            assert_eq!(text.parse::<Identity>(), Err(IdentityError), "{text}");
        }
    }
}
