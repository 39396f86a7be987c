//! The entrance that a request came in by.

use gantry_edge::{ConnectionInfo, Entrance, Peers, PrivateNetworks};
use http::request::Parts;

use crate::App;
use crate::origin::client;

/// The entrance that a request came in by: the private endpoint whose listener it reached, else the
/// one among whose clients it was made, as far as that is known ([`client_address`]).
///
/// [`client_address`]: crate::client_address
pub fn entrance(app: &App, parts: &Parts) -> Entrance {
    entrance_of(&app.proxies, &app.private_networks, parts)
}

fn entrance_of(proxies: &Peers, networks: &PrivateNetworks, parts: &Parts) -> Entrance {
    match parts.extensions.get::<ConnectionInfo>() {
        Some(ConnectionInfo { entrance: entrance @ Entrance::Private(_), .. }) => entrance.clone(),
        Some(ConnectionInfo { entrance: Entrance::Public, .. }) | None => {
            let client = client(proxies, parts);
            client.map_or(Entrance::Public, |client| networks.entrance(client))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::tests::{proxies, request};

    fn office() -> Entrance {
        Entrance::Private("office".into())
    }

    /// Clients of the office; the proxy in front is in their network, and no client of theirs.
    fn networks() -> PrivateNetworks {
        PrivateNetworks::new([(
            "office".into(),
            Peers::from_networks(["10.0.0.0/8".parse().unwrap()]),
        )])
    }

    #[test]
    fn the_client_that_is_believed_in_decides() {
        for (peer, via, header, expected) in [
            ("10.1.2.3", None, None, office()),
            ("192.0.2.1", None, None, Entrance::Public),
            ("192.0.2.1", None, Some("10.1.2.3"), Entrance::Public),
            ("10.0.0.1", None, Some("10.1.2.3"), office()),
            ("10.0.0.1", None, Some("192.0.2.1"), Entrance::Public),
            ("10.0.0.1", None, Some("unknown"), Entrance::Public),
            ("10.1.2.3", None, Some("10.1.2.4"), Entrance::Public),
            ("10.1.2.3", Some("10.0.0.2"), None, office()),
            ("192.0.2.1", Some("10.0.0.2"), None, Entrance::Public),
            ("192.0.2.1", Some("10.0.0.2"), Some("10.1.2.3"), Entrance::Public),
        ] {
            let parts = request(peer, via, header);
            let found = entrance_of(&proxies(), &networks(), &parts);
            assert_eq!(found, expected, "{peer} {via:?} {header:?}");
        }
    }

    #[test]
    fn a_private_listener_is_for_whoever_reaches_it() {
        let lab = Entrance::Private("lab".into());
        for peer in ["192.0.2.1", "10.1.2.3"] {
            let mut parts = request(peer, None, Some("10.1.2.3"));
            parts.extensions.get_mut::<ConnectionInfo>().unwrap().entrance = lab.clone();
            assert_eq!(entrance_of(&proxies(), &networks(), &parts), lab);
        }
    }
}
