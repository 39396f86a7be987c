//! Applications (RFC 6749, 4.4): by a secret, or by an assertion.

use gantry_arm::Guid;
use gantry_model::directory::{Application, Proof, ServicePrincipal, ServicePrincipalKind};
use gantry_secrets::SecretHash;

use super::{AZURE_CLI, ClientProof, SignInContext, SignInError};
use crate::guard::Attempt;
use crate::{Directory, Principal, PrincipalKind};

impl Directory {
    /// Who acts for the application that proves itself so.
    pub async fn sign_in_application(
        &self,
        app_id: &str,
        proof: &ClientProof,
        context: SignInContext<'_>,
    ) -> Result<Principal, SignInError> {
        let attempt = Attempt { account: app_id, address: context.address };
        self.guarded(attempt, async {
            let application = self.application(app_id).await?;
            // Read before the proofs: what is taken from the application meanwhile is taken.
            let known = match &application {
                Some(application) => match self.acts_for(application).await {
                    Ok(acts) => Some((acts.id, self.sign_in_epoch(acts.id).await?)),
                    Err(error @ SignInError::Catalog(_)) => return Err(error),
                    Err(_) => None,
                },
                None => None,
            };
            self.prove(application.as_ref(), proof, context).await?;
            let acts = match &application {
                Some(application) => self.acts_for(application).await?,
                None => return Err(SignInError::Client),
            };
            let known = known.filter(|(id, _)| *id == acts.id);
            let (id, epoch) = known.ok_or(SignInError::ClientDisabled)?;
            let (kind, name) = (PrincipalKind::App, acts.display_name);
            Ok(Principal { id, kind, name, epoch, signed_in_at: self.now() })
        })
        .await
    }

    /// Checks that whoever exchanges a grant is the application that got it: one that has a secret
    /// must show it, one that has none can't (RFC 6749, 3.2.1).
    pub async fn check_client(
        &self,
        app_id: &str,
        proof: &ClientProof,
        context: SignInContext<'_>,
    ) -> Result<Guid, SignInError> {
        let id: Guid = app_id.parse().map_err(|_| SignInError::Client)?;
        if app_id.eq_ignore_ascii_case(AZURE_CLI) {
            return Ok(id);
        }
        let attempt = Attempt { account: app_id, address: context.address };
        self.guarded(attempt, async {
            let application = self.application(app_id).await?.ok_or(SignInError::Client)?;
            match proof {
                ClientProof::Nothing if application.details.is_public() => Ok(id),
                proof => self.prove(Some(&application), proof, context).await.map(|()| id),
            }
        })
        .await
    }

    async fn application(&self, app_id: &str) -> Result<Option<Application>, SignInError> {
        match app_id.parse() {
            Ok(app_id) => Ok(self.0.catalog.application_find_by_app_id(app_id).await?),
            Err(_) => Ok(None),
        }
    }

    async fn prove(
        &self,
        application: Option<&Application>,
        proof: &ClientProof,
        context: SignInContext<'_>,
    ) -> Result<(), SignInError> {
        let credentials = match application {
            Some(application) => self.0.catalog.application_credentials(application.id).await?,
            None => Vec::new(),
        };
        match proof {
            ClientProof::Nothing => Err(SignInError::ClientUnproven),
            ClientProof::Secret(secret) => {
                let given = SecretHash::of(secret.expose());
                let now = self.now();
                let (mut right, mut expired) = (false, false);
                for credential in &credentials {
                    if let Proof::Secret { hash, .. } = &credential.proof
                        && given.is_among([hash])
                    {
                        let good = credential.starts_at <= now && now < credential.ends_at;
                        right |= good;
                        expired |= !good;
                    }
                }
                match (right, expired) {
                    (true, _) => Ok(()),
                    (false, true) => Err(SignInError::ClientExpired),
                    (false, false) => Err(SignInError::Client),
                }
            }
            ClientProof::Assertion(text) => {
                let application = application.ok_or(SignInError::Client)?;
                self.check_assertion(application, &credentials, text.expose(), context).await
            }
        }
    }

    async fn acts_for(&self, application: &Application) -> Result<ServicePrincipal, SignInError> {
        let found = self.0.catalog.service_principal_find_by_app_id(application.app_id).await?;
        match found {
            Some(acts) if acts.enabled && acts.kind == ServicePrincipalKind::Application => {
                Ok(acts)
            }
            _ => Err(SignInError::ClientDisabled),
        }
    }
}
