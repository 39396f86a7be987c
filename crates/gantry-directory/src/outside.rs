//! Those whom other issuers sign in: a real tenant of Entra, or any OpenID Connect provider that the
//! operator trusts.

use std::time::Duration;

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_issuers::{ForeignIdentity, TrustedIssuer, identify, peek};
use gantry_model::EpochSubject;
use gantry_model::directory::Foreigner;

use crate::{Audience, Directory, Principal, PrincipalKind, TokenRefusal};

/// How often it is noted that someone still comes.
const SEEN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

impl Directory {
    /// The issuer that the operator trusts and that the token says it is of.
    pub(crate) fn trusted_issuer(&self, token: &str) -> Option<&TrustedIssuer> {
        let unverified = peek(token)?;
        self.0.trusted.iter().find(|trusted| trusted.may_have_issued(&unverified.issuer))
    }

    /// Who the token is of, by an issuer that the operator trusts. It is for whom the operator says
    /// that its audience stands for us; but one that names an interface of ours is for that only.
    pub(crate) async fn verify_outside(
        &self,
        trusted: &TrustedIssuer,
        token: &str,
        audiences: &[Audience],
    ) -> Result<Principal, TokenRefusal> {
        let fits = |audience: &&String| match Audience::of(audience) {
            Audience::Other => true,
            ours => audiences.contains(&ours),
        };
        let wanted: Vec<&str> = trusted.audiences.iter().filter(fits).map(String::as_str).collect();
        let claims = self
            .0
            .issuers
            .verify(&trusted.url, token, &wanted)
            .await
            .map_err(|error| TokenRefusal::Outside(error.to_string()))?;
        let identity =
            identify(trusted, &claims).map_err(|error| TokenRefusal::Outside(error.to_string()))?;
        Ok(self.remember(identity).await?)
    }

    async fn remember(&self, identity: ForeignIdentity) -> Result<Principal, DbError> {
        let guid = |id: &[u8; 16]| Guid::from_bytes(*id);
        let now = self.now();
        let seen = Foreigner {
            id: guid(identity.principal.as_bytes()),
            issuer: identity.issuer,
            name: identity.name,
            subject: identity.subject,
            groups: identity.groups.iter().map(|group| guid(group.as_bytes())).collect(),
            seen_at: now,
        };
        let known = self.0.catalog.foreigner_find(seen.id).await?;
        let is_news = known.is_none_or(|known| {
            known.name != seen.name
                || known.groups != seen.groups
                || known.seen_at.plus(SEEN_EVERY) < now
        });
        let (id, name) = (seen.id, seen.name.clone());
        if is_news {
            let set = move |tx: &mut Transaction<'_, '_>| tx.foreigner_set(&seen);
            self.0.catalog.transaction(Durability::Power, set).await?;
        }
        let epoch = self.0.catalog.epoch(&EpochSubject::sign_in(&id.to_string())).await?;
        Ok(Principal { id, kind: PrincipalKind::User, name, epoch })
    }
}
