//! Who calls the management API, and what they may do: by the roles that they have at a resource or
//! above it.

use gantry_access::scope_has;
use gantry_arm::ResourceId;
use gantry_directory::{Audience, Principal, TokenRefusal};
use gantry_http_base::{App, BaseAddress};
use gantry_model::permission::Identity;
use gantry_model::roles::{RoleAssignment, RoleDefinition};
use http::{HeaderMap, header};

use crate::error::ArmError;

/// Who calls.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Whoever has the server's own socket: may do everything.
    Operator,
    /// Somebody whom the directory has signed in.
    Principal(Principal, Vec<(RoleAssignment, RoleDefinition)>),
}

impl Caller {
    pub(crate) fn operator() -> Self {
        Self::Operator
    }

    /// Whose token of the directory the request shows.
    pub(crate) async fn of(
        app: &App,
        base: &BaseAddress,
        headers: &HeaderMap,
    ) -> Result<Self, ArmError> {
        let directory = app.access.directory();
        let authority = format!("{base}/{}", directory.tenant().id);
        if !base.is_private() {
            let message = "tokens are read by HTTPS only";
            return Err(ArmError::bad_request(message));
        }
        let refuse = |reason: &dyn std::fmt::Display| ArmError::unauthenticated(&authority, reason);
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (all.next(), all.next()) {
            (Some(value), None) => value.to_str().ok().and_then(bearer),
            (None, _) => {
                return Err(refuse(
                    &"Authentication failed. The 'Authorization' header is missing.",
                ));
            }
            (Some(_), Some(_)) => None,
        };
        let token = token.ok_or_else(|| {
            refuse(&"Authentication failed. The 'Authorization' header is provided in an invalid format.")
        })?;
        let principal = directory.verify(token, &[Audience::Management]).await.map_err(
            |error| match error {
                TokenRefusal::Catalog(error) => ArmError::from(error),
                refusal => refuse(&refusal),
            },
        )?;
        let roles = app.access.roles_of(principal.id).await?;
        Ok(Self::Principal(principal, roles))
    }

    /// Whether the caller may do `action` to the resource.
    pub(crate) fn may(&self, action: &str, resource: &ResourceId) -> bool {
        let Self::Principal(_, roles) = self else { return true };
        let resource = resource.as_str().to_ascii_lowercase();
        roles.iter().any(|(assignment, role)| {
            // A condition speaks of repositories: no right to anything else comes with it.
            assignment.condition.is_none()
                && scope_has(&assignment.scope.to_ascii_lowercase(), &resource)
                && role.allows(action)
        })
    }

    /// Refuses a caller who may not do `action` to the resource.
    pub(crate) fn check(&self, action: &str, resource: &ResourceId) -> Result<(), ArmError> {
        match self.may(action, resource) {
            true => Ok(()),
            false => Err(ArmError::forbidden(action, resource.as_str())),
        }
    }

    /// Whether the caller has any role at the resource, above it or below.
    pub(crate) fn is_known_at(&self, resource: &ResourceId) -> bool {
        let Self::Principal(_, roles) = self else { return true };
        let resource = resource.as_str().to_ascii_lowercase();
        roles.iter().any(|(assignment, _)| {
            let scope = assignment.scope.to_ascii_lowercase();
            scope_has(&scope, &resource) || scope_has(&resource, &scope)
        })
    }

    /// What the audit stream calls the caller.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Principal(principal, _) => {
                Identity::principal(&principal.id.to_string()).as_str().to_owned()
            }
        }
    }

    /// What records call the caller.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Principal(principal, _) => principal.id.to_string(),
        }
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
