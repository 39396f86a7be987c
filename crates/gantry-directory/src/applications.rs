//! Applications and their service principals: made, given secrets, removed.

use std::time::Duration;

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::Timestamp;
use gantry_model::directory::{
    Application, ApplicationCredential, ApplicationDetails, FederatedCredential, Proof,
    ServicePrincipal, ServicePrincipalKind,
};
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash};

use crate::certificate::Certificate;
use crate::page::Page;
use crate::{CertificateError, Directory, new_id};

/// How many secrets and certificates an application has at most, and how many federated credentials.
const MOST_CREDENTIALS: usize = 50;
const MOST_FEDERATIONS: usize = 20;
/// How long a secret is good where nobody says: as long as those that `az` makes.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How many of a secret's characters are kept, by which people tell secrets apart.
const HINT: usize = 3;

/// A secret that was made: its text is shown this once.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// What is kept of it.
    pub credential: ApplicationCredential,
    /// The secret.
    pub text: Secret,
}

/// Why an application can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// There is no such application.
    #[error("there is no such application")]
    Missing,
    /// It has no credential of that id.
    #[error("the application has no credential of that id")]
    NoSuchCredential,
    /// It has a service principal.
    #[error("the application has a service principal already")]
    HasServicePrincipal,
    /// It has as many as it may.
    #[error("the application has as many credentials as it may: remove one first")]
    TooMany,
    /// It has a federated credential for the same tokens, or of the same name.
    #[error(
        "the application has a federated credential of that name, or of that issuer and subject"
    )]
    SameFederation,
    /// The certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// It ends before it begins, or has ended.
    #[error("the credential would have ended before it begins")]
    Ended,
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Directory {
    /// Makes an application, without a service principal.
    pub async fn create_application(
        &self,
        display_name: String,
        details: ApplicationDetails,
    ) -> Result<Application, ApplicationError> {
        let application = Application {
            id: new_id(),
            app_id: new_id(),
            display_name,
            details,
            created_at: self.now(),
        };
        let made = application.clone();
        let insert = move |tx: &mut Transaction<'_, '_>| tx.application_insert(&made).map(drop);
        self.0.catalog.transaction(Durability::Power, insert).await?;
        Ok(application)
    }

    /// The application of that object id.
    pub async fn find_application(&self, id: Guid) -> Result<Option<Application>, DbError> {
        self.0.catalog.application_find(id).await
    }

    /// The application that signs in with that id.
    pub async fn find_application_by_app_id(
        &self,
        app_id: Guid,
    ) -> Result<Option<Application>, DbError> {
        self.0.catalog.application_find_by_app_id(app_id).await
    }

    /// Up to `limit` applications that are called so.
    pub async fn find_applications_called(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<Application>, DbError> {
        self.0.catalog.application_find_by_display_name(name, limit).await
    }

    /// Up to `limit` applications behind the id `after`.
    pub async fn list_applications(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Page<Application>, DbError> {
        Ok(Page::cut(self.0.catalog.application_list(after, limit + 1).await?, limit))
    }

    /// Changes an application's name and details.
    pub async fn update_application(
        &self,
        id: Guid,
        change: impl Fn(&mut Application) + Send + 'static,
    ) -> Result<Application, ApplicationError> {
        let update = move |tx: &mut Transaction<'_, '_>| {
            let mut application = tx.application_find(id)?.ok_or(ApplicationError::Missing)?;
            change(&mut application);
            tx.application_update(&application)?;
            Ok(application)
        };
        self.0.catalog.transaction(Durability::Power, update).await
    }

    /// Removes an application and its service principal.
    pub async fn delete_application(&self, id: Guid) -> Result<(), ApplicationError> {
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let application = tx.application_find(id)?.ok_or(ApplicationError::Missing)?;
            if let Some(acts) = tx.service_principal_find_by_app_id(application.app_id)? {
                tx.service_principal_delete(acts.id)?;
            }
            Ok::<_, ApplicationError>(tx.application_delete(id)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }

    /// An application's secrets and certificates.
    pub async fn list_credentials(
        &self,
        application: Guid,
    ) -> Result<Vec<ApplicationCredential>, DbError> {
        self.0.catalog.application_credentials(application).await
    }

    /// Makes a secret for an application, good for a year where nothing else is said.
    pub async fn add_secret(
        &self,
        application: Guid,
        display_name: Option<String>,
        ends_at: Option<Timestamp>,
    ) -> Result<NewSecret, ApplicationError> {
        let (text, now) = (Generated::secret(), self.now());
        let credential = ApplicationCredential {
            id: new_id(),
            display_name,
            proof: Proof::Secret {
                hash: SecretHash::of(text.expose()).0,
                hint: text.expose().chars().take(HINT).collect(),
            },
            starts_at: now,
            ends_at: ends_at.unwrap_or_else(|| now.plus(YEAR)),
        };
        self.add_credential(application, credential.clone()).await?;
        Ok(NewSecret { credential, text })
    }

    /// Lets an application sign in with a certificate: PEM, or base64 of DER.
    pub async fn add_certificate(
        &self,
        application: Guid,
        display_name: Option<String>,
        text: &str,
    ) -> Result<ApplicationCredential, ApplicationError> {
        let certificate = Certificate::parse(text)?;
        let credential = ApplicationCredential {
            id: new_id(),
            display_name,
            proof: Proof::Certificate { der: certificate.der },
            starts_at: certificate.not_before,
            ends_at: certificate.not_after,
        };
        self.add_credential(application, credential.clone()).await?;
        Ok(credential)
    }

    async fn add_credential(
        &self,
        application: Guid,
        credential: ApplicationCredential,
    ) -> Result<(), ApplicationError> {
        if credential.ends_at <= credential.starts_at || credential.ends_at <= self.now() {
            return Err(ApplicationError::Ended);
        }
        let add = move |tx: &mut Transaction<'_, '_>| {
            tx.application_find(application)?.ok_or(ApplicationError::Missing)?;
            if tx.application_credentials(application)?.len() >= MOST_CREDENTIALS {
                return Err(ApplicationError::TooMany);
            }
            Ok(tx.application_add_credential(application, &credential)?)
        };
        self.0.catalog.transaction(Durability::Power, add).await
    }

    /// Removes a secret or certificate, and signs the application out everywhere.
    pub async fn remove_credential(
        &self,
        application: Guid,
        id: Guid,
    ) -> Result<(), ApplicationError> {
        let remove = move |tx: &mut Transaction<'_, '_>| {
            let found = tx.application_find(application)?.ok_or(ApplicationError::Missing)?;
            if !tx.application_remove_credential(application, id)? {
                return Err(ApplicationError::NoSuchCredential);
            }
            Ok(sign_out(tx, found.app_id)?)
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }

    /// Whose tokens an application signs in with.
    pub async fn list_federations(
        &self,
        application: Guid,
    ) -> Result<Vec<FederatedCredential>, DbError> {
        self.0.catalog.application_federations(application).await
    }

    /// Lets an application sign in with tokens of another issuer.
    pub async fn add_federation(
        &self,
        application: Guid,
        added: FederatedCredential,
    ) -> Result<(), ApplicationError> {
        let add = move |tx: &mut Transaction<'_, '_>| {
            tx.application_find(application)?.ok_or(ApplicationError::Missing)?;
            let present = tx.application_federations(application)?;
            if present.len() >= MOST_FEDERATIONS {
                return Err(ApplicationError::TooMany);
            }
            if present.iter().any(|one| is_same(one, &added)) {
                return Err(ApplicationError::SameFederation);
            }
            Ok(tx.application_add_federation(application, &added)?)
        };
        self.0.catalog.transaction(Durability::Power, add).await
    }

    /// Changes whose tokens one of an application's federated credentials is about, and signs the
    /// application out everywhere.
    pub async fn update_federation(
        &self,
        application: Guid,
        changed: FederatedCredential,
    ) -> Result<(), ApplicationError> {
        let update = move |tx: &mut Transaction<'_, '_>| {
            let found = tx.application_find(application)?.ok_or(ApplicationError::Missing)?;
            if !tx.application_remove_federation(application, changed.id)? {
                return Err(ApplicationError::NoSuchCredential);
            }
            let present = tx.application_federations(application)?;
            if present.iter().any(|one| is_same(one, &changed)) {
                return Err(ApplicationError::SameFederation);
            }
            tx.application_add_federation(application, &changed)?;
            Ok(sign_out(tx, found.app_id)?)
        };
        self.0.catalog.transaction(Durability::Power, update).await
    }

    /// Lets an application sign in with those tokens no more, and signs it out everywhere.
    pub async fn remove_federation(
        &self,
        application: Guid,
        id: Guid,
    ) -> Result<(), ApplicationError> {
        let remove = move |tx: &mut Transaction<'_, '_>| {
            let found = tx.application_find(application)?.ok_or(ApplicationError::Missing)?;
            if !tx.application_remove_federation(application, id)? {
                return Err(ApplicationError::NoSuchCredential);
            }
            Ok(sign_out(tx, found.app_id)?)
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }

    /// Makes the service principal of an application.
    pub async fn create_service_principal(
        &self,
        app_id: Guid,
    ) -> Result<ServicePrincipal, ApplicationError> {
        let application = self.0.catalog.application_find_by_app_id(app_id).await?;
        let application = application.ok_or(ApplicationError::Missing)?;
        let made = ServicePrincipal {
            id: new_id(),
            app_id,
            kind: ServicePrincipalKind::Application,
            display_name: application.display_name,
            enabled: true,
            created_at: self.now(),
        };
        let row = made.clone();
        let insert = move |tx: &mut Transaction<'_, '_>| {
            tx.application_find(application.id)?.ok_or(ApplicationError::Missing)?;
            match tx.service_principal_insert(&row)? {
                true => Ok(()),
                false => Err(ApplicationError::HasServicePrincipal),
            }
        };
        self.0.catalog.transaction(Durability::Power, insert).await?;
        Ok(made)
    }

    /// The service principal of that object id.
    pub async fn find_service_principal(
        &self,
        id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.0.catalog.service_principal_find(id).await
    }

    /// The service principal of the application with that id.
    pub async fn find_service_principal_by_app_id(
        &self,
        app_id: Guid,
    ) -> Result<Option<ServicePrincipal>, DbError> {
        self.0.catalog.service_principal_find_by_app_id(app_id).await
    }

    /// Up to `limit` service principals that are called so.
    pub async fn find_service_principals_called(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<ServicePrincipal>, DbError> {
        self.0.catalog.service_principal_find_by_display_name(name, limit).await
    }

    /// Up to `limit` service principals behind the id `after`.
    pub async fn list_service_principals(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Page<ServicePrincipal>, DbError> {
        Ok(Page::cut(self.0.catalog.service_principal_list(after, limit + 1).await?, limit))
    }

    /// Lets a service principal sign in, or not any more.
    pub async fn enable_service_principal(
        &self,
        id: Guid,
        enabled: bool,
    ) -> Result<ServicePrincipal, ApplicationError> {
        let update = move |tx: &mut Transaction<'_, '_>| {
            let mut found = tx.service_principal_find(id)?.ok_or(ApplicationError::Missing)?;
            found.enabled = enabled;
            tx.service_principal_update(&found)?;
            Ok(found)
        };
        self.0.catalog.transaction(Durability::Power, update).await
    }

    /// Removes a service principal.
    pub async fn delete_service_principal(&self, id: Guid) -> Result<(), ApplicationError> {
        let delete = move |tx: &mut Transaction<'_, '_>| {
            tx.service_principal_find(id)?.ok_or(ApplicationError::Missing)?;
            Ok::<_, ApplicationError>(tx.service_principal_delete(id)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

/// Whether the two are for the same tokens, or of the same name.
fn is_same(one: &FederatedCredential, other: &FederatedCredential) -> bool {
    one.name == other.name || (one.issuer == other.issuer && one.subject == other.subject)
}

fn sign_out(tx: &mut Transaction<'_, '_>, app_id: Guid) -> Result<(), DbError> {
    match tx.service_principal_find_by_app_id(app_id)? {
        Some(acts) => tx.principal_sign_out(acts.id),
        None => Ok(()),
    }
}
