//! Names as the system resolves them, but for those under `localhost`, which few systems know: they are
//! this machine (RFC 6761, 6.3).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;
use gantry_outbound::{Names, SystemNames};

#[derive(Debug)]
pub(super) struct LocalNames;

#[async_trait]
impl Names for LocalNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match name == "localhost" || name.ends_with(".localhost") {
            true => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
            false => SystemNames.addresses(name).await,
        }
    }
}
