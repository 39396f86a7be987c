//! From where a registry is reached.

use std::net::IpAddr;

use gantry_edge::Entrance;
use gantry_model::Registry;
use gantry_oci::ErrorCode;
use http::StatusCode;
use http::request::Parts;

use crate::entrance::entrance;
use crate::{App, OciError};

/// Why someone isn't let in from where they are, whoever they are, unless it is one of the trusted
/// services.
#[derive(Clone, Debug)]
pub(crate) struct Barred(String);

impl Barred {
    /// What is answered.
    pub(crate) fn refusal(&self) -> OciError {
        OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, &self.0)
    }
}

/// Whether the registry may be reached from where the request comes from.
pub(crate) fn check_network(
    app: &App,
    parts: &Parts,
    registry: &Registry,
    address: Option<IpAddr>,
) -> Result<(), Barred> {
    let network = &registry.settings.network;
    if network.admits_everyone() {
        return Ok(());
    }
    let private = match entrance(app, parts) {
        Entrance::Private(name) if !network.is_connected(&name) => {
            return Err(Barred(format!("the private endpoint {name} is not connected")));
        }
        Entrance::Private(_) => true,
        Entrance::Public => false,
    };
    if network.admits(private, address) {
        return Ok(());
    }
    Err(Barred(match address {
        Some(address) => format!("client with IP {address} is not allowed access"),
        None => "the client's address can't be told, so it is not allowed access".to_owned(),
    }))
}
