//! Managed identities: a workload gets a token because of where it asks from, or by a secret that its
//! environment has.

use std::net::IpAddr;

use gantry_arm::Guid;
use gantry_model::directory::ServicePrincipalKind;
use gantry_oci::Secret;
use gantry_secrets::SecretHash;

use super::SignInError;
use crate::guard::Attempt;
use crate::{Directory, Principal, PrincipalKind};

/// How a workload is known.
#[derive(Clone, Debug)]
pub enum WorkloadProof {
    /// By where it asks from, as at Azure's instance metadata service.
    Address(Option<IpAddr>),
    /// By a secret, as in App Service.
    Secret(Secret, Option<IpAddr>),
}

/// Which of its identities a workload wants.
#[derive(Clone, Copy, Debug)]
pub enum WhichIdentity<'a> {
    /// The only one.
    Only,
    /// By application id.
    Client(&'a str),
    /// By object id.
    Object(&'a str),
    /// By the last part of a resource id, which is its name.
    Resource(&'a str),
}

impl Directory {
    /// The identity whose tokens the workload may have.
    pub async fn sign_in_workload(
        &self,
        proof: &WorkloadProof,
        which: WhichIdentity<'_>,
    ) -> Result<Principal, SignInError> {
        let candidates = match proof {
            WorkloadProof::Secret(secret, address) => {
                let attempt = Attempt { account: "workload", address: *address };
                self.guarded(attempt, async {
                    let hash = SecretHash::of(secret.expose()).0;
                    let found = self.0.catalog.workload_by_secret(&hash).await?;
                    found.map(|id| vec![id]).ok_or(SignInError::Client)
                })
                .await?
            }
            WorkloadProof::Address(address) => {
                let address = address.ok_or(SignInError::Client)?;
                let known = self.0.catalog.workloads_by_network().await?;
                let mut ids: Vec<Guid> = known
                    .into_iter()
                    .filter_map(|(id, network)| network.contains(&address).then_some(id))
                    .collect();
                ids.dedup();
                ids
            }
        };
        let mut found = Vec::new();
        for id in candidates {
            if let Some(identity) = self.0.catalog.service_principal_find(id).await?
                && identity.kind == ServicePrincipalKind::ManagedIdentity
                && match which {
                    WhichIdentity::Only => true,
                    WhichIdentity::Client(id) => {
                        identity.app_id.to_string().eq_ignore_ascii_case(id)
                    }
                    WhichIdentity::Object(id) => identity.id.to_string().eq_ignore_ascii_case(id),
                    WhichIdentity::Resource(id) => id
                        .rsplit('/')
                        .next()
                        .is_some_and(|name| name.eq_ignore_ascii_case(&identity.display_name)),
                }
            {
                found.push(identity);
            }
        }
        match <[_; 1]>::try_from(found) {
            Ok([identity]) if identity.enabled => {
                let name = identity.display_name;
                Ok(self.principal(identity.id, PrincipalKind::App, name).await?)
            }
            Ok(_) => Err(SignInError::ClientDisabled),
            Err(several) if several.is_empty() => Err(SignInError::Client),
            Err(_) => Err(SignInError::Grant(
                "the workload has several identities: say which by client_id",
            )),
        }
    }
}
