//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Decides about addresses.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    allowed: Vec<IpNet>,
    reach: Reach,
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    /// Public addresses, and allowed networks.
    Public,
    /// Of the allowed networks, what is on this machine.
    Loopback,
}

impl Guard {
    /// Permits public addresses and those in `allowed`.
    pub(crate) fn public_and(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.to_vec(), reach: Reach::Public }
    }

    /// Permits addresses of this machine that are in `allowed`.
    pub(crate) fn loopback_of(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.to_vec(), reach: Reach::Loopback }
    }

    /// Whether `address` may be connected to. It counts as what it leads to: an IPv4 address that is
    /// mapped or translated into IPv6 as that IPv4 address.
    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        let leads_to = unwrapped(address);
        let allowed = self.allowed.iter().any(|network| network.contains(&leads_to));
        match self.reach {
            Reach::Public => allowed || is_public(leads_to),
            Reach::Loopback => allowed && leads_to.is_loopback(),
        }
    }
}

/// The IPv4 address within `::ffff:0:0/96` (RFC 4291 §2.5.5.2) and `64:ff9b::/96` (RFC 6052 §2.1), or
/// the address itself. Other ways to write one into the other aren't public: see [`is_public`].
fn unwrapped(address: IpAddr) -> IpAddr {
    let canonical = address.to_canonical();
    match canonical {
        IpAddr::V6(v6) if NAT64.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => canonical,
    }
}

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&v4)),
        IpAddr::V6(v6) => {
            GLOBAL_UNICAST.contains(&v6)
                && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&v6))
        }
    }
}

/// What of IPv4 is no public address: IANA's special-purpose registry (RFC 6890), and one address that
/// is public in form only.
const NOT_PUBLIC_V4: &[Ipv4Net] = &[
    v4([0, 0, 0, 0], 8),        // this network; 0.0.0.0 is this machine
    v4([10, 0, 0, 0], 8),       // private (RFC 1918)
    v4([100, 64, 0, 0], 10),    // carriers' NAT (RFC 6598); Alibaba Cloud's metadata
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // Azure's platform: metadata, keys of the machine
    v4([169, 254, 0, 0], 16),   // link-local; most clouds' metadata
    v4([172, 16, 0, 0], 12),    // private (RFC 1918)
    v4([192, 0, 0, 0], 24),     // protocol assignments; Oracle Cloud's metadata
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // 6to4 relays (RFC 7526)
    v4([192, 168, 0, 0], 16),   // private (RFC 1918)
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved; broadcast
];

/// The part of IPv6 that is given out for the Internet (RFC 4291 §2.4). Loopback, unspecified, unique
/// local, link-local, multicast and IPv4 in the deprecated forms `::a.b.c.d` and `::ffff:0:a.b.c.d` are
/// outside it.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const NOT_PUBLIC_V6: &[Ipv6Net] = &[
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments; Teredo, which carries IPv4
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which carries IPv4
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn permits(guard: &Guard, address: &str) -> bool {
        guard.permits(address.parse().unwrap())
    }

    fn networks(networks: &[&str]) -> Vec<IpNet> {
        networks.iter().map(|network| network.parse().unwrap()).collect()
    }

    #[test]
    fn public_addresses_are_permitted() {
        let guard = Guard::public_and(&[]);
        for address in [
            "1.1.1.1",
            "20.190.151.7",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "168.63.129.15",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(permits(&guard, address), "{address}");
        }
    }

    #[test]
    fn what_only_this_machine_or_its_network_reaches_is_refused() {
        let guard = Guard::public_and(&[]);
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permits(&guard, address), "{address}");
        }
    }

    #[test]
    fn allowed_networks_are_permitted_in_every_spelling() {
        let guard = Guard::public_and(&networks(&["10.1.0.0/16", "fd00:1::/32"]));
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5"] {
            assert!(permits(&guard, address), "{address}");
        }
        for address in ["10.2.0.1", "::ffff:10.2.0.1", "fd00:2::5", "127.0.0.1", "2002:a01:203::"] {
            assert!(!permits(&guard, address), "{address}");
        }
        assert!(permits(&guard, "1.1.1.1"));
    }

    #[test]
    fn plain_http_reaches_only_what_is_allowed_of_this_machine() {
        let guard = Guard::loopback_of(&networks(&["127.0.0.1/32", "10.0.0.0/8"]));
        assert!(permits(&guard, "127.0.0.1"));
        assert!(permits(&guard, "::ffff:127.0.0.1"));
        for address in ["127.0.0.2", "10.0.0.1", "1.1.1.1", "::1"] {
            assert!(!permits(&guard, address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn writing_an_ipv4_address_into_ipv6_gains_nothing(v4: [u8; 4]) {
            let guard = Guard::public_and(&[]);
            let [a, b, c, d] = v4;
            let plain = guard.permits(Ipv4Addr::from(v4).into());
            let [high, low] = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            for (form, same) in [
                ([0, 0, 0, 0, 0, 0xffff, high, low], true),
                ([0x64, 0xff9b, 0, 0, 0, 0, high, low], true),
                ([0, 0, 0, 0, 0, 0, high, low], false),
                ([0, 0, 0, 0, 0xffff, 0, high, low], false),
                ([0x2002, high, low, 0, 0, 0, 0, 1], false),
                ([0x2001, 0, 1, 1, 0, 0, !high, !low], false),
            ] {
                let permitted = guard.permits(Ipv6Addr::from(form).into());
                prop_assert_eq!(permitted, same && plain, "{:x?}", form);
            }
        }
    }
}
