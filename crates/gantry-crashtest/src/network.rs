//! A network of its own for the hosts of a test: namespaces on a bridge, each with an address, and
//! lines between them that can be cut.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// A bridge whose first addresses are this machine's own: for the database, the line to the object
/// store, the database's standby, and the object store. Removed when dropped.
#[derive(Debug)]
pub struct Network {
    name: String,
    subnet: u8,
    hosts: Vec<Host>,
}

/// A namespace on the bridge.
#[derive(Clone, Debug)]
pub struct Host {
    namespace: String,
    /// Its address.
    pub address: IpAddr,
}

impl Network {
    /// A network with `hosts` hosts.
    ///
    /// # Panics
    /// When namespaces can't be made: this needs root.
    pub fn new(hosts: u8) -> Self {
        // Tests that run at the same time have different ids.
        let id = std::process::id();
        let mut network = Self {
            name: format!("gn{id}"),
            subnet: u8::try_from(id % 250).expect("it is under 250"),
            hosts: Vec::new(),
        };
        network.remove();
        let bridge = network.name.clone();
        ip(&["link", "add", &bridge, "type", "bridge"]);
        for address in
            [network.database(), network.blobs(), network.standby(), network.object_store()]
        {
            ip(&["addr", "add", &format!("{address}/24"), "dev", &bridge]);
        }
        ip(&["link", "set", &bridge, "up"]);
        for number in 0..hosts {
            network.add(number);
        }
        network
    }

    /// Where the database is to listen.
    pub fn database(&self) -> IpAddr {
        self.address(1)
    }

    /// Where hosts are to find the object store.
    pub fn blobs(&self) -> IpAddr {
        self.address(2)
    }

    /// Where the database's standby is to listen.
    pub fn standby(&self) -> IpAddr {
        self.address(3)
    }

    /// Where the object store is to listen itself.
    pub fn object_store(&self) -> IpAddr {
        self.address(4)
    }

    /// The hosts.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    fn address(&self, number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 77, self.subnet, number))
    }

    fn add(&mut self, number: u8) {
        let (namespace, link) =
            (format!("{}-{number}", self.name), format!("{}v{number}", self.name));
        let address = self.address(11 + number);
        ip(&["netns", "add", &namespace]);
        ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &namespace]);
        ip(&["link", "set", &link, "master", &self.name, "up"]);
        let inside = |arguments: &[&str]| ip(&[&["-n", &namespace], arguments].concat());
        inside(&["addr", "add", &format!("{address}/24"), "dev", "eth0"]);
        inside(&["link", "set", "eth0", "up"]);
        inside(&["link", "set", "lo", "up"]);
        self.hosts.push(Host { namespace, address });
    }

    fn remove(&self) {
        for host in &self.hosts {
            let _ = Command::new("ip").args(["netns", "del", &host.namespace]).output();
        }
        let _ = Command::new("ip").args(["link", "del", &self.name]).output();
    }
}

impl Host {
    /// The words before a command that is to run on this host.
    pub fn prefix(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.namespace].map(str::to_owned).to_vec()
    }

    /// Cuts the line to an address: nothing comes or goes, and nobody is told.
    pub fn cut(&self, to: IpAddr) {
        self.filter("-A", to);
    }

    /// Mends a line that was cut.
    pub fn mend(&self, to: IpAddr) {
        self.filter("-D", to);
    }

    fn filter(&self, action: &str, to: IpAddr) {
        for (chain, side) in [("OUTPUT", "-d"), ("INPUT", "-s")] {
            let arguments = [action, chain, side, &to.to_string(), "-j", "DROP"];
            let inside = [&["netns", "exec", &self.namespace, "iptables", "-w"], &arguments[..]];
            ip(&inside.concat());
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Runs `ip`.
///
/// # Panics
/// When it refuses.
fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("iproute2 is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ip {}: {said}", arguments.join(" "));
}
