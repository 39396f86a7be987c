//! Public and private ways in.

use std::net::IpAddr;
use std::sync::Arc;

use crate::peers::Peers;

/// The way by which a client came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Entrance {
    /// Anyone's.
    #[default]
    Public,
    /// That of the private endpoint of this name.
    Private(Arc<str>),
}

/// Networks whose clients come in by private endpoints, whichever listener they reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateNetworks {
    endpoints: Vec<(Arc<str>, Peers)>,
}

impl PrivateNetworks {
    /// These endpoints, each with its clients. A client that several have is the first one's.
    pub fn new(endpoints: impl IntoIterator<Item = (Arc<str>, Peers)>) -> Self {
        Self { endpoints: endpoints.into_iter().collect() }
    }

    /// The endpoints' names.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.endpoints.iter().map(|(name, _)| name)
    }

    /// The entrance of the client at this address.
    pub fn entrance(&self, client: IpAddr) -> Entrance {
        let mut endpoints = self.endpoints.iter();
        match endpoints.find(|(_, clients)| clients.include(client)) {
            Some((name, _)) => Entrance::Private(Arc::clone(name)),
            None => Entrance::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_endpoint_that_has_the_client_is_its_entrance() {
        let clients = |network: &str| Peers::from_networks([network.parse().unwrap()]);
        let networks = PrivateNetworks::new([
            ("office".into(), clients("10.1.0.0/16")),
            ("all".into(), clients("10.0.0.0/8")),
        ]);
        for (client, entrance) in [
            ("10.1.2.3", Entrance::Private("office".into())),
            ("::ffff:10.1.2.3", Entrance::Private("office".into())),
            ("10.2.0.1", Entrance::Private("all".into())),
            ("192.0.2.1", Entrance::Public),
            ("::1", Entrance::Public),
        ] {
            assert_eq!(networks.entrance(client.parse().unwrap()), entrance, "{client}");
        }
    }
}
