//! Access tokens: signed, short-lived, for one registry.
//!
//! The claims are those of ACR's (`access` as the Docker token specification writes it), and the
//! registry's epoch, so that what must end tokens at once raises the epoch and needs no list of
//! tokens. Only the algorithm and keys that are ours are ever used to verify.

use std::sync::Arc;

use gantry_model::permission::{Actions, Actor, Grant};
use gantry_model::{AccessTokenId, Registry, Timestamp};
use gantry_oci::{Action, ActionSet, Scope, ScopeResource};
use gantry_sha2::Sha256;
use jsonwebtoken::{Algorithm, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::Access;
use crate::authenticate::{everyones, identity};

const ISSUER: &str = "Gantry";
/// Verified tokens that are remembered; each takes a few hundred bytes.
const REMEMBERED: usize = 8 << 10;
/// No token that is made here is longer, and none that is longer is looked at. A proxy in front may
/// take no longer header, so it is no help to make this more.
const LONGEST: usize = 12 << 10;
/// More than the text around the claims takes: their header and their signature.
const AROUND_CLAIMS: usize = 512;
/// How far the clocks of two nodes may be apart.
const LEEWAY_SECONDS: i64 = 60;

/// An access token that was made.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The signed text.
    pub text: gantry_oci::Secret,
    /// When it was made.
    pub issued_at: Timestamp,
    /// For how many seconds it is good.
    pub expires_in: u64,
}

/// Why no token is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scopes are too many for one token: ask for fewer")]
pub struct TooManyScopes;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It isn't one of ours, or it was tampered with.
    #[error("the access token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the access token has expired")]
    Expired,
    /// It is for another registry.
    #[error("the access token is for another registry")]
    Audience,
    /// What it was made from has changed since.
    #[error("the access token was revoked")]
    Revoked,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    jti: String,
    sub: String,
    nbf: i64,
    exp: i64,
    iat: i64,
    iss: String,
    aud: String,
    version: String,
    grant_type: String,
    access: Vec<AccessClaim>,
    epoch: i64,
}

#[derive(Serialize, Deserialize)]
struct AccessClaim {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    actions: Vec<String>,
}

/// Tokens whose signature was checked, by hash of their text.
#[derive(Debug)]
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Verified>);

#[derive(Clone, Debug)]
struct Verified {
    actor: Arc<Actor>,
    expires: i64,
    epoch: i64,
}

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Access {
    /// Makes a token for `actor` that grants of `scopes` what the actor may do itself.
    pub fn issue_token(
        &self,
        registry: &Registry,
        actor: &Actor,
        scopes: &[Scope],
    ) -> Result<AccessToken, TooManyScopes> {
        let now = self.0.clock.now();
        let lifetime = self.0.token_lifetime.as_secs();
        let claims = Claims {
            jti: AccessTokenId::new(now).to_string(),
            sub: actor.identity().to_string(),
            nbf: now.seconds(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add_unsigned(lifetime),
            iss: ISSUER.into(),
            aud: registry.id.to_string(),
            version: "1.0".into(),
            grant_type: "access_token".into(),
            access: scopes.iter().filter_map(|scope| granted(actor, scope)).collect(),
            epoch: registry.epoch,
        };
        if !fits(&claims) {
            return Err(TooManyScopes);
        }
        let keys = self.0.keys.load();
        let (id, key) = keys.newest();
        let header = Header { kid: Some(id.into()), ..Header::new(Algorithm::ES256) };
        let text = jsonwebtoken::encode(&header, &claims, key).expect("the key was made for ES256");
        Ok(AccessToken {
            text: gantry_oci::Secret::new(text),
            issued_at: now,
            expires_in: lifetime,
        })
    }

    /// The actor that the token speaks for.
    pub(crate) fn verify_token(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<Arc<Actor>, TokenError> {
        if text.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let hash = Sha256::of(text.as_bytes());
        let verified = match self.0.verified.0.get(&hash) {
            Some(verified) => verified,
            None => {
                let verified = self.check_signature(registry, text)?;
                self.0.verified.0.insert(hash, verified.clone());
                verified
            }
        };
        if verified.actor.registry() != registry.id {
            return Err(TokenError::Audience);
        }
        if verified.expires + LEEWAY_SECONDS <= self.0.clock.now().seconds() {
            return Err(TokenError::Expired);
        }
        if verified.epoch != registry.epoch {
            return Err(TokenError::Revoked);
        }
        Ok(verified.actor)
    }

    fn check_signature(&self, registry: &Registry, text: &str) -> Result<Verified, TokenError> {
        let invalid = |_| TokenError::Invalid;
        let header = jsonwebtoken::decode_header(text).map_err(invalid)?;
        let keys = self.0.keys.load();
        let key = header.kid.as_deref().and_then(|id| keys.verifying(id));
        let key = key.ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ISSUER]);
        // Time is checked by the caller's clock, at each use.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: Claims = jsonwebtoken::decode(text, key, &validation).map_err(invalid)?.claims;
        if claims.aud != registry.id.to_string() {
            return Err(TokenError::Audience);
        }
        if claims.grant_type != "access_token" {
            return Err(TokenError::Invalid);
        }
        let identity = identity(registry, &claims.sub).ok_or(TokenError::Invalid)?;
        let granted = claims.access.iter().filter_map(AccessClaim::grant);
        let grants = everyones(registry).into_iter().chain(granted).collect();
        Ok(Verified {
            actor: Arc::new(Actor::new(registry.id, identity, grants)),
            expires: claims.exp,
            epoch: claims.epoch,
        })
    }
}

/// Whether a token with these claims is one that is read again.
fn fits(claims: &Claims) -> bool {
    let length = serde_json::to_vec(claims).map_or(usize::MAX, |json| json.len());
    // In base64, three bytes are four.
    length.div_ceil(3).saturating_mul(4).saturating_add(AROUND_CLAIMS) <= LONGEST
}

/// The scope that allows mounting blobs from whichever repository holds them. No specification
/// names one: clients take it from the challenge.
const MOUNT_SOURCES: &str = "registry:blobs";

/// What the actor gets of a scope. One that it gets nothing of is written down too, so that its
/// bearer isn't told to ask for it again.
fn granted(actor: &Actor, scope: &Scope) -> Option<AccessClaim> {
    let claim = |kind: &str, name: &str, actions: Vec<String>| {
        Some(AccessClaim { kind: kind.into(), name: name.into(), actions })
    };
    let if_granted = |granted: bool, action: &str| {
        if granted { vec![action.to_owned()] } else { Vec::new() }
    };
    match &scope.resource {
        ScopeResource::Repository(name) => {
            let allowed = actor.actions_on(name).and(asked(scope.actions));
            claim("repository", name.as_str(), words(allowed).map(str::to_owned).collect())
        }
        ScopeResource::Catalog => {
            let wanted = scope.actions.contains(Action::All);
            claim("registry", "catalog", if_granted(wanted && actor.permit_catalog().is_ok(), "*"))
        }
        ScopeResource::Other(other) if other.as_str() == MOUNT_SOURCES => {
            claim("registry", "blobs", if_granted(actor.pulls_everything(), "pull"))
        }
        ScopeResource::Other(_) => None,
    }
}

fn asked(actions: ActionSet) -> Actions {
    let all = actions.contains(Action::All);
    Actions {
        pull: all || actions.contains(Action::Pull),
        push: all || actions.contains(Action::Push),
        delete: all || actions.contains(Action::Delete),
    }
}

fn words(actions: Actions) -> impl Iterator<Item = &'static str> {
    use gantry_model::permission::Action::{Delete, Pull, Push};
    [Pull, Push, Delete]
        .into_iter()
        .filter(move |action| actions.contains(*action))
        .map(gantry_model::permission::Action::as_str)
}

impl AccessClaim {
    fn grant(&self) -> Option<Grant> {
        let has = |action: &str| self.actions.iter().any(|word| word == action);
        match self.kind.as_str() {
            "repository" => {
                let actions =
                    Actions { pull: has("pull"), push: has("push"), delete: has("delete") };
                Some(Grant::Repository(self.name.parse().ok()?, actions))
            }
            "registry" if self.name == "catalog" && has("*") => Some(Grant::Catalog),
            "registry" if self.name == "blobs" => Some(Grant::MountSources(has("pull"))),
            _ => None,
        }
    }
}
