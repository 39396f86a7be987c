//! From where a registry is reached.

use std::net::IpAddr;

use gantry_edge::Entrance;
use gantry_model::Registry;
use gantry_oci::ErrorCode;
use http::StatusCode;
use http::request::Parts;

use crate::entrance::entrance;
use crate::{App, OciError};

/// Refuses those who come from where the registry may not be reached from.
pub(crate) fn check_network(
    app: &App,
    parts: &Parts,
    registry: &Registry,
    address: Option<IpAddr>,
) -> Result<(), OciError> {
    let network = &registry.settings.network;
    if network.admits_everyone() {
        return Ok(());
    }
    let private = matches!(entrance(app, parts), Entrance::Private(_));
    if network.admits(private, address) {
        return Ok(());
    }
    let reason = match address {
        Some(address) => format!("client with IP {address} is not allowed access"),
        None => "the client's address can't be told, so it is not allowed access".to_owned(),
    };
    Err(OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, reason))
}
