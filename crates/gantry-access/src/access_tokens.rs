//! Access tokens: signed, short-lived, for one registry.
//!
//! What a token allows is what it says and what its identity is granted at that moment, both. So it
//! never allows more than its scopes, and whatever is taken from the identity is taken from its tokens
//! too, without a list of tokens. What must end an identity's sign-ins raises an epoch that tokens
//! carry.

use std::sync::Arc;

use gantry_model::permission::{Action, Actions, Actor, Grants, Identity, Listing};
use gantry_model::{AccessTokenId, Registry, Timestamp};
use gantry_oci::{ActionSet, Scope, ScopeResource, Secret};
use gantry_sha2::Sha256;
use quick_cache::sync::Cache;

use crate::claims::{ACCESS, AccessClaim, Claims, TokenError};
use crate::profile::Profile;
use crate::{Access, AuthenticationError};

/// Verified tokens that are remembered; each takes a few hundred bytes.
const REMEMBERED: usize = 8 << 10;
/// How far the clocks of two nodes may be apart.
pub(crate) const LEEWAY_SECONDS: i64 = 60;

/// An access token that was made.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The signed text.
    pub text: Secret,
    /// When it was made.
    pub issued_at: Timestamp,
    /// For how many seconds it is good.
    pub expires_in: u64,
}

/// Why no token is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scopes are too many for one token: ask for fewer")]
pub struct TooManyScopes;

/// Somebody who has signed in, and may have access tokens.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub(crate) profile: Arc<Profile>,
    pub(crate) actor: Arc<Actor>,
    /// Until when, in seconds: a token that was shown for a password makes none that is good longer.
    pub(crate) until: Option<i64>,
}

impl SignedIn {
    /// The actor.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }
}

/// Tokens whose signature was checked, by hash of their text.
#[derive(Debug)]
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Arc<Verified>>);

#[derive(Debug)]
struct Verified {
    claims: Claims,
    /// What the claims alone would grant.
    granted: Grants,
    identity: Identity,
    profile: Arc<Profile>,
    actor: Arc<Actor>,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Access {
    /// Makes a token that grants of `scopes` what its bearer may do.
    pub fn issue_token(
        &self,
        registry: &Registry,
        signed_in: &SignedIn,
        scopes: &[Scope],
    ) -> Result<AccessToken, TooManyScopes> {
        let now = self.0.clock.now();
        let lifetime = i64::try_from(self.0.options.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let end = now.seconds().saturating_add(lifetime);
        let end = signed_in.until.map_or(end, |until| until.min(end));
        let (profile, actor) = (&signed_in.profile, &signed_in.actor);
        let claims = Claims {
            jti: AccessTokenId::new(now).to_string(),
            sub: profile.identity.to_string(),
            nbf: now.seconds(),
            iat: now.seconds(),
            exp: end,
            iss: Claims::issuer(),
            aud: registry.id.to_string(),
            rid: registry.id.to_string(),
            version: "1.0".into(),
            grant_type: ACCESS.into(),
            tenant: None,
            access: Some(scopes.iter().filter_map(|scope| granted(actor, scope)).collect()),
            permissions: None,
            roles: Vec::new(),
            epochs: [registry.sign_in_epoch, profile.sign_in],
        };
        if !claims.fit() {
            return Err(TooManyScopes);
        }
        let expires_in = u64::try_from(end.saturating_sub(now.seconds())).unwrap_or(0);
        Ok(AccessToken { text: self.sign(&claims), issued_at: now, expires_in })
    }

    /// The actor that the token speaks for.
    pub(crate) async fn verify_token(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<Arc<Actor>, AuthenticationError> {
        Ok(Arc::clone(&self.verified(registry, text).await?.actor))
    }

    /// Somebody who shows an access token for a password.
    pub(crate) async fn sign_in_with_access_token(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<SignedIn, AuthenticationError> {
        let verified = self.verified(registry, text).await?;
        Ok(SignedIn {
            profile: Arc::clone(&verified.profile),
            actor: Arc::clone(&verified.actor),
            until: Some(verified.claims.exp),
        })
    }

    async fn verified(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<Arc<Verified>, AuthenticationError> {
        let hash = Sha256::of(text.as_bytes());
        let known = self.0.verified.0.get(&hash);
        if let Some(known) = &known {
            self.check_claims(registry, &known.claims, ACCESS)?;
            if self.is_current(registry, &known.profile) {
                return Ok(Arc::clone(known));
            }
        }
        let (claims, granted, identity) = match known {
            Some(known) => (known.claims.clone(), known.granted.clone(), known.identity.clone()),
            None => {
                let claims = self.read_claims(text)?;
                self.check_claims(registry, &claims, ACCESS)?;
                let identity = claims.sub.parse().map_err(|_| TokenError::Invalid)?;
                let granted = claims.grants();
                (claims, granted, identity)
            }
        };
        let profile = self.profile(registry, &identity).await?.ok_or(TokenError::Revoked)?;
        if claims.epochs[1] != profile.sign_in {
            return Err(TokenError::Revoked.into());
        }
        let actor = Actor::with_some(
            registry.id,
            profile.identity.clone(),
            granted.within(&profile.grants),
            Arc::clone(&profile.grants),
        );
        let verified =
            Arc::new(Verified { claims, granted, identity, profile, actor: Arc::new(actor) });
        self.0.verified.0.insert(hash, Arc::clone(&verified));
        Ok(verified)
    }

    /// Whether the claims are good here and now, as far as they themselves tell.
    pub(crate) fn check_claims(
        &self,
        registry: &Registry,
        claims: &Claims,
        kind: &str,
    ) -> Result<(), TokenError> {
        if claims.grant_type != kind {
            return Err(TokenError::Invalid);
        }
        if claims.aud != registry.id.to_string() {
            return Err(TokenError::Audience);
        }
        let now = self.0.clock.now().seconds();
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(TokenError::Expired);
        }
        if claims.nbf > now.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Invalid);
        }
        if claims.epochs[0] != registry.sign_in_epoch {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }
}

/// The scope that allows mounting blobs from whichever repository holds them. No specification
/// names one: clients take it from the challenge.
const MOUNT_SOURCES: &str = "registry:blobs";

/// What the actor gets of a scope. One that it gets nothing of is written down too, so that its
/// bearer isn't told to ask for it again.
fn granted(actor: &Actor, scope: &Scope) -> Option<AccessClaim> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match &scope.resource {
        ScopeResource::Repository(name) => {
            let allowed = actor.actions_on(name).and(asked(scope.actions));
            let actions = allowed.iter().map(|action| action.as_str().to_owned()).collect();
            Some(AccessClaim::new("repository", name.as_str(), actions))
        }
        ScopeResource::Catalog => {
            let asked = scope.actions.contains(gantry_oci::Action::All);
            let actions = match actor.lists() {
                Listing::Every if asked => words(&["*"]),
                Listing::Readable if asked => words(&[AccessClaim::READABLE]),
                _ => Vec::new(),
            };
            Some(AccessClaim::new("registry", "catalog", actions))
        }
        ScopeResource::Other(other) if other.as_str() == MOUNT_SOURCES => {
            let allowed: &[&str] = if actor.pulls_everything() { &["pull"] } else { &[] };
            Some(AccessClaim::new("registry", "blobs", words(allowed)))
        }
        ScopeResource::Other(_) => None,
    }
}

/// What a scope's actions stand for. Clients that list tags ask for `pull`, as Docker's registry wants
/// it, so that asks for reading metadata too.
fn asked(actions: ActionSet) -> Actions {
    use gantry_oci::Action as Word;
    if actions.contains(Word::All) {
        return Actions::ALL;
    }
    let words = [
        (Word::Pull, Action::Pull),
        (Word::Pull, Action::MetadataRead),
        (Word::Push, Action::Push),
        (Word::Delete, Action::Delete),
        (Word::MetadataRead, Action::MetadataRead),
        (Word::MetadataWrite, Action::MetadataWrite),
    ];
    words
        .into_iter()
        .filter(|(word, _)| actions.contains(*word))
        .map(|(_, action)| action)
        .collect()
}
