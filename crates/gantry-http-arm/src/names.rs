//! Login servers, as the caller can reach them: with the port that they used.

use gantry_http_base::{App, BaseAddress};
use gantry_model::Registry;

/// The name that all login servers end with, with a port unless it is HTTPS's own.
pub(crate) fn suffix(app: &App, base: &BaseAddress) -> String {
    format!("{}{}", app.content.registries().suffix(), port(base))
}

/// The registry's login server. The default registry's is the address that the caller used.
pub(crate) fn login_server(app: &App, base: &BaseAddress, registry: &Registry) -> String {
    let default = app.content.registries().default_registry();
    match default.is_some_and(|default| default.id == registry.id) {
        true => base.authority().to_owned(),
        false => format!("{}.{}", registry.host_label(), suffix(app, base)),
    }
}

/// The port of the address, with its colon.
fn port(base: &BaseAddress) -> &str {
    let authority = base.authority();
    match authority.rfind(':') {
        // Of an address of IPv6 without a port, the colon is the address's.
        Some(at) if !authority[at..].contains(']') => &authority[at..],
        _ => "",
    }
}
