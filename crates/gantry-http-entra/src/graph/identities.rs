//! `/graph/gantry`: what Graph has no word for. Managed identities are Azure Resource Manager's there;
//! here they are kept with the directory, and so is which workload gets the tokens of which.

use axum::body::Body;
use gantry_model::directory::{KnownBy, ServicePrincipal, ServicePrincipalKind, Workload};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Graph;
use super::body::{id, text};
use super::error::GraphError;
use super::list::{ListQuery, walk};
use super::reply::{Reply, moment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Created {
    display_name: String,
}

/// Known by a network, or, without one, by a secret that is made here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Added {
    network: Option<String>,
}

impl Graph<'_> {
    async fn identity(&self, key: &str) -> Result<ServicePrincipal, GraphError> {
        let found = self.directory().find_service_principal(id(key)?).await?;
        let found = found.filter(|one| one.kind == ServicePrincipalKind::ManagedIdentity);
        found.ok_or_else(|| GraphError::missing(key))
    }

    pub(super) async fn list_identities(&self) -> Result<Reply, GraphError> {
        let query = ListQuery::of(self)?;
        query.check_no_filter()?;
        let is_one = |one: &ServicePrincipal| one.kind == ServicePrincipalKind::ManagedIdentity;
        let (found, next) = walk(self.directory(), &query, is_one).await?;
        query.reply(self, "identities", found.iter().map(shape).collect(), next)
    }

    pub(super) async fn create_identity(&self, body: Body) -> Result<Reply, GraphError> {
        let Created { display_name } = self.read(body).await?;
        let name = text("displayName", display_name)?;
        // A workload may name it by the last part of a resource's id.
        if name.contains('/') {
            return Err(GraphError::bad("displayName can't have a slash in it."));
        }
        Ok(Reply::Created(shape(&self.directory().create_identity(name).await?)))
    }

    pub(super) async fn show_identity(&self, key: &str) -> Result<Reply, GraphError> {
        Ok(Reply::Found(shape(&self.identity(key).await?)))
    }

    pub(super) async fn delete_identity(&self, key: &str) -> Result<Reply, GraphError> {
        let identity = self.identity(key).await?;
        self.directory().delete_service_principal(identity.id).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn list_workloads(&self, key: &str) -> Result<Reply, GraphError> {
        let identity = self.identity(key).await?;
        let all = self.directory().list_workloads(identity.id).await?;
        let objects: Vec<Value> = all.iter().map(workload).collect();
        Ok(Reply::Found(json!({ "value": objects })))
    }

    pub(super) async fn add_workload(&self, key: &str, body: Body) -> Result<Reply, GraphError> {
        let identity = self.identity(key).await?;
        let Added { network } = self.read(body).await?;
        let network = network.map(|text| text.parse()).transpose();
        let network =
            network.map_err(|_| GraphError::bad("network is none: write 192.0.2.0/24."))?;
        let made = self.directory().add_workload(identity.id, network).await?;
        let mut object = workload(&made.workload);
        if let Some(secret) = &made.secret {
            object["secret"] = json!(secret.expose());
        }
        Ok(Reply::Created(object))
    }

    pub(super) async fn remove_workload(
        &self,
        key: &str,
        workload: &str,
    ) -> Result<Reply, GraphError> {
        let identity = self.identity(key).await?;
        self.directory().remove_workload(identity.id, id(workload)?).await?;
        Ok(Reply::Done)
    }

    /// From now on the user signs in with a code besides the password, from the secret that is answered
    /// this once.
    pub(super) async fn enable_totp(&self, key: &str) -> Result<Reply, GraphError> {
        let user = self.user(key).await?;
        let secret = self.directory().enable_totp(user.id).await?;
        Ok(Reply::Created(json!({
            "secret": secret.to_base32(),
            "address": secret.to_address(user.name.as_str()),
        })))
    }

    pub(super) async fn disable_totp(&self, key: &str) -> Result<Reply, GraphError> {
        self.directory().disable_totp(self.user(key).await?.id).await?;
        Ok(Reply::Done)
    }

    /// Ends every sign-in of a user, an application or a managed identity.
    pub(super) async fn sign_out(&self, key: &str) -> Result<Reply, GraphError> {
        self.directory().sign_out(id(key)?).await?;
        Ok(Reply::Done)
    }
}

fn shape(identity: &ServicePrincipal) -> Value {
    json!({
        "id": identity.id,
        "clientId": identity.app_id,
        "displayName": identity.display_name,
        "enabled": identity.enabled,
        "createdDateTime": moment(identity.created_at),
    })
}

fn workload(workload: &Workload) -> Value {
    match &workload.known_by {
        KnownBy::Network(network) => {
            json!({ "id": workload.id, "knownBy": "network", "network": network.to_string() })
        }
        KnownBy::Secret(_) => json!({ "id": workload.id, "knownBy": "secret" }),
    }
}
