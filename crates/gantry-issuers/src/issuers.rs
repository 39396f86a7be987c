//! Tokens of outside issuers, checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_model::{Clock, Timestamp};
use gantry_outbound::Outbound;
use serde_json::{Map, Value};

use crate::algorithm::PublicKey;
use crate::discovery::{DiscoveryError, Published};
use crate::known::{Known, Means};
use crate::tenants;
use crate::token::Token;

/// How far the issuer's clock and ours may be apart.
const LEEWAY_SECONDS: f64 = 300.0;
/// More issuers are not remembered.
const MAX_ISSUERS: usize = 256;

/// Why a token isn't believed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is longer than any good one.
    #[error("the token is too long")]
    TooLong,
    /// It is no JSON Web Token, or a claim isn't what it should be.
    #[error("the token is malformed")]
    Malformed,
    /// It is signed by an algorithm that isn't accepted, or not at all.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// Its header asks for more than a signature.
    #[error("the token needs an extension that is not understood")]
    Extended,
    /// It is of another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is about nobody.
    #[error("the token names no subject")]
    Subject,
    /// It is for others.
    #[error("the token is for another audience")]
    Audience,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is for later.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The issuer has no such key.
    #[error("the token is signed with a key that its issuer doesn't publish")]
    UnknownKey,
    /// The key didn't sign this.
    #[error("the token's signature is wrong")]
    Signature,
    /// Nobody can say: the issuer's keys aren't known.
    #[error("the issuer can't be asked")]
    Unavailable(#[source] DiscoveryError),
}

/// Outside issuers and their keys.
pub struct Issuers {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<String, Remembered>>,
}

struct Remembered {
    issuer: Arc<Known>,
    used: Timestamp,
}

impl Issuers {
    /// Knows no issuer yet; asks through `outbound` when one is needed.
    pub fn new(outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { outbound, clock, known: Mutex::default() }
    }

    /// Checks a token of `issuer` for one of `audiences`, and gives its claims.
    ///
    /// `issuer` is whom the operator trusts, never what the token says. Where it stands for many
    /// tenants, the claims may be any tenant's: [`identify`](crate::identify) refuses those that aren't
    /// wanted. Cancel-safe.
    ///
    /// # Errors
    /// When the token isn't good, or the issuer's keys aren't known.
    pub async fn verify(
        &self,
        issuer: &str,
        token: &str,
        audiences: &[&str],
    ) -> Result<Map<String, Value>, VerifyError> {
        let token = Token::parse(token)?;
        // First what needs no key: nobody is asked for the sake of a token that is bad anyway.
        check_claims(&token, audiences, self.clock.now())?;
        let known = self.known(issuer);
        let means = Means { outbound: &self.outbound, clock: &*self.clock };
        let published = known.published(means).await.map_err(VerifyError::Unavailable)?;
        match check_signature(&token, &published) {
            Err(VerifyError::UnknownKey) => {
                let newer = known.newer(&published, means).await;
                let newer =
                    newer.map_err(VerifyError::Unavailable)?.ok_or(VerifyError::UnknownKey)?;
                check_signature(&token, &newer)?;
            }
            checked => checked?,
        }
        Ok(token.claims)
    }

    fn known(&self, issuer: &str) -> Arc<Known> {
        let now = self.clock.now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remembered) = known.get_mut(issuer) {
            remembered.used = now;
            return Arc::clone(&remembered.issuer);
        }
        if known.len() >= MAX_ISSUERS {
            let oldest = known.iter().min_by_key(|(_, remembered)| remembered.used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                known.remove(&oldest);
            }
        }
        let new = Arc::new(Known::new(issuer));
        known.insert(issuer.to_owned(), Remembered { issuer: Arc::clone(&new), used: now });
        new
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuers").field("outbound", &self.outbound).finish_non_exhaustive()
    }
}

/// RFC 7519 §4.1; OpenID Connect Core 1.0 §3.1.3.7.
fn check_claims(token: &Token<'_>, audiences: &[&str], now: Timestamp) -> Result<(), VerifyError> {
    token.text("iss").ok_or(VerifyError::Issuer)?;
    token.text("sub").ok_or(VerifyError::Subject)?;
    if !token.audiences().any(|audience| audiences.contains(&audience)) {
        return Err(VerifyError::Audience);
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds are exact up to the year 2255")]
    let now = now.micros() as f64 / 1e6;
    let expires = token.moment("exp")?.ok_or(VerifyError::Malformed)?;
    if now >= expires + LEEWAY_SECONDS {
        return Err(VerifyError::Expired);
    }
    for begins in [token.moment("nbf")?, token.moment("iat")?].into_iter().flatten() {
        if begins > now + LEEWAY_SECONDS {
            return Err(VerifyError::NotYetValid);
        }
    }
    Ok(())
}

fn check_signature(token: &Token<'_>, published: &Published) -> Result<(), VerifyError> {
    let issuer = token.text("iss").ok_or(VerifyError::Issuer)?;
    let tenant = token.text("tid");
    if !tenants::names(&published.issuer, tenant, issuer) {
        return Err(VerifyError::Issuer);
    }
    let mut keys = published.keys.candidates(token.key_id.as_deref(), token.algorithm);
    keys.retain(|key| {
        key.issuer.as_ref().is_none_or(|named| tenants::names(named, tenant, issuer))
    });
    if keys.is_empty() {
        return Err(VerifyError::UnknownKey);
    }
    let signed_by = |key: &PublicKey| key.verifies(token.algorithm, token.signed, &token.signature);
    match keys.iter().any(|key| signed_by(&key.public)) {
        true => Ok(()),
        false => Err(VerifyError::Signature),
    }
}
