//! Listeners, proxies and the drain.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use gantry_arm::Guid;
use gantry_edge::{ListenAddress, Peers, PrivateNetworks};
use ipnet::IpNet;

use super::private_endpoints;
use super::reader::Reader;
use super::setting::TextSetting;

const PORT: u16 = 5000;

/// Listeners, proxies and the drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// Addresses to listen on, those of private endpoints last.
    pub(crate) listen: Vec<ListenAddress>,
    /// Whose requests come in by private endpoints, whichever listener they reach.
    pub(crate) private_networks: PrivateNetworks,
    /// Proxies in front: they may speak plain HTTP, and say how clients reached them.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Proxies in front that speak the PROXY protocol.
    pub(crate) proxy_protocol: Peers,
    /// Object ids that network rules don't keep out where a registry says so.
    pub(crate) trusted_services: Vec<Guid>,
    /// Plain HTTP is answered to everyone.
    pub(crate) insecure_http: bool,
    /// After the first signal, the time until requests are cut.
    pub(crate) drain: Duration,
}

impl Network {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut listen = reader.list::<Listen>("listen", "127.0.0.1:5000, [::1]:5000").map_or_else(
            || ListenAddress::loopback(PORT),
            |given| given.into_iter().flat_map(|(one, _)| one.0).collect(),
        );
        let private_networks = private_endpoints::read(reader, &mut listen);
        Self {
            listen,
            private_networks,
            trusted_proxies: read_networks(reader, "trusted_proxies"),
            proxy_protocol: Peers::from_networks(read_networks(reader, "proxy_protocol")),
            trusted_services: reader
                .list::<Guid>("trusted_services", "none")
                .unwrap_or_default()
                .into_iter()
                .map(|(id, _)| id)
                .collect(),
            insecure_http: reader.setting("insecure_http", false),
            drain: Duration::from_secs(reader.bounded("drain_seconds", 30, 0, 3600)),
        }
    }
}

impl Network {
    /// The addresses to listen on.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listen.iter().map(|listen| listen.address).collect()
    }
}

/// Reads a list of networks.
pub(super) fn read_networks(reader: &mut Reader, key: &str) -> Vec<IpNet> {
    let networks = reader.list::<Cidr>(key, "none").unwrap_or_default();
    networks.into_iter().map(|(network, _)| network.0).collect()
}

/// One value of `listen`; `localhost` is two addresses.
pub(super) struct Listen(pub(super) Vec<ListenAddress>);

#[derive(Debug, thiserror::Error)]
#[error("not an address with a port; write it like 127.0.0.1:5000, [::]:5000 or localhost:5000")]
pub(super) struct ListenError;

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        if let Some(port) = text.strip_prefix("localhost:") {
            return port
                .parse()
                .map(|port| Self(ListenAddress::loopback(port)))
                .map_err(|_| ListenError);
        }
        let address: SocketAddr = text.parse().map_err(|_| ListenError)?;
        Ok(Self(vec![ListenAddress::required(address)]))
    }
}

impl TextSetting for Listen {
    const WANTED: &'static str = "an address with a port";
}

/// A network, or a single address as a network of one.
pub(super) struct Cidr(pub(super) IpNet);

#[derive(Debug, thiserror::Error)]
#[error("not a network; write it like 10.0.0.0/8, fd00::/8 or 192.0.2.7")]
pub(super) struct NetworkError;

impl FromStr for Cidr {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| Self(network.trunc())).map_err(|_| NetworkError)
    }
}

impl TextSetting for Cidr {
    const WANTED: &'static str = "a network";
}
