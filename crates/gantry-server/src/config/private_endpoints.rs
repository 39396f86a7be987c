//! `[[private_endpoint]]`

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use gantry_edge::{Entrance, ListenAddress, Peers, PrivateNetworks};

use super::network::{Listen, read_networks};
use super::reader::Reader;
use super::setting::TextSetting;

/// Reads `[[private_endpoint]]`: adds its listeners to those there are, and tells its networks.
pub(super) fn read(reader: &mut Reader, listen: &mut Vec<ListenAddress>) -> PrivateNetworks {
    let mut taken = BTreeSet::new();
    let endpoints = reader.tables("private_endpoint", |table, source| {
        let name = table.required::<Name>("name", source);
        if let Some(Name(name)) = &name
            && !taken.insert(name.to_ascii_lowercase())
        {
            table.mistake("name", Some(source.clone()), format!("{name} is taken"));
        }
        let own = table.list::<Listen>("listen", "none").unwrap_or_default();
        let networks = read_networks(table, "networks");
        if own.is_empty() && networks.is_empty() {
            let problem = "has neither networks nor an address to listen on";
            table.mistake("listen", Some(source.clone()), problem.to_owned());
        }
        let name = name?.0;
        for (Listen(addresses), source) in own {
            for address in addresses {
                let at = address.address;
                if listen.iter().any(|other| is_same(other.address, at)) {
                    table.mistake("listen", Some(source.clone()), format!("{at} is taken"));
                }
                listen.push(address.as_entrance(Entrance::Private(Arc::clone(&name))));
            }
        }
        Some((name, Peers::from_networks(networks)))
    });
    PrivateNetworks::new(endpoints)
}

/// Whether no two programs could listen on both.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let is_everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.is_ipv4() == other.is_ipv4()
        && one.port() == other.port()
        && one.port() != 0
        && (one.ip() == other.ip() || is_everywhere)
}

/// A private endpoint's name.
struct Name(Arc<str>);

#[derive(Debug, thiserror::Error)]
#[error("a private endpoint's name is up to 64 letters, digits and hyphens")]
struct NameError;

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        match (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text.into())),
            false => Err(NameError),
        }
    }
}

impl TextSetting for Name {
    const WANTED: &'static str = "a private endpoint's name";
}
