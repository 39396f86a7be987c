//! Who calls which registry, and how it is refused. The one place where a refusal becomes 401 or
//! 403: what exists is never looked at here.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gantry_access::{AuthenticationError, DbError, Noted};
use gantry_model::audit::{AuditAction, AuditOutcome};
use gantry_model::permission::{
    Action, Actor, CatalogPermit, Identity, Needed, Permit, Push, Refusal, RepositoryAction,
};
use gantry_model::{Categories, EndpointKind, Registry};
use gantry_oci::{Digest, ErrorCode, RepositoryName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::challenge::{challenge, detail};
use crate::download;
use crate::host::Host;
use crate::network::{Barred, check_network};
use crate::origin::{Origin, client_address};
use crate::{App, OciError};

/// Someone who calls one registry.
#[derive(Clone, Debug)]
pub struct Caller<'r> {
    registry: Arc<Registry>,
    actor: Arc<Actor>,
    shown: Shown,
    origin: Origin<'r>,
    address: Option<IpAddr>,
    /// Nobody gets in from there but a trusted service.
    barred: Option<Barred>,
}

/// What the caller showed of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Password,
    Token,
    /// An address that a blob is downloaded from.
    Address,
}

impl<'r> Caller<'r> {
    /// Finds the registry that the request's host names, and the actor behind its credential.
    pub async fn of(app: &App, parts: &'r Parts) -> Result<Self, OciError> {
        let mut caller = Self::unauthenticated(app, parts).await?;
        let header = caller.authorization(&parts.headers)?;
        if header.is_none() && caller.barred.is_some() {
            // A trusted service learns from this how to sign in.
            return Err(caller.challenge("", &[], "authentication required"));
        }
        if let Some(header) = header {
            let found = app.access.authenticate(&caller.registry, Some(header), caller.address);
            caller.actor = match found.await {
                Ok(actor) => actor,
                Err(error) => {
                    caller.note_refusal(app, &error, Shown::of(header));
                    return Err(caller.refuse_credential(error));
                }
            };
            caller.shown = Shown::of(header);
            caller.check_let_in(app, caller.actor.identity())?;
        }
        Ok(caller)
    }

    /// Finds the registry that the request's host names; whoever calls it is nobody yet. Who signs in
    /// has yet to be [let in](Self::check_let_in).
    pub async fn unauthenticated(app: &App, parts: &'r Parts) -> Result<Self, OciError> {
        let origin = Origin::of(app, parts)?;
        be_current(app).await?;
        let registry = find_registry(app, &origin)?;
        Self::at(app, parts, origin, registry).await
    }

    /// Finds the registry whose data endpoint the request's host is, and whoever downloads the blob
    /// from the address that they were given.
    pub async fn downloading(
        app: &App,
        parts: &'r Parts,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Self, OciError> {
        let origin = Origin::of(app, parts)?;
        be_current(app).await?;
        let found = app.content.registries().by_data_host(origin.host.name);
        let registry = found.ok_or_else(|| no_registry(origin.host.name))?;
        let mut caller = Self::at(app, parts, origin, registry).await?;
        caller.actor = Arc::new(download::bearer(app, parts, &caller.registry, name, digest)?);
        caller.shown = Shown::Address;
        caller.check_let_in(app, caller.actor.identity())?;
        Ok(caller)
    }

    /// The address that the blob is to be downloaded from, where the registry has a data endpoint and
    /// this isn't it.
    pub fn download_address(
        &self,
        app: &App,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Option<String> {
        let sends = self.registry.settings.network.data_endpoint && !self.is_downloading();
        sends.then(|| {
            let identity = self.actor.identity();
            download::address(app, &self.origin, &self.registry, identity, name, digest)
        })
    }

    /// Whether the caller came with an address that a blob is downloaded from.
    pub fn is_downloading(&self) -> bool {
        self.shown == Shown::Address
    }

    /// Somebody at that registry, if it may be reached from where they are.
    async fn at(
        app: &App,
        parts: &'r Parts,
        origin: Origin<'r>,
        registry: Arc<Registry>,
    ) -> Result<Self, OciError> {
        let address = client_address(app, parts);
        let barred = check_network(app, parts, &registry, address).err();
        if let Some(barred) = &barred
            && !(registry.settings.network.trusted_services && app.has_trusted_services())
        {
            let detail = parts.uri.path().to_owned();
            let noted = Noted { identity: "", address, detail };
            let (action, outcome) = (AuditAction::Connect, AuditOutcome::Refused);
            app.access.audit().note(Some(&registry), action, outcome, &noted);
            return Err(barred.refusal());
        }
        let nobody = app.access.nobody(&registry).await;
        let actor = Arc::clone(nobody.map_err(refused_by_catalog)?.actor());
        Ok(Self { registry, actor, shown: Shown::Nothing, origin, address, barred })
    }

    /// Refuses whoever comes from where nobody is let in but trusted services, and is none.
    pub fn check_let_in(&self, app: &App, identity: &Identity) -> Result<(), OciError> {
        match &self.barred {
            Some(barred) if !app.trusted_services.contains(identity) => {
                let detail = "network rules".to_owned();
                let (action, outcome) = (AuditAction::Connect, AuditOutcome::Refused);
                self.note(app, action, outcome, identity.as_str(), detail);
                Err(barred.refusal())
            }
            _ => Ok(()),
        }
    }

    /// Counts the request among the caller's and the registry's, or refuses it because there are too
    /// many.
    pub async fn check_rate(
        &self,
        app: &App,
        method: &Method,
        endpoint: EndpointKind,
    ) -> Result<(), OciError> {
        let (identity, categories) = (self.actor.identity(), Categories::of(method, endpoint));
        let counted = app.throttle.admit_or_ask(&self.registry, identity.as_str(), categories);
        counted.await.map_err(|throttled| {
            app.metrics.note_throttled(&self.registry, &throttled);
            let seconds = throttled.retry_after.as_secs().max(1);
            OciError::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests, throttled)
                .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
        })
    }

    /// The one `Authorization` header, if there is one.
    pub fn authorization<'h>(&self, headers: &'h HeaderMap) -> Result<Option<&'h str>, OciError> {
        let mut headers = headers.get_all(header::AUTHORIZATION).iter();
        let refuse = |reason| challenge(&self.origin, "invalid_request", &[], reason);
        match (headers.next(), headers.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => match value.to_str() {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(refuse("the Authorization header is not ASCII")),
            },
            // A proxy in front may have looked at the other one.
            (Some(_), Some(_)) => Err(refuse("there is more than one Authorization header")),
        }
    }

    /// What to answer to someone whose credential is refused.
    pub fn refuse_credential(&self, error: AuthenticationError) -> OciError {
        let error = match error {
            AuthenticationError::Token(_) => return self.challenge("invalid_token", &[], error),
            AuthenticationError::TooMany(wait) => {
                let seconds = wait.wait.as_secs().max(1);
                let status = StatusCode::TOO_MANY_REQUESTS;
                return OciError::new(status, ErrorCode::TooManyRequests, wait)
                    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            AuthenticationError::Catalog(_) => return refused_by_catalog(error),
            error => error,
        };
        self.challenge("", &[], error)
    }

    fn note_refusal(&self, app: &App, error: &AuthenticationError, shown: Shown) {
        if matches!(error, AuthenticationError::Catalog(_)) {
            return;
        }
        let action =
            if shown == Shown::Token { AuditAction::UseToken } else { AuditAction::SignIn };
        self.note(app, action, AuditOutcome::Refused, "", error.to_string());
    }

    /// Notes that somebody who had signed in was denied something, if that is what the answer says.
    pub fn note_denial(&self, app: &App, answer: &OciError, path: &str) {
        let denied = matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if denied && self.shown != Shown::Nothing {
            let identity = self.actor.identity().as_str();
            let detail = path.to_owned();
            self.note(app, AuditAction::Content, AuditOutcome::Refused, identity, detail);
        }
    }

    /// Notes in the audit stream what the caller tried.
    pub fn note(
        &self,
        app: &App,
        action: AuditAction,
        outcome: AuditOutcome,
        identity: &str,
        detail: String,
    ) {
        let noted = Noted { identity, address: self.address, detail };
        app.access.audit().note(Some(&self.registry), action, outcome, &noted);
    }

    /// The registry's name as the caller asked for it, with the port.
    pub fn login_server(&self) -> &'r str {
        self.origin.host.authority
    }

    /// Where the caller is, where that can be told.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Who calls.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// Whether `server` is a login server of the registry: any name it answers to, with or without
    /// a port.
    pub fn is_for(&self, app: &App, server: &str) -> bool {
        let named = Host::parse(server)
            .and_then(|host| app.content.registries().by_host(host.name, self.origin.local));
        named.is_some_and(|named| named.id == self.registry.id)
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
            Shown::Password | Shown::Token | Shown::Address => Ok(()),
        }
    }

    /// Refuses nobody in particular a token, where nothing is for everyone: an error here is what
    /// makes a client ask its user to sign in.
    pub fn check_something_is_public(&self) -> Result<(), OciError> {
        match self.registry.settings.is_public_somewhere() {
            true => Ok(()),
            false => Err(self.refuse(Refusal::SignIn(None))),
        }
    }

    /// Refuses those who show a token to get one: it must not renew itself.
    pub fn refuse_renewal(&self) -> OciError {
        self.challenge("invalid_token", &[], "a token is not renewed by itself")
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

    fn challenge(&self, error: &str, needed: &[Needed], reason: impl fmt::Display) -> OciError {
        challenge(&self.origin, error, needed, reason)
    }
}

/// A failure of the catalog, while somebody's credential was looked up. Whether it is revoked can't be
/// told then, so nobody gets in.
fn refused_by_catalog(error: AuthenticationError) -> OciError {
    match error {
        AuthenticationError::Catalog(DbError::Unavailable(error)) => OciError::unavailable(error),
        error => OciError::internal(error),
    }
}

impl Shown {
    fn of(authorization: &str) -> Self {
        let scheme = authorization.trim_start().get(..7);
        match scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) {
            true => Self::Token,
            false => Self::Password,
        }
    }
}

/// Sees to it that registries are what they are now.
async fn be_current(app: &App) -> Result<(), OciError> {
    let current = app.content.registries().be_current(app.content.catalog()).await;
    current.map_err(|error| refused_by_catalog(error.into()))
}

fn no_registry(host: &str) -> OciError {
    OciError::not_found(ErrorCode::NameUnknown, format!("no registry answers on {host}"))
}

/// The registry that answers at the origin.
fn find_registry(app: &App, origin: &Origin<'_>) -> Result<Arc<Registry>, OciError> {
    let registries = app.content.registries();
    let name = origin.host.name;
    let registry = registries.by_host(name, origin.local).ok_or_else(|| no_registry(name))?;
    // A client that asked TLS for one registry and HTTP for another has mixed up connections
    // (RFC 9110, 15.5.20). A name of no registry is no such mix-up: it says nothing.
    let asked = origin.server_name.and_then(|name| registries.by_host(name, origin.local));
    if asked.is_some_and(|asked| asked.id != registry.id) {
        return Err(OciError::new(
            StatusCode::MISDIRECTED_REQUEST,
            ErrorCode::NameUnknown,
            "the connection was made to another registry",
        ));
    }
    Ok(registry)
}
