//! Credential sets: how cache rules sign in elsewhere.

use serde::{Deserialize, Serialize};

use super::ResourceKind;

/// The names of the secrets that cache rules sign in with at one host
/// (`Microsoft.ContainerRegistry/registries/credentialSets`). The secrets are kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSet {
    /// The host.
    pub login_server: String,
    /// User and password, by what the place where they are kept calls them.
    pub secrets: SecretNames,
}

/// Where a user's name and password are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretNames {
    /// The address of the user's name.
    pub user: String,
    /// The address of the password.
    pub password: String,
}

/// Why a credential set can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialSetError {
    /// Its login server is none.
    #[error("{0:?} is not a login server: write it like docker.io")]
    LoginServer(String),
    /// What names a secret is no address.
    #[error("{0:?} is not the address of a secret, such as https://vault.example/secrets/user")]
    Secret(String),
}

impl CredentialSet {
    /// A set that may be.
    pub fn new(login_server: String, secrets: SecretNames) -> Result<Self, CredentialSetError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
        let is_host = (1..=255).contains(&login_server.len()) && login_server.bytes().all(plain);
        if !is_host {
            return Err(CredentialSetError::LoginServer(login_server));
        }
        for secret in [&secrets.user, &secrets.password] {
            let rest = secret.strip_prefix("https://");
            if secret.len() > 2048 || rest.is_none_or(|rest| !rest.contains('/')) {
                return Err(CredentialSetError::Secret(secret.clone()));
            }
        }
        Ok(Self { login_server, secrets })
    }
}

impl ResourceKind for CredentialSet {
    const KIND: &'static str = "credentialSets";
    const NAME: &'static str = "credential set";

    fn may_be_called(name: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (5..=50).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
    }
}
