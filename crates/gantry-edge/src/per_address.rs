//! How many connections each client has open.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ends::Ends;
use crate::peers::Peers;

/// Who has how many open. Whoever has none takes no memory.
#[derive(Debug)]
pub(crate) struct PerAddress {
    /// `None`: nobody counts.
    limit: Option<NonZeroU32>,
    /// Those behind whom there are many clients, of which the connections don't tell.
    proxies: Peers,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One counted connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    counts: Arc<PerAddress>,
    client: IpAddr,
}

/// One more would be too many.
#[derive(Debug, thiserror::Error)]
#[error("its client has as many connections open as one may")]
pub(crate) struct TooMany;

impl PerAddress {
    pub(crate) fn new(limit: Option<NonZeroU32>, proxies: Peers) -> Arc<Self> {
        Arc::new(Self { limit, proxies, open: Mutex::default() })
    }

    /// Counts a connection. `None`: it doesn't count, since a proxy shares it, or speaks for itself.
    pub(crate) fn enter(self: &Arc<Self>, ends: &Ends) -> Result<Option<Counted>, TooMany> {
        let Some(limit) = self.limit else { return Ok(None) };
        if self.proxies.include(ends.peer.ip()) || ends.via == Some(ends.peer) {
            return Ok(None);
        }
        let client = household(ends.peer.ip());
        let mut open = self.open();
        let count = open.entry(client).or_default();
        if *count >= limit.get() {
            return Err(TooMany);
        }
        *count += 1;
        Ok(Some(Counted { counts: Arc::clone(self), client }))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.counts.open();
        if let Entry::Occupied(mut count) = open.entry(self.client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// The address that counts: of IPv6 the first 64 bits, since the rest is the client's to choose
/// (RFC 7421).
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(limit: u32) -> Arc<PerAddress> {
        let proxies = Peers::from_networks(["192.0.2.9/32".parse().unwrap()]);
        PerAddress::new(NonZeroU32::new(limit), proxies)
    }

    fn from(peer: &str, via: Option<&str>) -> Ends {
        let end = |text: &str| text.parse().unwrap();
        Ends { peer: end(peer), local: end("192.0.2.80:443"), via: via.map(end) }
    }

    #[test]
    fn each_client_has_its_own_share_and_gets_it_back() {
        let counts = counts(2);
        let (one, other) = (from("192.0.2.1:1", None), from("192.0.2.2:1", None));
        let first = counts.enter(&one).unwrap();
        let second = counts.enter(&one).unwrap();
        assert!(counts.enter(&one).is_err());
        assert!(counts.enter(&other).unwrap().is_some());
        drop(first);
        let third = counts.enter(&one).unwrap();
        assert!(third.is_some() && counts.enter(&one).is_err());
        drop((second, third));
        assert!(counts.open().is_empty());
    }

    #[test]
    fn a_client_is_a_network_of_ipv6_wherever_it_comes_by() {
        let counts = counts(1);
        let _first = counts.enter(&from("[2001:db8::1]:1", None)).unwrap().unwrap();
        let handed_on = from("[2001:db8::2]:1", Some("192.0.2.10:1"));
        assert!(counts.enter(&handed_on).is_err());
        assert!(counts.enter(&from("[2001:db8:0:1::1]:1", None)).is_ok());
    }

    #[test]
    fn proxies_do_not_count() {
        let counts = counts(1);
        let proxies = [
            from("192.0.2.9:1", None),
            from("192.0.2.9:1", Some("192.0.2.10:1")),
            from("192.0.2.10:1", Some("192.0.2.10:1")),
        ];
        for proxy in &proxies {
            assert!(counts.enter(proxy).unwrap().is_none(), "{proxy:?}");
        }
        let unlimited = PerAddress::new(None, Peers::default());
        assert!(unlimited.enter(&from("192.0.2.1:1", None)).unwrap().is_none());
    }
}
