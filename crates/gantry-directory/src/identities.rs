//! Managed identities: workloads that the operator names get their tokens without a secret of the
//! identity's own.

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::directory::{KnownBy, ServicePrincipal, ServicePrincipalKind, Workload};
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash};
use ipnet::IpNet;

use crate::{Directory, new_id};

/// A workload that was named.
#[derive(Clone, Debug)]
pub struct NewWorkload {
    /// What is kept of it.
    pub workload: Workload,
    /// What it shows, where it is known by a secret: shown this once.
    pub secret: Option<Secret>,
}

/// Why a managed identity can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such managed identity.
    #[error("there is no such managed identity")]
    Missing,
    /// It has no such workload.
    #[error("the managed identity has no such workload")]
    NoSuchWorkload,
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Directory {
    /// Makes a managed identity.
    pub async fn create_identity(&self, display_name: String) -> Result<ServicePrincipal, DbError> {
        let identity = ServicePrincipal {
            id: new_id(),
            app_id: new_id(),
            kind: ServicePrincipalKind::ManagedIdentity,
            display_name,
            enabled: true,
            created_at: self.now(),
        };
        let made = identity.clone();
        let insert =
            move |tx: &mut Transaction<'_, '_>| tx.service_principal_insert(&made).map(drop);
        self.0.catalog.transaction(Durability::Power, insert).await?;
        Ok(identity)
    }

    /// The workloads that may have an identity's tokens.
    pub async fn list_workloads(&self, identity: Guid) -> Result<Vec<Workload>, DbError> {
        self.0.catalog.workload_list(identity).await
    }

    /// Names a workload that may have an identity's tokens: whoever asks from `network`, or, without
    /// one, whoever shows a secret that is made here.
    pub async fn add_workload(
        &self,
        identity: Guid,
        network: Option<IpNet>,
    ) -> Result<NewWorkload, IdentityError> {
        let secret = network.is_none().then(Generated::secret);
        let known_by = match (network, &secret) {
            (Some(network), _) => KnownBy::Network(network),
            (None, Some(secret)) => KnownBy::Secret(SecretHash::of(secret.expose()).0),
            (None, None) => return Err(IdentityError::NoSuchWorkload),
        };
        let workload = Workload { id: new_id(), known_by };
        let row = workload.clone();
        let add = move |tx: &mut Transaction<'_, '_>| {
            match tx.service_principal_find(identity)? {
                Some(found) if found.kind == ServicePrincipalKind::ManagedIdentity => {}
                _ => return Err(IdentityError::Missing),
            }
            Ok(tx.workload_add(identity, &row)?)
        };
        self.0.catalog.transaction(Durability::Power, add).await?;
        Ok(NewWorkload { workload, secret })
    }

    /// Lets a workload have no more of an identity's tokens.
    pub async fn remove_workload(&self, identity: Guid, id: Guid) -> Result<(), IdentityError> {
        let remove = move |tx: &mut Transaction<'_, '_>| match tx.workload_remove(identity, id)? {
            true => Ok(()),
            false => Err(IdentityError::NoSuchWorkload),
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }
}
