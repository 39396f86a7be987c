//! A resource of a deployment.

use std::sync::Arc;

use crate::evaluate::Turn;
use crate::template::Declared;

/// A resource that a deployment is to make, or refers to. A loop yields one for each turn.
#[derive(Clone, Debug)]
pub struct Resource {
    pub(crate) id: String,
    pub(crate) resource_type: String,
    pub(crate) name: String,
    pub(crate) api_version: String,
    pub(crate) depends_on: Vec<String>,
    pub(crate) is_left_out: bool,
    pub(crate) declared: Arc<Declared>,
    pub(crate) turns: Vec<Turn>,
}

impl Resource {
    /// The whole id, as the template writes its parts. It has as many names as its type has
    /// segments, but whether they are names that ARM allows is not checked here.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The type, such as `Microsoft.ContainerRegistry/registries/webhooks`.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The name with those of its parents, such as `myregistry/mywebhook`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The API version of its body.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// The ids of the resources that must be there first: those that the template names, and
    /// those that the body's `reference` and `list*` are about. All come before this one in
    /// the deployment's order; none is left out.
    pub fn depends_on(&self) -> &[String] {
        &self.depends_on
    }

    /// Whether it is only referred to and must be there already.
    pub fn is_existing(&self) -> bool {
        self.declared.is_existing
    }
}
