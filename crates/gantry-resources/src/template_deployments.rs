//! Templates that were deployed, and what came of them. Carrying one out is a matter of the management
//! API, which asks itself for each of its resources.

use gantry_arm::ResourceId;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::Written;
use gantry_model::resource::TemplateDeployment;

use crate::{GroupError, Resources};

/// How many are kept of a scope, as Azure Resource Manager does ("Azure subscription and service limits").
const KEPT: usize = 800;

impl Resources {
    /// Up to `limit` deployments to the scope behind the key `after`, in order of their keys.
    pub async fn list_deployments(
        &self,
        scope: &ResourceId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<TemplateDeployment>, DbError> {
        self.catalog().template_deployment_list(scope.as_str(), after, limit).await
    }

    /// The deployment of that name to the scope.
    pub async fn find_deployment(
        &self,
        scope: &ResourceId,
        name: &str,
    ) -> Result<Option<TemplateDeployment>, DbError> {
        self.catalog().template_deployment_find(scope.as_str(), name).await
    }

    /// The template of the deployment of that name to the scope, as a JSON document.
    pub async fn deployed_template(
        &self,
        scope: &ResourceId,
        name: &str,
    ) -> Result<Option<String>, DbError> {
        self.catalog().template_deployment_template(scope.as_str(), name).await
    }

    /// Keeps what came of a deployment, in place of what came of the last one of its name. A resource
    /// group that it is to must still be there.
    pub async fn put_deployment(
        &self,
        deployment: TemplateDeployment,
        template: String,
    ) -> Result<Written, GroupError> {
        let scope = deployment.scope.parse::<ResourceId>().ok();
        let group = scope.and_then(|scope| scope.resource_group().map(str::to_owned));
        let put = move |tx: &mut Transaction<'_, '_>| {
            if let Some(group) = &group
                && tx.resource_group_lock(group)?.is_none()
            {
                return Err(GroupError::Missing(group.clone()));
            }
            Ok(tx.template_deployment_set(&deployment, &template, KEPT)?)
        };
        match self.catalog().transaction(Durability::Power, put).await? {
            true => Ok(Written::Made),
            false => Ok(Written::Changed),
        }
    }

    /// Forgets a deployment, if there is one. What it made stays.
    pub async fn remove_deployment(&self, scope: &ResourceId, name: &str) -> Result<(), DbError> {
        let (scope, name) = (scope.as_str().to_owned(), name.to_owned());
        let remove =
            move |tx: &mut Transaction<'_, '_>| tx.template_deployment_delete(&scope, &name);
        self.catalog().transaction(Durability::Power, remove).await
    }
}
