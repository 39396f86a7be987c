//! What refresh tokens and access tokens say: ACR's claims, and the epochs that they were made under.

use gantry_model::permission::{Action, Actions, Grants, Listing};
use gantry_oci::RepositoryPattern;
use gantry_secrets::SignedToken;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use crate::Access;

const ISSUER: &str = "Gantry";
pub(crate) const ACCESS: &str = "access_token";
pub(crate) const REFRESH: &str = "refresh_token";
/// No token that is made here is longer, and none that is longer is looked at. A proxy in front may
/// take no longer header, so it is no help to make this more.
pub(crate) const LONGEST: usize = 12 << 10;
const KIND: SignedToken = SignedToken { algorithm: Algorithm::ES256, longest: LONGEST };
/// More than the text around the claims takes: their header and their signature.
const AROUND_CLAIMS: usize = 512;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It isn't one of ours, or it was tampered with.
    #[error("the token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is for another registry.
    #[error("the token is for another registry")]
    Audience,
    /// What it was made from has changed since.
    #[error("the token was revoked")]
    Revoked,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) jti: String,
    pub(crate) sub: String,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) version: String,
    pub(crate) rid: String,
    pub(crate) grant_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access: Option<Vec<AccessClaim>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Permissions>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// The registry's and the identity's.
    pub(crate) epochs: [i64; 2],
}

/// What the identity may do on every repository, for whoever looks into a refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Permissions {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessClaim {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
}

impl Claims {
    /// Whether a token with these claims is one that is read again.
    pub(crate) fn fit(&self) -> bool {
        let length = serde_json::to_vec(self).map_or(usize::MAX, |json| json.len());
        // In base64, three bytes are four.
        length.div_ceil(3).saturating_mul(4).saturating_add(AROUND_CLAIMS) <= LONGEST
    }

    pub(crate) fn issuer() -> String {
        ISSUER.to_owned()
    }

    /// What the claims say that their bearer may do, were it not for what has changed since.
    pub(crate) fn grants(&self) -> Grants {
        let access = self.access.iter().flatten();
        access.fold(Grants::none(), |grants, claim| claim.add_to(grants))
    }
}

impl AccessClaim {
    /// The word by which the catalog shows what its reader may read.
    pub(crate) const READABLE: &'static str = "readable";

    pub(crate) fn new(kind: &str, name: &str, actions: Vec<String>) -> Self {
        Self { kind: kind.into(), name: name.into(), actions }
    }

    fn add_to(&self, grants: Grants) -> Grants {
        let has = |action: &str| self.actions.iter().any(|word| word == action);
        match (self.kind.as_str(), self.name.as_str()) {
            ("repository", name) => {
                let Ok(name) = name.parse() else { return grants };
                let actions: Actions =
                    Action::EACH.into_iter().filter(|action| has(action.as_str())).collect();
                grants.with(&RepositoryPattern::Named(name), actions)
            }
            ("registry", "catalog") if has("*") => grants.listing(Listing::Every),
            ("registry", "catalog") if has(Self::READABLE) => grants.listing(Listing::Readable),
            ("registry", "blobs") => grants.mount_sources(has("pull")),
            _ => grants,
        }
    }
}

impl Access {
    pub(crate) fn sign(&self, claims: &Claims) -> gantry_oci::Secret {
        let keys = self.0.keys.load();
        let (id, key) = keys.signing(self.0.clock.now()).expect("there is a key from the start on");
        KIND.sign(claims, id, key)
    }

    /// The claims of a token of ours. Its times and epochs are still to be looked at.
    pub(crate) fn read_claims(&self, text: &str) -> Result<Claims, TokenError> {
        let keys = self.0.keys.load();
        let claims: Option<Claims> = KIND.read(text, |id| keys.verifying(id));
        claims.filter(|claims| claims.iss == ISSUER).ok_or(TokenError::Invalid)
    }
}
