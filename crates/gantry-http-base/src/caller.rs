//! Who calls which registry, and how it is refused. The one place where a refusal becomes 401 or
//! 403: what exists is never looked at here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use gantry_access::AuthenticationError;
use gantry_edge::{ConnectionInfo, Scheme};
use gantry_model::Registry;
use gantry_model::permission::{
    Action, Actor, CatalogPermit, Needed, Permit, Push, Refusal, RepositoryAction,
};
use gantry_oci::{ErrorCode, RepositoryName};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::json;

use crate::host::Host;
use crate::{App, OciError};

/// Someone who calls one registry.
#[derive(Clone, Debug)]
pub struct Caller {
    registry: Arc<Registry>,
    actor: Arc<Actor>,
    shown: Shown,
    scheme: Scheme,
    /// Host and port, as the client wrote them.
    authority: String,
}

/// What the caller showed of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Password,
    Token,
}

impl Caller {
    /// Finds the registry that the request's host names, and the actor behind its credential.
    pub fn of(app: &App, parts: &Parts) -> Result<Self, OciError> {
        let mut caller = Self::unauthenticated(app, parts)?;
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Ok(caller) };
        let text = value.to_str().map_err(|_| {
            caller.challenge("invalid_request", &[], "the Authorization header is not ASCII")
        })?;
        let is_token = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        caller.shown = if is_token { Shown::Token } else { Shown::Password };
        match app.access.authenticate(&caller.registry, Some(text)) {
            Ok(actor) => {
                caller.actor = actor;
                Ok(caller)
            }
            Err(AuthenticationError::Token(error)) => {
                Err(caller.challenge("invalid_token", &[], error))
            }
            Err(error) => Err(caller.challenge("", &[], error)),
        }
    }

    /// Finds the registry that the request's host names; whoever calls it is nobody yet.
    pub fn unauthenticated(app: &App, parts: &Parts) -> Result<Self, OciError> {
        let host = Host::of(parts).map_err(|error| {
            OciError::new(StatusCode::BAD_REQUEST, ErrorCode::Unsupported, error)
        })?;
        let info = parts.extensions.get::<ConnectionInfo>();
        let local = info.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.local.ip());
        let registries = app.content.registries();
        let registry = registries.by_host(host.name, local).ok_or_else(|| {
            let reason = format!("no registry answers on {}", host.name);
            OciError::new(StatusCode::NOT_FOUND, ErrorCode::NameUnknown, reason)
        })?;
        // A client that asked TLS for one registry and HTTP for another has mixed up connections
        // (RFC 9110, 15.5.20).
        let asked = info.and_then(|info| info.server_name.as_deref());
        if asked
            .and_then(|name| registries.by_host(name, local))
            .is_some_and(|r| r.id != registry.id)
        {
            return Err(OciError::new(
                StatusCode::MISDIRECTED_REQUEST,
                ErrorCode::NameUnknown,
                "the connection was made to another registry",
            ));
        }
        let actor = app.access.authenticate(&registry, None).map_err(OciError::internal)?;
        Ok(Self {
            registry,
            actor,
            shown: Shown::Nothing,
            scheme: info.map_or(Scheme::Http, |info| info.scheme),
            authority: host.authority.to_owned(),
        })
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Who calls.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// Proof that the caller may do `A` to the repository.
    pub fn permit<A: RepositoryAction>(
        &self,
        repository: &RepositoryName,
    ) -> Result<Permit<A>, OciError> {
        self.actor.permit(repository).map_err(|refusal| self.refuse(refusal))
    }

    /// Proof that the caller may push to `target`, for a request that would mount a blob `from`
    /// another repository, or from any.
    ///
    /// Not being able to mount is no reason to refuse; but a token that was never asked for the
    /// right to is worth another try with one that was.
    pub fn permit_mount(
        &self,
        target: &RepositoryName,
        from: Option<&RepositoryName>,
    ) -> Result<Permit<Push>, OciError> {
        let source = match from {
            Some(from) => Needed::Repository(from.clone(), Action::Pull),
            None => Needed::MountSources,
        };
        match self.actor.permit(target) {
            Ok(_) if self.shown == Shown::Token && !self.actor.was_asked_for(&source) => {
                let push = Needed::Repository(target.clone(), Action::Push);
                let reason = "mounting needs a token for its source";
                Err(self.challenge("insufficient_scope", &[push, source], reason))
            }
            Ok(permit) => Ok(permit),
            Err(Refusal::SignIn(Some(needed))) if self.shown == Shown::Nothing => {
                Err(self.challenge("", &[needed, source], "authentication required"))
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Proof that the caller may list repositories.
    pub fn permit_catalog(&self) -> Result<CatalogPermit, OciError> {
        self.actor.permit_catalog().map_err(|refusal| self.refuse(refusal))
    }

    /// Refuses whoever shows nothing, also where everyone may pull: a client learns from this
    /// challenge where tokens are to be had, and gets one without signing in if that will do.
    pub fn check_shows_credential(&self) -> Result<(), OciError> {
        match self.shown {
            Shown::Nothing => Err(self.refuse(Refusal::SignIn(None))),
            Shown::Password | Shown::Token => Ok(()),
        }
    }

    /// Refuses whoever may not be given a token: those who show nothing where nothing is for
    /// everyone, and those who show a token, which must not renew itself.
    pub fn check_may_have_token(&self) -> Result<(), OciError> {
        match self.shown {
            Shown::Nothing if !self.registry.settings.anonymous_pull => {
                Err(self.refuse(Refusal::SignIn(None)))
            }
            Shown::Token => {
                Err(self.challenge("invalid_token", &[], "a token is not renewed by itself"))
            }
            Shown::Nothing | Shown::Password => Ok(()),
        }
    }

    /// What to answer to someone who may not. A token that lacks a scope is worth another try
    /// with one that has it, so its bearer is challenged too.
    fn refuse(&self, refusal: Refusal) -> OciError {
        let reason = refusal.to_string();
        match (refusal, self.shown) {
            (Refusal::SignIn(needed), shown) => {
                let error = if shown == Shown::Nothing { "" } else { "insufficient_scope" };
                self.challenge(error, needed.as_slice(), reason)
            }
            (Refusal::Insufficient(needed), Shown::Token) => {
                self.challenge("insufficient_scope", &[needed], reason)
            }
            (Refusal::Insufficient(needed), _) => {
                let error = OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, reason);
                error.with_detail("needed", detail(&[needed]))
            }
        }
    }

    /// 401 with where to get a token and what it must allow (RFC 6750, 3; Docker token
    /// authentication specification).
    fn challenge(&self, error: &str, needed: &[Needed], reason: impl fmt::Display) -> OciError {
        let (scheme, server) = (self.scheme.as_str(), &self.authority);
        let mut header =
            format!("Bearer realm=\"{scheme}://{server}/oauth2/token\",service=\"{server}\"");
        if !needed.is_empty() {
            let scopes: Vec<String> = needed.iter().map(scope).collect();
            header.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
        }
        if !error.is_empty() {
            header.push_str(&format!(",error=\"{error}\""));
        }
        let answer = OciError::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, reason)
            .with_detail("needed", detail(needed));
        // Hosts and repository names have no character that a header refuses.
        match HeaderValue::from_str(&header) {
            Ok(value) => answer.with_header(header::WWW_AUTHENTICATE, value),
            Err(error) => OciError::internal(error),
        }
    }
}

/// Pushing needs reading too: clients look before they upload.
fn scope(needed: &Needed) -> String {
    match needed {
        Needed::Repository(name, Action::Push) => format!("repository:{name}:pull,push"),
        Needed::Repository(name, action) => format!("repository:{name}:{}", action.as_str()),
        Needed::Catalog => "registry:catalog:*".into(),
        Needed::MountSources => "registry:blobs:pull".into(),
    }
}

/// In the form of ACR and Docker's registry.
fn detail(needed: &[Needed]) -> serde_json::Value {
    needed
        .iter()
        .map(|needed| {
            let (kind, name, action) = match needed {
                Needed::Repository(name, action) => ("repository", name.as_str(), action.as_str()),
                Needed::Catalog => ("registry", "catalog", "*"),
                Needed::MountSources => ("registry", "blobs", "pull"),
            };
            json!({ "Type": kind, "Name": name, "Action": action })
        })
        .collect()
}

/// The other end of the request's connection.
pub(crate) fn peer<B>(request: &Request<B>) -> Option<SocketAddr> {
    request.extensions().get::<ConnectionInfo>().map(|info| info.peer)
}
