//! Resources of registries that are configuration and nothing else, in ARM's shape.

use gantry_model::Registry;
use gantry_model::resource::{About, Resource};
use gantry_resources::{At, ResourceError, Wish};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::children::WrittenTo;
use crate::error::ArmError;
use crate::registries::{authors, read_tags};
use crate::{Call, body, identity};

/// What is wished of all resources.
#[derive(Deserialize)]
struct Wanted<P> {
    location: Option<String>,
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

/// Where it is written.
pub(crate) fn at(registry: &Registry, to: WrittenTo) -> At {
    let WrittenTo { name, if_absent, precondition } = to;
    At { registry: registry.id, name, if_absent, precondition }
}

/// What is shown of the resource besides its properties.
pub(crate) fn shown<K>(call: &Call<'_>, resource: &Resource<K>, properties: &Value) -> Value {
    let Resource { about, created_at, .. } = resource;
    let About { location, tags, identity, authors: who } = about;
    json!({
        "identity": identity::render(call, identity),
        "location": location,
        "tags": tags,
        "systemData": authors(who, *created_at),
        "properties": properties,
    })
}

/// Whether something was deleted.
pub(crate) fn was_there(deleted: Result<(), ResourceError>) -> Result<bool, ArmError> {
    match deleted {
        Ok(()) => Ok(true),
        Err(ResourceError::Missing { .. }) => Ok(false),
        Err(error) => Err(refused(error)),
    }
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
