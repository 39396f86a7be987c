//! The directory's tokens: access tokens, id tokens, refresh tokens. The claims are those of Entra's
//! v2.0 tokens.

use std::time::Duration;

use gantry_arm::Guid;
use gantry_catalog::DbError;
use gantry_model::{AccessTokenId, EpochSubject, Timestamp};
use gantry_oci::Secret;
use gantry_secrets::SignedToken;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use crate::audience::Scope;
use crate::{Audience, Directory};

/// How long an access token is good.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// For how long refresh tokens are good after somebody signed in: as long as Entra's. Each use gives a
/// new one, and none outlives that moment.
const REFRESH_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How far the clocks of two nodes may be apart.
const LEEWAY_SECONDS: i64 = 60;
/// None that is made here is longer.
const LONGEST: usize = 8 << 10;
const KIND: SignedToken = SignedToken { algorithm: Algorithm::RS256, longest: LONGEST };
/// What refresh tokens are for: nobody but this directory.
const REFRESH_AUDIENCE: &str = "refresh";

/// Who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Object id.
    pub id: Guid,
    /// What it is.
    pub kind: PrincipalKind,
    /// What a person would call it: a user's name, an application's.
    pub name: String,
    /// How often its sign-ins were ended when it signed in.
    pub epoch: i64,
    /// When they signed in: by a refresh token they come again, but don't sign in anew.
    pub signed_in_at: Timestamp,
}

/// What has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    /// A person.
    User,
    /// An application or a managed identity.
    App,
}

/// What tokens somebody is to get.
#[derive(Clone, Debug)]
pub struct TokenWish<'a> {
    /// The address of the tenant at this server, as its client reached it: `https://host/tenant`.
    pub issuer: &'a str,
    /// The application that gets them.
    pub client: Guid,
    /// The scopes asked for.
    pub scope: &'a str,
    /// Repeated in the id token (OpenID Connect Core, 3.1.2.1).
    pub nonce: Option<&'a str>,
}

/// Tokens, as the token endpoint gives them.
#[derive(Clone, Debug)]
pub struct DirectoryToken {
    /// The access token.
    pub access: Secret,
    /// For how many seconds it is good.
    pub expires_in: u64,
    /// For people who may come again.
    pub refresh: Option<Secret>,
    /// Says who signed in.
    pub id: Option<Secret>,
    /// The scopes that were granted.
    pub scope: String,
    /// Who signed in.
    pub principal: Principal,
}

/// Why a token of the directory counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// It isn't one of ours, or it was tampered with.
    #[error("the token is not one of this directory")]
    Invalid,
    /// It is for someone else.
    #[error("the token is for another audience")]
    Audience,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// Whom it names may not sign in any more, or has to again.
    #[error("the token was revoked")]
    Revoked,
    /// An outside issuer's token isn't good, or its issuer can't be asked.
    #[error("{0}")]
    Outside(String),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    tid: Guid,
    oid: Guid,
    sub: String,
    azp: String,
    appid: String,
    idtyp: PrincipalKind,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    ver: String,
    epoch: i64,
    /// In refresh tokens: when their first was made (OpenID Connect Core, 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

impl Directory {
    /// Makes tokens for someone who has signed in.
    pub fn issue(&self, principal: Principal, wish: &TokenWish<'_>) -> DirectoryToken {
        let scope = Scope::parse(wish.scope, wish.issuer).unwrap_or_default();
        let is_person = principal.kind == PrincipalKind::User;
        let audience = scope.audience.as_deref().unwrap_or(Audience::Graph.name());
        let mut access = self.claims(&principal, wish, audience, LIFETIME);
        access.scp = is_person.then(|| "user_impersonation".to_owned());
        let refresh = (is_person && scope.offline).then(|| {
            let mut claims = self.claims(&principal, wish, REFRESH_AUDIENCE, LIFETIME);
            claims.auth_time = Some(principal.signed_in_at.seconds());
            claims.exp = principal.signed_in_at.plus(REFRESH_LIFETIME).seconds();
            self.sign(&claims)
        });
        let id = (is_person && scope.openid).then(|| {
            let mut claims = self.claims(&principal, wish, &wish.client.to_string(), LIFETIME);
            claims.nonce = wish.nonce.map(str::to_owned);
            self.sign(&claims)
        });
        DirectoryToken {
            access: self.sign(&access),
            expires_in: LIFETIME.as_secs() - 1,
            refresh,
            id,
            scope: wish.scope.to_owned(),
            principal,
        }
    }

    /// Who the access token is of, if it is for `audiences` and they may still come. It may be of an
    /// outside issuer that the operator trusts.
    pub async fn verify(
        &self,
        token: &str,
        audiences: &[Audience],
    ) -> Result<Principal, TokenRefusal> {
        if let Some(trusted) = self.trusted_issuer(token) {
            return self.verify_outside(trusted, token, audiences).await;
        }
        let claims = self.read(token)?;
        if !audiences.iter().any(|audience| audience.name() == claims.aud) {
            return Err(TokenRefusal::Audience);
        }
        self.still_signed_in(claims).await
    }

    /// Whom a token of this directory was made for, whether or not it is good any more: for the audit
    /// stream. Of an outside issuer's nothing is known before it is verified.
    pub fn subject_of(&self, token: &str) -> Option<Guid> {
        self.read_signed(token).ok().map(|claims| claims.oid)
    }

    /// Who the refresh token is of, if `client` got it and they may still come.
    pub(crate) async fn verify_refresh(
        &self,
        token: &str,
        client: Guid,
    ) -> Result<Principal, TokenRefusal> {
        let claims = self.read(token)?;
        if claims.aud != REFRESH_AUDIENCE {
            return Err(TokenRefusal::Audience);
        }
        if claims.azp != client.to_string() {
            return Err(TokenRefusal::Invalid);
        }
        self.still_signed_in(claims).await
    }

    async fn still_signed_in(&self, claims: Claims) -> Result<Principal, TokenRefusal> {
        let subject = EpochSubject::sign_in(&claims.oid.to_string());
        if self.0.catalog.epoch(&subject).await? != claims.epoch {
            return Err(TokenRefusal::Revoked);
        }
        let signed_in = claims.auth_time.unwrap_or(claims.iat);
        Ok(Principal {
            id: claims.oid,
            kind: claims.idtyp,
            name: claims.name,
            epoch: claims.epoch,
            signed_in_at: Timestamp::from_micros(signed_in.saturating_mul(1_000_000)),
        })
    }

    fn read(&self, token: &str) -> Result<Claims, TokenRefusal> {
        let claims = self.read_signed(token)?;
        let now = self.now().seconds();
        if claims.tid != self.tenant().id || claims.nbf > now + LEEWAY_SECONDS {
            return Err(TokenRefusal::Invalid);
        }
        if claims.exp + LEEWAY_SECONDS <= now {
            return Err(TokenRefusal::Expired);
        }
        Ok(claims)
    }

    /// What a token says that one of our keys has signed.
    fn read_signed(&self, token: &str) -> Result<Claims, TokenRefusal> {
        let keys = self.0.keys.load();
        // Time is checked by our clock, the audience by whoever asked.
        let claims: Option<Claims> = KIND.read(token, |id| keys.verifying(id));
        claims.ok_or(TokenRefusal::Invalid)
    }

    fn claims(
        &self,
        principal: &Principal,
        wish: &TokenWish<'_>,
        audience: &str,
        lifetime: Duration,
    ) -> Claims {
        let now = self.now();
        let user = (principal.kind == PrincipalKind::User).then(|| principal.name.clone());
        Claims {
            aud: audience.to_owned(),
            iss: format!("{}/v2.0", wish.issuer),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: now.plus(lifetime).seconds(),
            jti: AccessTokenId::new(now).to_string(),
            tid: self.tenant().id,
            oid: principal.id,
            sub: principal.id.to_string(),
            azp: wish.client.to_string(),
            appid: wish.client.to_string(),
            idtyp: principal.kind,
            name: principal.name.clone(),
            preferred_username: user.clone(),
            upn: user,
            scp: None,
            nonce: None,
            ver: "2.0".to_owned(),
            epoch: principal.epoch,
            auth_time: None,
        }
    }

    fn sign(&self, claims: &Claims) -> Secret {
        let keys = self.0.keys.load();
        let (id, key) = keys.signing(self.now()).expect("there is a key from the start on");
        KIND.sign(claims, id, key)
    }
}
