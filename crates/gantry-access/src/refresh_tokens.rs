//! Refresh tokens: what somebody has who signed in by the directory (`az acr login`), good for three
//! hours.

use std::sync::Arc;
use std::time::Duration;

use gantry_arm::Guid;
use gantry_directory::{Audience, TokenRefusal};
use gantry_model::permission::{Action, Identity};
use gantry_model::{AccessTokenId, Registry};
use gantry_oci::Secret;

use crate::claims::{Claims, Permissions, REFRESH, TokenError};
use crate::{Access, AuthenticationError, SignedIn};

/// As long as ACR's.
const LIFETIME: Duration = Duration::from_secs(3 * 60 * 60);

impl Access {
    /// Makes a refresh token for whom a token of the directory names (`POST /oauth2/exchange`).
    pub async fn exchange(
        &self,
        registry: &Registry,
        directory_token: &str,
    ) -> Result<(SignedIn, Secret), AuthenticationError> {
        let audiences: &[Audience] = match registry.settings.access.arm_audience {
            true => &[Audience::Registry, Audience::Management],
            false => &[Audience::Registry],
        };
        let principal =
            self.0.directory.verify(directory_token, audiences).await.map_err(refused)?;
        self.start_session(registry, principal.id, principal.epoch).await
    }

    async fn start_session(
        &self,
        registry: &Registry,
        principal: Guid,
        epoch: i64,
    ) -> Result<(SignedIn, Secret), AuthenticationError> {
        let identity = Identity::principal(&principal.to_string());
        let profile = self.profile(registry, &identity).await?.ok_or(TokenError::Revoked)?;
        if profile.sign_in != epoch {
            return Err(TokenError::Revoked.into());
        }
        let now = self.0.clock.now();
        let everywhere = Action::EACH.into_iter();
        let actor = Arc::new(profile.actor(registry));
        let actions = everywhere
            .filter(|action| actor.does_everywhere(*action))
            .map(|action| action.in_scope_map().to_owned());
        let claims = Claims {
            jti: AccessTokenId::new(now).to_string(),
            sub: identity.to_string(),
            nbf: now.seconds(),
            iat: now.seconds(),
            exp: now.plus(LIFETIME).seconds(),
            iss: Claims::issuer(),
            aud: registry.id.to_string(),
            rid: registry.id.to_string(),
            version: "1.0".into(),
            grant_type: REFRESH.into(),
            tenant: Some(self.0.directory.tenant().id.to_string()),
            access: None,
            permissions: Some(Permissions { actions: actions.collect(), not_actions: Vec::new() }),
            roles: Vec::new(),
            epochs: [registry.sign_in_epoch, profile.sign_in],
        };
        let token = self.sign(&claims);
        Ok((SignedIn { profile, actor, until: None }, token))
    }

    /// Whom the refresh token is of, with what they are granted now.
    pub async fn sign_in_with_refresh_token(
        &self,
        registry: &Registry,
        text: &str,
    ) -> Result<SignedIn, AuthenticationError> {
        let claims = self.read_claims(text)?;
        self.check_claims(registry, &claims, REFRESH)?;
        let identity: Identity = claims.sub.parse().map_err(|_| TokenError::Invalid)?;
        let profile = self.profile(registry, &identity).await?.ok_or(TokenError::Revoked)?;
        if claims.epochs[1] != profile.sign_in {
            return Err(TokenError::Revoked.into());
        }
        let actor = Arc::new(profile.actor(registry));
        Ok(SignedIn { profile, actor, until: None })
    }
}

impl Access {
    /// Whom a token of ours was made for, whether or not it is good any more: for the audit stream.
    pub fn subject_of(&self, text: &str) -> Option<Identity> {
        self.read_claims(text).ok()?.sub.parse().ok()
    }
}

fn refused(refusal: TokenRefusal) -> AuthenticationError {
    match refusal {
        TokenRefusal::Catalog(error) => error.into(),
        refusal => AuthenticationError::Directory(refusal.to_string()),
    }
}
