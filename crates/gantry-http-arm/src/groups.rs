//! Resource groups.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_arm::ResourceId;
use gantry_http_base::made;
use gantry_model::resource::{ResourceGroup, name_key};
use gantry_model::{Identities, Tags};
use gantry_registry::registries::DeleteError;
use gantry_resources::GroupError;
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::{precondition, status, tagged};
use crate::registries::{read_tags, refuse_deletion};
use crate::shape::{Common, Provisioned, Shaped};
use crate::{Call, body, identity, subscriptions};

/// How often the catalog is asked for one page, of which what the caller may not see is left out.
const MOST_LOOKED: usize = 10;
/// The type of resource groups.
pub(crate) const TYPE: &str = "Microsoft.Resources/resourceGroups";

/// A resource group.
pub(crate) type Shown = Shaped<Provisioned<Properties>>;

#[derive(Serialize, JsonSchema)]
#[schemars(inline, rename = "ResourceGroup")]
pub(crate) struct Properties {}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wanted {
    location: Option<String>,
    #[schemars(with = "Option<std::collections::BTreeMap<String, Option<String>>>")]
    tags: Option<Value>,
}

/// `GET resourcegroups`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let (mut shown, mut last) = (Vec::new(), page::after(call)?);
    for looked in 1.. {
        let found = call.app.resources.list_groups(&last, LIMIT).await?;
        let more = found.len() == LIMIT;
        last = found.last().map_or(last, |group| name_key(&group.name));
        let known = |group: &&ResourceGroup| {
            id(call, &group.name).is_ok_and(|id| call.caller.authority().is_known_at(&id))
        };
        shown.extend(found.iter().filter(known).map(|group| render(call, group)));
        if !more {
            break;
        }
        if shown.len() >= LIMIT || looked == MOST_LOOKED {
            return Ok(page::page(call, shown, Some(&last)));
        }
    }
    Ok(page::whole(shown))
}

/// `GET` of one, and `HEAD`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let name = name(call);
    let known = call.caller.authority().is_known_at(&call.asked.resource);
    let missing = || refused(GroupError::Missing(name.to_owned()));
    let group = match known {
        true => call.app.resources.find_group(name).await.map_err(refused)?,
        false => return Err(missing()),
    };
    Ok(match call.parts.method == Method::HEAD {
        true => StatusCode::NO_CONTENT.into_response(),
        false => tagged(StatusCode::OK, &group.version, render(call, &group.value)),
    })
}

/// `PUT` of one
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let name = name(call);
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { location, tags } = body::read(call.app, body).await?;
    let location = location.filter(|location| !location.trim().is_empty()).ok_or_else(|| {
        let message = "The 'location' property is required for this request.";
        ArmError::new(StatusCode::BAD_REQUEST, "LocationRequired", message).about("location")
    })?;
    let location = location.to_ascii_lowercase().replace(' ', "");
    let tags = tags.map_or(Ok(Tags::default()), |tags| read_tags(&tags))?;
    let put = call.app.resources.put_group(name.to_owned(), location, tags, precondition);
    let (group, written) = put.await.map_err(refused)?;
    Ok(tagged(status(written), &group.version, render(call, &group.value)))
}

/// `PATCH` of one
pub(crate) async fn patch(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { tags, .. } = body::read(call.app, body).await?;
    let tags = tags.map(|tags| read_tags(&tags)).transpose()?;
    let change = move |present: &Tags| tags.clone().unwrap_or_else(|| present.clone());
    let name = name(call).to_owned();
    let changed = call.app.resources.change_group_tags(name, precondition, change).await;
    let group = changed.map_err(refused)?;
    Ok(tagged(StatusCode::OK, &group.version, render(call, &group.value)))
}

/// `DELETE` of one, with all that is in it.
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let registries = call.app.content.registries();
    let scope = id(call, name(call))?.to_string();
    let deleted = registries.delete_group(call.app.content.catalog(), name(call).to_owned(), scope);
    match deleted.await {
        Ok(gone) => {
            for registry in &gone {
                let none = Identities::default();
                identity::drop_unused(call.app, &registry.identity, &none).await;
            }
            let names: Vec<_> = gone.iter().map(|registry| registry.name.as_str()).collect();
            Ok(made(StatusCode::OK.into_response(), names.join(", ")))
        }
        Err(DeleteError::NoSuchGroup(name)) => Err(refused(GroupError::Missing(name))),
        Err(error) => Err(refuse_deletion(error)),
    }
}

/// The group's id.
pub(crate) fn id(call: &Call<'_>, name: &str) -> Result<ResourceId, ArmError> {
    let id = format!("{}/resourceGroups/{name}", subscriptions::own(call));
    id.parse().map_err(ArmError::bad_name)
}

fn name<'c>(call: &Call<'c>) -> &'c str {
    call.asked.parameter("resourceGroupName")
}

/// A name that no group can have (Azure, "Naming rules").
pub(crate) fn bad_name(name: &str) -> ArmError {
    let message = format!(
        "The provided resource group name '{name}' is not valid: it has up to 90 letters, digits, '-', \
         '_', '.', '(' and ')', and doesn't end with a point."
    );
    ArmError::new(StatusCode::BAD_REQUEST, "InvalidResourceGroup", message)
}

fn render(call: &Call<'_>, group: &ResourceGroup) -> Shown {
    Shaped {
        id: format!("{}/resourceGroups/{}", subscriptions::own(call), group.name),
        name: group.name.clone(),
        kind: TYPE.to_owned(),
        common: Common {
            location: Some(group.location.clone()),
            tags: Some(group.tags.clone()),
            ..Common::default()
        },
        properties: Provisioned::new(Properties {}),
    }
}

pub(crate) fn refused(error: GroupError) -> ArmError {
    match error {
        GroupError::Missing(_) => {
            ArmError::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", error)
        }
        GroupError::Elsewhere { .. } => {
            ArmError::conflict("InvalidResourceGroupLocation", error).about("location")
        }
        GroupError::Precondition(error) => error.into(),
        GroupError::Catalog(error) => error.into(),
    }
}
