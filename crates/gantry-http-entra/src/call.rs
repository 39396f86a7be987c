//! What every endpoint knows of a request.

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use gantry_access::Noted;
use gantry_arm::Guid;
use gantry_directory::Directory;
use gantry_directory::sign_in::SignInContext;
use gantry_http_base::{App, BaseAddress, client_address};
use gantry_model::Timestamp;
use gantry_model::audit::{AuditAction, AuditOutcome};
use gantry_model::permission::Identity;
use http::request::Parts;

use crate::error::EntraError;

/// Names that stand for whichever tenant a user is in, which is the one that there is. `adfs` is what
/// clients take for the sign of a directory that isn't Microsoft's own.
const ANY_TENANT: [&str; 3] = ["common", "organizations", "adfs"];

/// A request, and where it came in.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) parts: &'a Parts,
    pub(crate) base: BaseAddress,
    /// The tenant's address, by its id.
    pub(crate) issuer: String,
    /// The tenant's address, as the request names it.
    asked_issuer: String,
}

impl<'a> Call<'a> {
    /// Refuses those who name another tenant than ours.
    pub(crate) fn new(
        app: &'a App,
        parts: &'a Parts,
        base: BaseAddress,
        tenant: Option<&str>,
    ) -> Result<Self, Response> {
        let ours = app.access.directory().tenant();
        let id = ours.id.to_string();
        let named = tenant.unwrap_or(&id);
        let is = |known: &str| known.eq_ignore_ascii_case(named);
        let call = Self {
            app,
            parts,
            issuer: format!("{base}/{id}"),
            asked_issuer: format!("{base}/{named}"),
            base,
        };
        match is(&id) || is(&ours.domain) || ANY_TENANT.into_iter().any(is) {
            true => Ok(call),
            false => Err(call.refuse(EntraError::no_such_tenant())),
        }
    }

    pub(crate) fn directory(&self) -> &'a Directory {
        self.app.access.directory()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.access.now()
    }

    /// Where the client is, as far as that is known.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        client_address(self.app, self.parts)
    }

    pub(crate) fn context(&self) -> SignInContext<'_> {
        SignInContext { address: self.address(), issuer: &self.asked_issuer }
    }

    /// Notes in the audit stream who did something.
    pub(crate) fn note_granted(&self, action: AuditAction, principal: Guid, detail: String) {
        let identity = Identity::principal(&principal.to_string());
        self.note(action, AuditOutcome::Granted, identity.as_str(), detail);
    }

    /// Notes in the audit stream who was refused, by whom they say that they are.
    pub(crate) fn note_refused(&self, action: AuditAction, account: &str, detail: String) {
        self.note(action, AuditOutcome::Refused, account, detail);
    }

    pub(crate) fn note(
        &self,
        action: AuditAction,
        outcome: AuditOutcome,
        identity: &str,
        detail: String,
    ) {
        let noted = Noted { identity, address: self.address(), detail };
        self.app.access.audit().note(None, action, outcome, &noted);
    }

    /// An error in Entra's form.
    pub(crate) fn refuse(&self, error: EntraError) -> Response {
        error.answer(self.now(), self.correlation()).into_response()
    }

    /// What the client calls the request, by which it finds it again.
    pub(crate) fn correlation(&self) -> Guid {
        let named = self.parts.headers.get("client-request-id");
        let named = named.and_then(|value| value.to_str().ok()?.parse().ok());
        named.unwrap_or_else(gantry_directory::new_id)
    }
}
