//! Who calls a registry's data plane: a client with its credential, or the operator.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use gantry_http_base::{App, BaseAddress, Caller as Client, OciError};
use gantry_model::Registry;
use gantry_model::permission::{
    Actor, CatalogPermit, Grants, Identity, Permit, Refusal, RepositoryAction,
};
use gantry_oci::{ErrorCode, RepositoryName};
use http::StatusCode;
use http::request::Parts;
use http::uri::Authority;

/// What the operator is called where content notes by whom something was done. No object id is like it.
const OPERATOR: &str = "operator";

/// Someone who calls one registry.
#[derive(Debug)]
pub(crate) enum Caller<'r> {
    /// A client of the registry.
    Client(Client<'r>),
    /// Whoever has the server's own socket.
    Operator(Operator),
}

/// The operator, at one registry: everything is allowed, and what is locked stays locked.
#[derive(Debug)]
pub(crate) struct Operator {
    registry: Arc<Registry>,
    actor: Arc<Actor>,
    login_server: String,
}

impl Operator {
    /// The operator at the registry that the request's host names.
    pub(crate) async fn of(app: &App, parts: &Parts) -> Result<Self, OciError> {
        let login_server = BaseAddress::of(app, parts)?.authority().to_owned();
        let registries = app.content.registries();
        let current = registries.be_current(app.content.catalog()).await;
        current.map_err(|error| OciError::store(error.into()))?;
        let registry = find_registry(app, &login_server).ok_or_else(|| {
            let reason = format!("no registry answers on {login_server}");
            OciError::not_found(ErrorCode::NameUnknown, reason)
        })?;
        let identity = Identity::principal(OPERATOR);
        let actor = Arc::new(Actor::new(registry.id, identity, Grants::everything()));
        Ok(Self { registry, actor, login_server })
    }
}

impl Caller<'_> {
    /// The registry's name as the caller asked for it, with the port.
    pub(crate) fn login_server(&self) -> &str {
        match self {
            Self::Client(client) => client.login_server(),
            Self::Operator(operator) => &operator.login_server,
        }
    }

    /// The registry.
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        match self {
            Self::Client(client) => client.registry(),
            Self::Operator(operator) => &operator.registry,
        }
    }

    /// Who calls.
    pub(crate) fn actor(&self) -> &Arc<Actor> {
        match self {
            Self::Client(client) => client.actor(),
            Self::Operator(operator) => &operator.actor,
        }
    }

    /// Proof that the caller may do `A` to the repository.
    pub(crate) fn permit<A: RepositoryAction>(
        &self,
        repository: &RepositoryName,
    ) -> Result<Permit<A>, OciError> {
        match self {
            Self::Client(client) => client.permit(repository),
            Self::Operator(operator) => operator.actor.permit(repository).map_err(denied),
        }
    }

    /// Proof that the caller may list repositories.
    pub(crate) fn permit_catalog(&self) -> Result<CatalogPermit, OciError> {
        match self {
            Self::Client(client) => client.permit_catalog(),
            Self::Operator(operator) => operator.actor.permit_catalog().map_err(denied),
        }
    }

    /// Refuses whoever shows nothing.
    pub(crate) fn check_shows_credential(&self) -> Result<(), OciError> {
        match self {
            Self::Client(client) => client.check_shows_credential(),
            Self::Operator(_) => Ok(()),
        }
    }
}

/// The registry at that name and port. The operator has no connection that reached an address, so any
/// address is the default registry's.
fn find_registry(app: &App, login_server: &str) -> Option<Arc<Registry>> {
    let authority: Authority = login_server.parse().ok()?;
    let name = authority.host().trim_matches(['[', ']']);
    let address = name.parse::<IpAddr>().unwrap_or(Ipv4Addr::LOCALHOST.into());
    app.content.registries().by_host(name, address)
}

fn denied(refusal: Refusal) -> OciError {
    OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, refusal)
}
