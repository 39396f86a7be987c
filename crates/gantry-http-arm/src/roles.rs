//! `Microsoft.Authorization/roleDefinitions`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::roles::RoleError;
use gantry_arm::{Field, Filter, Guid, ResourceId, Term};
use gantry_http_base::Query;
use gantry_model::roles::{RoleDefinition, RoleKind, RolePermissions, built_in};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::route::Verb;
use crate::{Call, body, page, subscriptions};

/// Roles that an operator makes are few; a list is answered whole.
const MOST: usize = 5000;

#[derive(Deserialize)]
struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    role_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    permissions: Vec<RolePermissions>,
    #[serde(default)]
    assignable_scopes: Vec<String>,
}

/// `GET roleDefinitions`
pub(crate) async fn list(call: &Call<'_>, scope: &ResourceId) -> Result<Response, ArmError> {
    check(call, Verb::Get, scope)?;
    let filter = filter(call)?;
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

/// One role: shown, made, changed, deleted.
pub(crate) async fn one(
    call: &Call<'_>,
    scope: &ResourceId,
    id: Guid,
    verb: Verb,
    body: Body,
) -> Result<Response, ArmError> {
    check(call, verb, scope)?;
    let access = &call.app.access;
    match verb {
        Verb::Get => {
            let role =
                access.find_role(id).await?.ok_or_else(|| refused(RoleError::NoSuchRole(id)))?;
            Ok(Json(render(call, &role)).into_response())
        }
        Verb::Put | Verb::Patch => {
            let Wanted { properties } = body::read(call.app, body).await?;
            check_where_it_is(call, verb, id).await?;
            let scopes = scopes(call, &properties.assignable_scopes)?;
            let role = RoleDefinition {
                id,
                name: properties.role_name,
                description: properties.description,
                kind: RoleKind::Custom,
                permissions: properties.permissions,
                assignable_scopes: scopes,
                created_at: None,
                updated_at: None,
            };
            let role = access.set_role(role).await.map_err(refused)?;
            Ok((StatusCode::CREATED, Json(render(call, &role))).into_response())
        }
        Verb::Delete => {
            check_where_it_is(call, verb, id).await?;
            match access.delete_role(id).await {
                Ok(role) => Ok(Json(render(call, &role)).into_response()),
                Err(RoleError::NoSuchRole(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
                Err(error) => Err(refused(error)),
            }
        }
    }
}

/// Checks that the caller may change the role of that id, if there is one, wherever it is assigned: it
/// would mean something else there.
async fn check_where_it_is(call: &Call<'_>, verb: Verb, id: Guid) -> Result<(), ArmError> {
    let Some(role) = call.app.access.find_role(id).await? else { return Ok(()) };
    for scope in &role.assignable_scopes {
        check(call, verb, &scope.parse().map_err(ArmError::bad_request)?)?;
    }
    Ok(())
}

/// Where a role may be assigned: each a scope at which the caller may say so.
fn scopes(call: &Call<'_>, wanted: &[String]) -> Result<Vec<String>, ArmError> {
    if wanted.is_empty() {
        return Err(ArmError::bad_request("assignableScopes is empty"));
    }
    for text in wanted {
        let scope: ResourceId = text.parse().map_err(ArmError::bad_request)?;
        if !subscriptions::own(call).contains(&scope) {
            return Err(ArmError::bad_request(format!("{text} is not in the subscription")));
        }
        check(call, Verb::Put, &scope)?;
    }
    Ok(wanted.to_vec())
}

fn check(call: &Call<'_>, verb: Verb, scope: &ResourceId) -> Result<(), ArmError> {
    let action = format!("Microsoft.Authorization/roleDefinitions/{}", verb.action());
    // What roles there are is no secret of the tenant's root.
    match verb == Verb::Get && scope.as_str() == "/" {
        true => Ok(()),
        false => call.caller.check(&action, scope),
    }
}

fn filter(call: &Call<'_>) -> Result<Option<Filter>, ArmError> {
    let text = Query::of(&call.parts.uri).first("$filter").filter(|text| !text.trim().is_empty());
    text.map(|text| text.parse().map_err(ArmError::bad_request)).transpose()
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

fn render(call: &Call<'_>, role: &RoleDefinition) -> Value {
    let moment = |at: Option<gantry_model::Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": id(call, role.id),
        "name": role.id,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": kind_of(role),
            "description": role.description,
            "assignableScopes": role.assignable_scopes,
            "permissions": role.permissions,
            "createdOn": moment(role.created_at),
            "updatedOn": moment(role.updated_at),
            "createdBy": null,
            "updatedBy": null,
        },
    })
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
        RoleError::BuiltIn | RoleError::NameTaken(_) => {
            ArmError::conflict("RoleDefinitionConflict", error)
        }
        RoleError::Assigned => ArmError::conflict("RoleDefinitionHasAssignments", error),
        RoleError::Catalog(error) => error.into(),
    }
}
