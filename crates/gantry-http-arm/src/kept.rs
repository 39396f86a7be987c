//! Resources of registries that are configuration and nothing else, in ARM's shape.

use std::future::Future;

use gantry_model::resource::{About, Resource, ResourceKind, name_key};
use gantry_model::{Precondition, Registry, Versioned, Written};
use gantry_resources::{At, ResourceError, Wish};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::children::{Child, WrittenTo};
use crate::error::ArmError;
use crate::registries::read_tags;
use crate::shape::{Common, Identity, SystemData};
use crate::{Call, body};

/// A kind of such resources: what it has of its own.
pub(crate) trait Kept: ResourceKind {
    /// The parameter of the path that is its name.
    const PARAMETER: &'static str;
    /// What clients take for an answer when one was deleted.
    const DELETED: StatusCode;
    /// What `properties` is.
    type Properties: Serialize + JsonSchema;
    /// What `properties` is in a body that is written.
    type Wanted: JsonSchema;

    /// What `properties` is.
    fn properties(
        resource: &Resource<Self>,
        call: &Call<'_>,
        registry: &Registry,
    ) -> Self::Properties;

    /// Brings the one of that name to what the body wishes.
    fn write(
        call: &Call<'_>,
        registry: &Registry,
        at: At,
        wanted: Value,
    ) -> impl Future<Output = Result<(Versioned<Resource<Self>>, Written), ArmError>> + Send;

    /// Deletes the one of that name.
    fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> impl Future<Output = Result<(), ResourceError>> + Send;
}

impl<K: Kept> Child for Resource<K> {
    const KIND: &'static str = <K as ResourceKind>::KIND;
    const NAME: &'static str = K::PARAMETER;
    const DELETED: StatusCode = K::DELETED;
    type Properties = K::Properties;
    type Wanted = Wanted<K::Wanted>;

    fn key(&self) -> String {
        name_key(&self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn render(&self, call: &Call<'_>, registry: &Registry) -> (Common, K::Properties) {
        let About { location, tags, identity, authors } = &self.about;
        let common = Common {
            location: Some(location.clone()),
            tags: Some(tags.clone()),
            sku: None,
            identity: Identity::of(call, identity),
            system_data: Some(SystemData::of(authors, self.created_at)),
        };
        (common, K::properties(self, call, registry))
    }

    async fn find(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
    ) -> Result<Versioned<Self>, ArmError> {
        call.app.resources.find(registry, name).await.map_err(refused)
    }

    async fn list(
        call: &Call<'_>,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Self>, ArmError> {
        Ok(call.app.resources.list(registry, after, limit).await?)
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        to: WrittenTo,
        wanted: Value,
    ) -> Result<(Versioned<Self>, Written), ArmError> {
        let WrittenTo { name, if_absent, precondition } = to;
        let at = At { registry: registry.id, name, if_absent, precondition };
        K::write(call, registry, at, wanted).await
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<bool, ArmError> {
        match K::delete(call, registry, name, precondition).await {
            Ok(()) => Ok(true),
            Err(ResourceError::Missing { .. }) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }
}

/// What is wished of all resources.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted<P> {
    location: Option<String>,
    #[schemars(with = "Option<std::collections::BTreeMap<String, Option<String>>>")]
    tags: Option<Value>,
    properties: Option<P>,
}

/// What is wished, with its properties changed to what the use-case takes.
pub(crate) fn wish<P: for<'de> Deserialize<'de> + Default, C>(
    call: &Call<'_>,
    wanted: Value,
    change: impl FnOnce(P) -> Result<C, ArmError>,
) -> Result<Wish<C>, ArmError> {
    let Wanted { location, tags, properties } = body::of(wanted)?;
    Ok(Wish {
        location,
        tags: tags.map(|tags| read_tags(&tags)).transpose()?,
        identity: None,
        by: call.caller.name(),
        value: change(properties.unwrap_or_default())?,
    })
}

pub(crate) fn refused(error: ResourceError) -> ArmError {
    use ResourceError::{
        CacheRule, Catalog, CredentialSet, Elsewhere, Fixed, InUse, Missing, Name, NoCredentialSet,
        Precondition, Required, SameTarget, Sealed, Target, TooMany, Webhook,
    };
    let bad = |code| ArmError::new(StatusCode::BAD_REQUEST, code, &error);
    match error {
        Missing { .. } => ArmError::not_found(error),
        Name { .. } => bad("InvalidResourceName"),
        Precondition(error) => error.into(),
        TooMany { .. } => ArmError::conflict("ResourceLimitExceeded", error),
        Required(property) | Fixed(property) => bad("InvalidProperty").about(property),
        Elsewhere(_) => bad("InvalidResourceLocation").about("location"),
        Target(_) => bad("InvalidProperty").about("properties.serviceUri"),
        Webhook(_) | CacheRule(_) | CredentialSet(_) => bad("InvalidProperty"),
        SameTarget(_) => ArmError::conflict("CacheRuleConflict", error),
        NoCredentialSet(_) => bad("InvalidProperty").about("properties.credentialSetResourceId"),
        InUse(_) => ArmError::conflict("CredentialSetInUse", error),
        Sealed(_) => ArmError::internal(error),
        Catalog(error) => error.into(),
    }
}
