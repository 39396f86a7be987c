//! Who may speak plain HTTP.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The peers that are answered over plain HTTP; all others are told to speak HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainHttp {
    networks: Vec<IpNet>,
}

impl PlainHttp {
    /// Only peers on this machine.
    pub fn loopback() -> Self {
        Self::from_networks([loopback_v4().into(), loopback_v6().into()])
    }

    /// Exactly the peers in these networks.
    pub fn from_networks(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self { networks: networks.into_iter().collect() }
    }

    /// Everyone: the operator says that TLS is done elsewhere, or that the network needs none.
    pub fn everyone() -> Self {
        Self::from_networks([Ipv4Net::default().into(), Ipv6Net::default().into()])
    }

    /// These peers and those in `networks`, such as the proxies that do TLS in front.
    #[must_use]
    pub fn and(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.extend(networks);
        self
    }

    /// Whether `peer` is answered. An IPv4 peer seen through an IPv6 socket counts as IPv4.
    pub fn allows(&self, peer: IpAddr) -> bool {
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

    fn allows(policy: &PlainHttp, peer: &str) -> bool {
        policy.allows(peer.parse().unwrap())
    }

    #[test]
    fn loopback_in_every_spelling_is_loopback() {
        let policy = PlainHttp::loopback();
        for peer in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(allows(&policy, peer), "{peer}");
        }
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "128.0.0.1", "0.0.0.0"] {
            assert!(!allows(&policy, peer), "{peer}");
        }
    }

    #[test]
    fn listed_proxies_are_added_to_loopback() {
        let policy = PlainHttp::loopback().and(["10.1.0.0/16".parse().unwrap()]);
        assert!(allows(&policy, "10.1.2.3"));
        assert!(allows(&policy, "127.0.0.1"));
        assert!(!allows(&policy, "10.2.0.1"));
    }

    #[test]
    fn everyone_is_both_families() {
        assert!(allows(&PlainHttp::everyone(), "203.0.113.9"));
        assert!(allows(&PlainHttp::everyone(), "2001:db8::1"));
    }
}
