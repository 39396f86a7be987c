//! People: by a password, and a code where they have one.

use gantry_catalog::{Durability, Transaction, UserSecrets};
use gantry_model::directory::{User, UserPrincipalName};
use gantry_oci::Secret;
use gantry_secrets::passwords;

use super::{SignInContext, SignInError};
use crate::guard::Attempt;
use crate::users::totp_purpose;
use crate::{Directory, Principal, PrincipalKind, TotpSecret};

impl Directory {
    /// Who signs in with that name and password, and with that code, where they need one.
    pub async fn sign_in_person(
        &self,
        name: &str,
        password: &Secret,
        code: Option<&str>,
        context: SignInContext<'_>,
    ) -> Result<Principal, SignInError> {
        let attempt = Attempt { account: name, address: context.address };
        self.guarded(attempt, async {
            let user = match name.parse::<UserPrincipalName>() {
                Ok(name) => self.0.catalog.user_find_by_name(&name).await?,
                Err(_) => None,
            };
            // Read before the secrets, and the user behind it: whoever is signed out meanwhile is.
            let (user, epoch) = match user {
                Some(user) => {
                    let epoch = self.sign_in_epoch(user.id).await?;
                    (self.0.catalog.user_find(user.id).await?, epoch)
                }
                None => (None, 0),
            };
            let secrets = match &user {
                Some(user) => self.0.catalog.user_secrets(user.id).await?,
                None => None,
            };
            let hash = secrets.as_ref().and_then(|secrets| secrets.password.as_deref());
            let right = passwords::verify(password.expose(), hash).await?;
            let (true, Some(user), Some(secrets)) = (right, user, secrets) else {
                return Err(SignInError::Person);
            };
            self.check_code(&user, &secrets, code).await?;
            if !user.enabled {
                return Err(SignInError::PersonDisabled);
            }
            let (kind, name) = (PrincipalKind::User, user.name.to_string());
            Ok(Principal { id: user.id, kind, name, epoch, signed_in_at: self.now() })
        })
        .await
    }

    /// Whoever signed in before as that user, if they still may.
    pub async fn still_may_sign_in(
        &self,
        id: gantry_arm::Guid,
        epoch: i64,
    ) -> Result<Option<Principal>, SignInError> {
        let Some(user) = self.0.catalog.user_find(id).await?.filter(|user| user.enabled) else {
            return Ok(None);
        };
        let found = self.principal(user.id, PrincipalKind::User, user.name.to_string()).await?;
        Ok((found.epoch == epoch).then_some(found))
    }

    async fn check_code(
        &self,
        user: &User,
        secrets: &UserSecrets,
        code: Option<&str>,
    ) -> Result<(), SignInError> {
        let Some(sealed) = &secrets.totp else { return Ok(()) };
        let code = code.ok_or(SignInError::CodeNeeded)?;
        let secret = self.0.master_key.open(&totp_purpose(user.id), sealed);
        let Ok(secret) = secret.map(TotpSecret::from_bytes) else {
            tracing::error!(user.id = %user.id, "the secret of a user's codes can't be opened");
            return Err(SignInError::CodeWrong);
        };
        let step = secret.step_of(code.trim(), self.now()).ok_or(SignInError::CodeWrong)?;
        let id = user.id;
        let take = move |tx: &mut Transaction<'_, '_>| tx.user_take_code(id, step);
        match self.0.catalog.transaction(Durability::Process, take).await? {
            true => Ok(()),
            false => Err(SignInError::CodeWrong),
        }
    }
}
