//! Listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket};

use crate::entrance::Entrance;

/// Connections that wait in the kernel while we are busy or full.
const BACKLOG: u32 = 4096;
/// A peer that is gone without a word is noticed after about two minutes.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 4;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether to go on when this machine has no such address. Any other failure counts.
    pub optional: bool,
    /// What those who come in there have come in by.
    pub entrance: Entrance,
}

impl ListenAddress {
    /// An address that must be there.
    pub fn required(address: SocketAddr) -> Self {
        Self { address, optional: false, entrance: Entrance::Public }
    }

    /// The same as an entrance of its own.
    #[must_use]
    pub fn as_entrance(self, entrance: Entrance) -> Self {
        Self { entrance, ..self }
    }

    /// Both loopback addresses; a machine without IPv6 has only one.
    pub fn loopback(port: u16) -> Vec<Self> {
        let at = |address: IpAddr| Self::required((address, port).into());
        let second = Self { optional: true, ..at(Ipv6Addr::LOCALHOST.into()) };
        vec![at(Ipv4Addr::LOCALHOST.into()), second]
    }
}

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", reason(source))]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// Listens on every address, or on none; tells the entrance that each is.
///
/// A peer that takes no byte for as long as `send_timeout`, alive or not, is cut by the kernel.
pub(crate) fn bind_all(
    addresses: &[ListenAddress],
    send_timeout: Duration,
) -> Result<Vec<(TcpListener, Entrance)>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for listen in addresses {
        let address = listen.address;
        let shares_port = addresses
            .iter()
            .any(|other| other.address.is_ipv4() && other.address.port() == address.port());
        match bind(address, shares_port, send_timeout) {
            Ok(listener) => listeners.push((listener, listen.entrance.clone())),
            Err(error) if listen.optional && is_absent(&error) => {
                tracing::warn!(%address, %error, "not listening on an address this machine doesn't have");
            }
            Err(source) => return Err(ListenError { address, source }),
        }
    }
    Ok(listeners)
}

fn bind(address: SocketAddr, shares_port: bool, send_timeout: Duration) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() {
        // `[::]` alone takes IPv4 as well; beside an IPv4 listener on the port it must not.
        sockopt::set_ipv6_v6only(&socket, shares_port)?;
    }
    // Accepted connections inherit these, which saves five system calls for each.
    socket.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(&socket, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(&socket, KEEPALIVE_PROBES)?;
    let send_millis = u32::try_from(send_timeout.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(&socket, send_millis)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn is_absent(error: &io::Error) -> bool {
    let absent = [rustix::io::Errno::ADDRNOTAVAIL, rustix::io::Errno::AFNOSUPPORT];
    absent.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "not permitted; ports below 1024 need CAP_NET_BIND_SERVICE".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    const SEND_TIMEOUT: Duration = Duration::from_secs(7);

    fn bind_all(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, ListenError> {
        let bound = super::bind_all(addresses, SEND_TIMEOUT)?;
        Ok(bound.into_iter().map(|(listener, _)| listener).collect())
    }

    fn required(address: &str) -> ListenAddress {
        ListenAddress::required(address.parse().unwrap())
    }

    #[tokio::test]
    async fn taken_port_is_named() {
        let first = bind_all(&[required("127.0.0.1:0")]).unwrap();
        let address = first[0].local_addr().unwrap();
        let error = bind_all(&[ListenAddress::required(address)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot listen on {address}: another program listens there already")
        );
    }

    #[tokio::test]
    async fn absent_address_fails_only_when_asked_for() {
        // TEST-NET-1 (RFC 5737) is on no machine.
        let absent = required("192.0.2.1:0");
        let error = bind_all(std::slice::from_ref(&absent)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot listen on 192.0.2.1:0: this machine has no such address"
        );
        let optional = ListenAddress { optional: true, ..absent };
        assert_eq!(bind_all(&[required("127.0.0.1:0"), optional]).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn accepted_connections_inherit_the_options() {
        let listener = bind_all(&[required("127.0.0.1:0")]).unwrap().remove(0);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        assert!(accepted.nodelay().unwrap());
        assert!(sockopt::socket_keepalive(&accepted).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&accepted).unwrap(), KEEPALIVE_IDLE);
        assert_eq!(sockopt::tcp_user_timeout(&accepted).unwrap(), 7000);
    }

    #[tokio::test]
    async fn every_address_of_both_families_can_share_a_port() {
        let v4 = bind_all(&[required("0.0.0.0:0")]).unwrap();
        let port = v4[0].local_addr().unwrap().port();
        drop(v4);
        let both = [required(&format!("0.0.0.0:{port}")), required(&format!("[::]:{port}"))];
        assert_eq!(bind_all(&both).unwrap().len(), 2);
    }
}
