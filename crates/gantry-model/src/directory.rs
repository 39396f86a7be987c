//! The built-in directory: who can be signed in, in the words of Microsoft Entra.
//!
//! An **application** is a registration: secrets, certificates, federated credentials. Its **service
//! principal** is who acts when it signs in, and what roles are assigned to. A managed identity is a
//! service principal without an application's credentials: workloads get its tokens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use gantry_arm::Guid;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The one tenant of the built-in directory, and the one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's id.
    pub id: Guid,
    /// The subscription's id.
    pub subscription: Guid,
    /// The domain that users' names are in.
    pub domain: String,
}

/// The name that a user signs in with, such as `alice@contoso.example`: kept and compared in lower
/// case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserPrincipalName(Arc<str>);

/// A text that is no [`UserPrincipalName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a user's name has the form name@domain, of letters, digits and . - _ ' ! # ^ ~ before the @, \
     and is no longer than 113 characters"
)]
pub struct UserPrincipalNameError;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Object id.
    pub id: Guid,
    /// What they sign in with.
    pub name: UserPrincipalName,
    /// What they are called.
    pub display_name: String,
    /// May sign in.
    pub enabled: bool,
    /// Signs in with a code besides the password.
    pub has_totp: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A group of users, service principals and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Object id.
    pub id: Guid,
    /// What it is called.
    pub display_name: String,
    /// For people.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A registration of a program that signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Object id.
    pub id: Guid,
    /// What it signs in with.
    pub app_id: Guid,
    /// What it is called.
    pub display_name: String,
    /// What nothing is looked up by.
    pub details: ApplicationDetails,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What of an application nothing is looked up by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationDetails {
    /// Where people may be sent back to after they signed in.
    pub redirect_uris: Vec<String>,
    /// The same, at programs on people's machines.
    pub public_redirect_uris: Vec<String>,
    /// It has no secret of its own, as a program on somebody's machine (RFC 6749, 2.1).
    pub public_client: bool,
    /// Names by which tokens for it are asked for.
    pub identifier_uris: Vec<String>,
}

/// A secret or certificate of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// Its id among the application's.
    pub id: Guid,
    /// What it is called.
    pub display_name: Option<String>,
    /// What proves it.
    pub proof: Proof,
    /// From when on it is good.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// What proves a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A secret with more random bits than its SHA-256.
    Secret {
        /// SHA-256 of it.
        hash: [u8; 32],
        /// Its first three characters, by which people tell secrets apart.
        hint: String,
    },
    /// A certificate whose key signs an assertion (RFC 7523).
    Certificate {
        /// As DER.
        der: Vec<u8>,
    },
}

/// Tokens of another issuer that an application signs in with, so that it needs no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedCredential {
    /// Its id among the application's.
    pub id: Guid,
    /// Its name.
    pub name: String,
    /// Who issues the tokens: the address of an OpenID Connect issuer.
    pub issuer: String,
    /// Whom they are about.
    pub subject: String,
    /// Whom they are for: one of these.
    pub audiences: Vec<String>,
    /// For people.
    pub description: Option<String>,
}

/// Who acts for an application, or a managed identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// Object id.
    pub id: Guid,
    /// The application's id; a managed identity has one too.
    pub app_id: Guid,
    /// Which of the two it is.
    pub kind: ServicePrincipalKind,
    /// What it is called.
    pub display_name: String,
    /// May sign in.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Of what kind a service principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServicePrincipalKind {
    /// Signs in with its application's credentials.
    Application,
    /// Workloads get its tokens without any.
    ManagedIdentity,
}

/// A workload that may have a managed identity's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its id among the identity's.
    pub id: Guid,
    /// How it is known.
    pub known_by: KnownBy,
}

/// How a workload is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// It asks from this network.
    Network(IpNet),
    /// It shows a secret: SHA-256 of it.
    Secret([u8; 32]),
}

/// Someone whom an outside issuer knows, as they came last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreigner {
    /// Object id.
    pub id: Guid,
    /// Who knows them: the address of an OpenID Connect issuer.
    pub issuer: String,
    /// What the issuer calls them.
    pub subject: String,
    /// What people call them.
    pub name: String,
    /// The groups that they are in there.
    pub groups: Vec<Guid>,
    /// When the newest of their tokens came.
    pub seen_at: Timestamp,
    /// When it was made, as its issuer says.
    pub token_at: Timestamp,
}

/// What roles are assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrincipalType {
    /// A person.
    User,
    /// A group.
    Group,
    /// An application's service principal, or a managed identity.
    ServicePrincipal,
    /// A group of another directory.
    ForeignGroup,
}

impl ApplicationDetails {
    /// Whether some of its programs have no secret of their own.
    pub fn is_public(&self) -> bool {
        self.public_client || !self.public_redirect_uris.is_empty()
    }
}

// === impl UserPrincipalName ===

impl UserPrincipalName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserPrincipalName {
    type Err = UserPrincipalNameError;

    fn from_str(text: &str) -> Result<Self, UserPrincipalNameError> {
        let (name, domain) = text.split_once('@').ok_or(UserPrincipalNameError)?;
        let in_name = |b: u8| b.is_ascii_alphanumeric() || b".-_'!#^~+".contains(&b);
        let in_domain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
        let fits = text.len() <= 113
            && !name.is_empty()
            && name.bytes().all(in_name)
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !domain.is_empty()
            && domain.bytes().all(in_domain)
            && domain.split('.').all(|label| !label.is_empty());
        if fits { Ok(Self(text.to_ascii_lowercase().into())) } else { Err(UserPrincipalNameError) }
    }
}

impl fmt::Display for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserPrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! words {
    ($name:ident, $error:ident, $what:literal: $($variant:ident = $word:literal),+) => {
        impl $name {
            /// Its word in the catalog and on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        #[doc = concat!("A text that names no ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("no such {}", $what)]
        pub struct $error;

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                [$(Self::$variant),+]
                    .into_iter()
                    .find(|known| known.as_str().eq_ignore_ascii_case(text))
                    .ok_or($error)
            }
        }
    };
}

words!(ServicePrincipalKind, ServicePrincipalKindError, "kind of service principal":
    Application = "Application", ManagedIdentity = "ManagedIdentity");
words!(PrincipalType, PrincipalTypeError, "type of principal":
    User = "User", Group = "Group", ServicePrincipal = "ServicePrincipal",
    ForeignGroup = "ForeignGroup");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_names_are_one_regardless_of_case() {
        let name: UserPrincipalName = "Alice.B@Contoso.example".parse().unwrap();
        assert_eq!(name.as_str(), "alice.b@contoso.example");
        for bad in ["", "alice", "@x", "a@", "a b@x", "a@b@c", ".a@x", "a@x..y", "a\u{e9}@x"] {
            assert_eq!(bad.parse::<UserPrincipalName>(), Err(UserPrincipalNameError), "{bad}");
        }
    }
}
