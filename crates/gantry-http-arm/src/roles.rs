//! `Microsoft.Authorization/roleDefinitions`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::roles::RoleError;
use gantry_arm::{Field, Filter, Guid, Term};
use gantry_model::roles::{RoleDefinition, RoleKind, RolePermissions, built_in};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::preconditions::{precondition, tagged};
use crate::shape::{Common, Shaped};
use crate::{Call, body, page, subscriptions};

/// Roles that an operator makes are few; a list is answered whole.
const MOST: usize = 5000;

/// A role definition.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "RoleDefinition")]
pub(crate) struct Properties {
    role_name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    description: String,
    assignable_scopes: Vec<String>,
    #[schemars(with = "Vec<Permissions>")]
    permissions: Vec<RolePermissions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_on: Option<String>,
}

/// What [`RolePermissions`] are written as.
#[derive(JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Permissions {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedRole")]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    role_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    #[schemars(with = "Vec<Permissions>")]
    permissions: Vec<RolePermissions>,
    #[serde(default)]
    assignable_scopes: Vec<String>,
}

/// `GET roleDefinitions`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let filter = page::filter(call)?;
    let custom = call.app.access.list_custom_roles("", MOST).await?;
    let all = built_in().iter().cloned().chain(custom);
    let fits = |role: &RoleDefinition| {
        filter.iter().flat_map(Filter::terms).all(|term| match term {
            Term::Equals(Field::RoleName, name) => role.name.eq_ignore_ascii_case(name),
            Term::Equals(Field::Type, kind) => kind_of(role).eq_ignore_ascii_case(kind),
            Term::AtScope => true,
            _ => false,
        })
    };
    let values = all.filter(fits).map(|role| render(call, &role)).collect();
    Ok(page::whole(values))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let id = own_id(call)?;
    let found = call.app.access.find_role(id).await?;
    let found = found.ok_or_else(|| refused(RoleError::NoSuchRole(id)))?;
    Ok(tagged(StatusCode::OK, &found.version, render(call, &found.value)))
}

/// `PUT` of one
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let id = own_id(call)?;
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    let role = RoleDefinition {
        id,
        name: properties.role_name,
        description: properties.description,
        kind: RoleKind::Custom,
        permissions: properties.permissions,
        assignable_scopes: properties.assignable_scopes,
        created_at: None,
        updated_at: None,
    };
    let by = call.caller.authority();
    let set = call.app.access.set_role(by, role, precondition).await.map_err(refused)?;
    Ok(tagged(StatusCode::CREATED, &set.version, render(call, &set.value)))
}

/// `DELETE` of one
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let by = call.caller.authority();
    match call.app.access.delete_role(by, own_id(call)?, precondition).await {
        Ok(role) => Ok(Json(render(call, &role)).into_response()),
        Err(RoleError::NoSuchRole(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(refused(error)),
    }
}

fn own_id(call: &Call<'_>) -> Result<Guid, ArmError> {
    call.asked.parameter("roleDefinitionId").parse().map_err(ArmError::bad_name)
}

fn kind_of(role: &RoleDefinition) -> &'static str {
    match role.kind {
        RoleKind::BuiltIn => "BuiltInRole",
        RoleKind::Custom => "CustomRole",
    }
}

/// The role's id in the subscription.
pub(crate) fn id(call: &Call<'_>, role: Guid) -> String {
    let own = subscriptions::own(call);
    format!("{own}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

fn render(call: &Call<'_>, role: &RoleDefinition) -> Shown {
    let moment = |at: Option<gantry_model::Timestamp>| at.map(|at| at.to_string());
    Shaped {
        id: id(call, role.id),
        name: role.id.to_string(),
        kind: "Microsoft.Authorization/roleDefinitions".to_owned(),
        common: Common::default(),
        properties: Properties {
            role_name: role.name.clone(),
            kind: kind_of(role),
            description: role.description.clone(),
            assignable_scopes: role.assignable_scopes.clone(),
            permissions: role.permissions.clone(),
            created_on: moment(role.created_at),
            updated_on: moment(role.updated_at),
        },
    }
}

pub(crate) fn refused(error: RoleError) -> ArmError {
    match error {
        RoleError::NoSuchRole(_) => {
            ArmError::new(StatusCode::NOT_FOUND, "RoleDefinitionDoesNotExist", error)
        }
        RoleError::NoSuchAssignment(_) => {
            ArmError::new(StatusCode::NOT_FOUND, "RoleAssignmentNotFound", error)
        }
        RoleError::NoSuchPrincipal(_) => {
            ArmError::new(StatusCode::BAD_REQUEST, "PrincipalNotFound", error)
        }
        // `az` knows this code.
        RoleError::Exists(_) => ArmError::conflict("RoleAssignmentExists", error),
        RoleError::OtherAssignment(_) => {
            ArmError::conflict("RoleAssignmentUpdateNotPermitted", error)
        }
        RoleError::Condition(_) | RoleError::Unsupported(_) => {
            ArmError::new(StatusCode::BAD_REQUEST, "InvalidCondition", error)
        }
        RoleError::NotAssignable => {
            ArmError::new(StatusCode::BAD_REQUEST, "RoleDefinitionNotAssignable", error)
        }
        RoleError::Precondition(error) => error.into(),
        RoleError::NotAllowed { action, scope } => ArmError::forbidden(action, scope.as_str()),
        RoleError::Nowhere | RoleError::Outside(_) => ArmError::bad_request(error),
        RoleError::LastAdministrator => ArmError::conflict("LastRbacAdminAssignment", error),
        RoleError::BuiltIn | RoleError::NameTaken(_) => {
            ArmError::conflict("RoleDefinitionConflict", error)
        }
        RoleError::Assigned => ArmError::conflict("RoleDefinitionHasAssignments", error),
        RoleError::Catalog(error) => error.into(),
    }
}
