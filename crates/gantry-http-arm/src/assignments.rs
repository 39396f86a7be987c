//! `Microsoft.Authorization/roleAssignments`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::assignments::NewAssignment;
use gantry_access::roles::RoleError;
use gantry_access::scope_has;
use gantry_arm::{Field, Filter, Guid, ResourceId, Term};
use gantry_http_base::made;
use gantry_model::directory::PrincipalType;
use gantry_model::roles::RoleAssignment;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::page::{self, LIMIT};
use crate::preconditions::{precondition, status, tagged};
use crate::roles::{self, refused};
use crate::shape::{Common, Shaped};
use crate::{Call, body, subscriptions};

/// How often the catalog is asked for one page, of which what doesn't fit is left out.
const MOST_LOOKED: usize = 10;
/// The version of the condition language.
const CONDITION_VERSION: &str = "2.0";

/// A role assignment.
pub(crate) type Shown = Shaped<Properties>;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "RoleAssignment")]
pub(crate) struct Properties {
    scope: String,
    role_definition_id: String,
    principal_id: String,
    #[schemars(with = "String")]
    principal_type: PrincipalType,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_on: String,
    updated_on: String,
    created_by: String,
    updated_by: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WantedAssignment")]
pub(crate) struct Wanted {
    properties: WantedProperties,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedProperties {
    #[schemars(with = "String")]
    principal_id: Guid,
    role_definition_id: String,
    #[schemars(with = "Option<String>")]
    principal_type: Option<PrincipalType>,
    condition: Option<String>,
    condition_version: Option<String>,
    description: Option<String>,
}

/// `GET roleAssignments`: at the scope, above it and below; with `atScope()` not below.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let scope = call.asked.scope();
    let filter = page::filter(call)?;
    let terms = filter.as_ref().map_or(&[][..], Filter::terms);
    let (mut principal, mut whole, mut at_scope) = (None, false, false);
    for term in terms {
        match term {
            Term::AtScope => at_scope = true,
            Term::Equals(Field::PrincipalId, id) => principal = Some(id.parse::<Guid>()),
            Term::AssignedTo(id) => (principal, whole) = (Some(id.parse::<Guid>()), true),
            _ => return Err(ArmError::bad_request("the $filter is not understood")),
        }
    }
    let principal = principal.transpose().map_err(ArmError::bad_request)?;
    let here = scope.as_str().to_ascii_lowercase();
    let fits = |found: &RoleAssignment| {
        let there = found.scope.to_ascii_lowercase();
        scope_has(&there, &here) || !at_scope && scope_has(&here, &there)
    };
    let after = page::after(call)?;
    if !after.is_empty() && after.parse::<Guid>().is_err() {
        return Err(ArmError::bad_request("$skiptoken is none of ours"));
    }
    if let (Some(id), true) = (principal, whole) {
        // Through groups too.
        let roles = call.app.access.roles_of(id).await?;
        let found = roles.iter().map(|(assignment, _)| assignment).filter(|found| fits(found));
        return Ok(page::whole(found.map(|found| render(call, found)).collect()));
    }
    let (mut values, mut last) = (Vec::new(), after);
    for looked in 1.. {
        let found = call.app.access.list_assignments(principal, &last, LIMIT).await?;
        let more = found.len() == LIMIT;
        last = found.last().map_or(last, |found| found.id.to_string());
        values.extend(found.iter().filter(|found| fits(found)).map(|found| render(call, found)));
        // A page may be shorter than it could be, but costs no more than this.
        if !more {
            return Ok(page::whole(values));
        }
        if values.len() >= LIMIT || looked == MOST_LOOKED {
            return Ok(page::page(call, values, Some(&last)));
        }
    }
    Ok(page::whole(values))
}

/// `GET` of one
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    let (scope, id) = (call.asked.scope(), own_id(call)?);
    let found = call.app.access.find_assignment(id).await?;
    // The caller's right is at the scope of the path, so the assignment must be there.
    let here = found.filter(|one| one.value.scope.eq_ignore_ascii_case(scope.as_str()));
    let here = here.ok_or_else(|| refused(RoleError::NoSuchAssignment(id)))?;
    Ok(tagged(StatusCode::OK, &here.version, render(call, &here.value)))
}

/// `PUT` of one
pub(crate) async fn put(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let Wanted { properties } = body::read(call.app, body).await?;
    let new = wished(call, &call.asked.scope(), own_id(call)?, properties)?;
    let by = call.caller.authority();
    let assigned = call.app.access.assign_role(by, new, precondition).await;
    let (assigned, written) = assigned.map_err(refused)?;
    let shown = render(call, &assigned.value);
    let answer = tagged(status(written), &assigned.version, shown);
    Ok(made(answer, whose(&assigned.value)))
}

/// `DELETE` of one
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, ArmError> {
    let precondition = precondition(&call.parts.headers)?;
    let (scope, by) = (call.asked.scope(), call.caller.authority());
    match call.app.access.remove_assignment(by, &scope, own_id(call)?, precondition).await {
        Ok(gone) => Ok(made(Json(render(call, &gone)).into_response(), whose(&gone))),
        Err(RoleError::NoSuchAssignment(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Err(refused(error)),
    }
}

fn own_id(call: &Call<'_>) -> Result<Guid, ArmError> {
    call.asked.parameter("roleAssignmentName").parse().map_err(ArmError::bad_name)
}

/// Which role of whom it is, for the audit stream.
fn whose(assignment: &RoleAssignment) -> String {
    format!("role {} of {}", assignment.role, assignment.principal)
}

fn wished(
    call: &Call<'_>,
    scope: &ResourceId,
    id: Guid,
    wanted: WantedProperties,
) -> Result<NewAssignment, ArmError> {
    if !subscriptions::own(call).contains(scope) {
        return Err(ArmError::bad_request("the scope is not in the subscription"));
    }
    let version = wanted.condition_version.as_deref().unwrap_or(CONDITION_VERSION);
    if version != CONDITION_VERSION {
        return Err(ArmError::bad_request("conditionVersion must be 2.0"));
    }
    Ok(NewAssignment {
        id,
        scope: scope.clone(),
        principal: wanted.principal_id,
        principal_type: wanted.principal_type,
        role: role_of(&wanted.role_definition_id)?,
        condition: wanted.condition.filter(|text| !text.trim().is_empty()),
        description: wanted.description,
        by: call.caller.name(),
    })
}

fn role_of(id: &str) -> Result<Guid, ArmError> {
    let name = id.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.parse().map_err(|_| ArmError::bad_request("roleDefinitionId is no role definition's id"))
}

fn render(call: &Call<'_>, found: &RoleAssignment) -> Shown {
    let scope = found.scope.trim_end_matches('/');
    Shaped {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", found.id),
        name: found.id.to_string(),
        kind: "Microsoft.Authorization/roleAssignments".to_owned(),
        common: Common::default(),
        properties: Properties {
            scope: found.scope.clone(),
            role_definition_id: roles::id(call, found.role),
            principal_id: found.principal.to_string(),
            principal_type: found.principal_type,
            condition: found.condition.clone(),
            condition_version: found.condition.as_ref().map(|_| CONDITION_VERSION),
            description: found.description.clone(),
            created_on: found.created_at.to_string(),
            updated_on: found.updated_at.to_string(),
            created_by: found.created_by.clone(),
            updated_by: found.created_by.clone(),
        },
    }
}
