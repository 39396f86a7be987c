//! What the operator decides about certificates from an authority.

use std::fmt;
use std::time::Duration;

use gantry_catalog::ChallengeKind;
use gantry_oci::Secret;

/// What the operator decides. The authority's terms of service are agreed to.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The address of the authority's directory.
    pub directory: String,
    /// Whom the authority writes to, as `mailto:` addresses.
    pub contacts: Vec<String>,
    /// How the authority is shown that names are ours.
    pub challenge: Challenge,
    /// An account elsewhere that the one here is bound to (RFC 8555 §7.3.4).
    pub external_account: Option<ExternalAccount>,
}

/// How the authority is shown that names are ours.
#[derive(Clone, Debug)]
pub enum Challenge {
    /// By plain HTTP on port 80.
    Http01,
    /// By a handshake on port 443.
    TlsAlpn01,
    /// By a record in the DNS.
    Dns01(DnsWebhook),
}

impl Challenge {
    /// The challenge without its settings.
    pub fn kind(&self) -> ChallengeKind {
        match self {
            Self::Http01 => ChallengeKind::Http01,
            Self::TlsAlpn01 => ChallengeKind::TlsAlpn01,
            Self::Dns01(_) => ChallengeKind::Dns01,
        }
    }
}

/// Who sets records in the DNS, and takes them away: `POST URL/present` and `POST URL/cleanup`, with
/// `{"name", "value", "ttl"}`.
#[derive(Clone)]
pub struct DnsWebhook {
    /// Its address.
    pub url: String,
    /// What it is shown as a bearer token.
    pub secret: Option<Secret>,
    /// How long a record takes to be everywhere.
    pub propagation: Duration,
}

/// An account elsewhere.
#[derive(Clone)]
pub struct ExternalAccount {
    /// Its key's id.
    pub key_id: String,
    /// Its key.
    pub key: Vec<u8>,
}

/// Its address can be as good as a password.
impl fmt::Debug for DnsWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsWebhook").field("propagation", &self.propagation).finish_non_exhaustive()
    }
}

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalAccount").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
