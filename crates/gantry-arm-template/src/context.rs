//! What a deployment is told about where and when it happens.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// Where, when and as what a template is deployed: all that its expressions can ask for and
/// that is neither in the template nor in its parameters.
#[derive(Clone, Debug)]
pub struct Context {
    /// What is deployed to.
    pub scope: DeploymentScope,
    /// The subscription deployed to, or that of the resource group.
    pub subscription: Subscription,
    /// The tenant's id.
    pub tenant_id: Uuid,
    /// The deployment's name.
    pub deployment_name: String,
    /// What `environment()` yields.
    pub environment: Value,
    /// What `newGuid()` is made from, new and unguessable for each deployment: the first
    /// call yields it, each further one a GUID that follows from it.
    pub new_guid: Uuid,
    /// The moment of the deployment, for `utcNow()`.
    pub utc_now: Timestamp,
}

/// What a template is deployed to.
#[derive(Clone, Debug)]
pub enum DeploymentScope {
    /// A resource group.
    ResourceGroup {
        /// Its name.
        name: String,
        /// Its location.
        location: String,
        /// Its tags, an object.
        tags: Value,
    },
    /// The subscription itself.
    Subscription {
        /// The location of the deployment's own record.
        location: String,
    },
}

/// A subscription, as `subscription()` shows it.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub display_name: String,
}

impl Context {
    /// The id of what is deployed to.
    pub(crate) fn scope_id(&self) -> String {
        match &self.scope {
            DeploymentScope::ResourceGroup { name, .. } => {
                format!("{}/resourceGroups/{name}", self.subscription_id())
            }
            DeploymentScope::Subscription { .. } => self.subscription_id(),
        }
    }

    pub(crate) fn subscription_id(&self) -> String {
        format!("/subscriptions/{}", self.subscription.id)
    }

    /// `resourceGroup()`, which only a deployment to one has.
    pub(crate) fn resource_group(&self) -> Option<Value> {
        let DeploymentScope::ResourceGroup { name, location, tags } = &self.scope else {
            return None;
        };
        Some(json!({
            "id": self.scope_id(),
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "tags": tags,
            "properties": { "provisioningState": "Succeeded" },
        }))
    }

    /// `subscription()`
    pub(crate) fn subscription(&self) -> Value {
        json!({
            "id": self.subscription_id(),
            "subscriptionId": self.subscription.id.to_string(),
            "tenantId": self.tenant_id.to_string(),
            "displayName": self.subscription.display_name,
        })
    }

    /// `tenant()`
    pub(crate) fn tenant(&self) -> Value {
        json!({ "tenantId": self.tenant_id.to_string() })
    }

    /// `deployment()`, without the template.
    pub(crate) fn deployment(&self, content_version: &str) -> Value {
        let mut deployment = json!({
            "name": self.deployment_name,
            "properties": {
                "template": { "contentVersion": content_version },
                "mode": "Incremental",
                "provisioningState": "Accepted",
            },
        });
        if let DeploymentScope::Subscription { location } = &self.scope {
            deployment["location"] = location.as_str().into();
        }
        deployment
    }
}
