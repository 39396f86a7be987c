//! Who calls the management API, and what they may do: by the roles that they have at a resource or
//! above it.

use gantry_access::{Authority, DbError};
use gantry_arm::ResourceId;
use gantry_directory::{Audience, Principal, TokenRefusal};
use gantry_http_base::{App, BaseAddress};
use gantry_model::permission::Identity;
use http::{HeaderMap, header};

use crate::error::ArmError;

/// What whoever has the server's own socket is called.
const OPERATOR: &str = "operator";

/// Who calls, and what they may.
#[derive(Debug)]
pub(crate) struct Caller {
    /// Nobody whom the directory knows, if it is whoever has the server's own socket.
    principal: Option<Principal>,
    authority: Authority,
}

/// Whose token of the directory the request shows.
pub(crate) async fn sign_in(
    app: &App,
    base: &BaseAddress,
    headers: &HeaderMap,
) -> Result<Principal, ArmError> {
    let directory = app.access.directory();
    let authority = format!("{base}/{}", directory.tenant().id);
    if !base.is_private() {
        return Err(ArmError::bad_request("tokens are read by HTTPS only"));
    }
    let refuse = |reason: &dyn std::fmt::Display| ArmError::unauthenticated(&authority, reason);
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().ok().and_then(bearer),
        (None, _) => {
            let reason = "Authentication failed. The 'Authorization' header is missing.";
            return Err(refuse(&reason));
        }
        (Some(_), Some(_)) => None,
    };
    let token = token.ok_or_else(|| {
        refuse(
            &"Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    })?;
    let verified = directory.verify(token, &[Audience::Management]).await;
    verified.map_err(|error| match error {
        TokenRefusal::Catalog(error) => ArmError::from(error),
        refusal => refuse(&refusal),
    })
}

/// What the audit stream calls someone who has signed in.
pub(crate) fn identity(principal: &Principal) -> String {
    Identity::principal(&principal.id.to_string()).as_str().to_owned()
}

impl Caller {
    /// Whoever runs the server.
    pub(crate) fn operator() -> Self {
        Self { principal: None, authority: Authority::operator() }
    }

    /// Someone who hasn't signed in.
    pub(crate) fn nobody() -> Self {
        Self { principal: None, authority: Authority::nobody() }
    }

    /// Someone who has signed in, with the roles that they have.
    pub(crate) async fn of(app: &App, principal: Principal) -> Result<Self, DbError> {
        let authority = app.access.authority_of(principal.id).await?;
        Ok(Self { principal: Some(principal), authority })
    }

    /// What the caller may.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Refuses a caller who may not do `action` to the resource.
    pub(crate) fn check(&self, action: &str, resource: &ResourceId) -> Result<(), ArmError> {
        match self.authority.may(action, resource) {
            true => Ok(()),
            false => Err(ArmError::forbidden(action, resource.as_str())),
        }
    }

    /// What the audit stream calls the caller.
    pub(crate) fn identity(&self) -> String {
        self.principal.as_ref().map_or_else(|| OPERATOR.to_owned(), identity)
    }

    /// What a person would call the caller.
    pub(crate) fn shown_name(&self) -> String {
        let name = |principal: &Principal| principal.name.clone();
        self.principal.as_ref().map_or_else(|| OPERATOR.to_owned(), name)
    }

    /// What records call the caller.
    pub(crate) fn name(&self) -> String {
        let name = |principal: &Principal| principal.id.to_string();
        self.principal.as_ref().map_or_else(|| OPERATOR.to_owned(), name)
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
