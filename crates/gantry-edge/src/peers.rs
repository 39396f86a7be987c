//! Sets of peers, by the networks they are in.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Some of those that can connect: those that are answered over plain HTTP, the proxies whose word
/// counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    networks: Vec<IpNet>,
}

impl Peers {
    /// Only peers on this machine.
    pub fn loopback() -> Self {
        Self::from_networks([loopback_v4().into(), loopback_v6().into()])
    }

    /// Exactly the peers in these networks.
    pub fn from_networks(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self { networks: networks.into_iter().collect() }
    }

    /// Everyone.
    pub fn everyone() -> Self {
        Self::from_networks([Ipv4Net::default().into(), Ipv6Net::default().into()])
    }

    /// These peers and those in `networks`.
    #[must_use]
    pub fn and(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.extend(networks);
        self
    }

    /// Whether `peer` is one of them. An IPv4 peer seen through an IPv6 socket counts as IPv4.
    pub fn include(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }
}

fn loopback_v4() -> Ipv4Net {
    Ipv4Net::new_assert([127, 0, 0, 0].into(), 8)
}

fn loopback_v6() -> Ipv6Net {
    Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(peers: &Peers, peer: &str) -> bool {
        peers.include(peer.parse().unwrap())
    }

    #[test]
    fn loopback_in_every_spelling_is_loopback() {
        let peers = Peers::loopback();
        for peer in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(includes(&peers, peer), "{peer}");
        }
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "128.0.0.1", "0.0.0.0"] {
            assert!(!includes(&peers, peer), "{peer}");
        }
    }

    #[test]
    fn listed_networks_are_added_to_loopback() {
        let peers = Peers::loopback().and(["10.1.0.0/16".parse().unwrap()]);
        assert!(includes(&peers, "10.1.2.3"));
        assert!(includes(&peers, "127.0.0.1"));
        assert!(!includes(&peers, "10.2.0.1"));
    }

    #[test]
    fn everyone_is_both_families() {
        assert!(includes(&Peers::everyone(), "203.0.113.9"));
        assert!(includes(&Peers::everyone(), "2001:db8::1"));
    }
}
