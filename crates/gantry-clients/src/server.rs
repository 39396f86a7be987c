//! The `gantry` binary: one process over a directory, or nodes of a shared deployment behind a
//! balancer.

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gantry_testkit::{azurite, minio, postgres};
use tempfile::TempDir;

use crate::{Daemon, PASSWORD, Transport, debian_tool};

/// A deployment with an empty default registry, reached at one port.
#[derive(Debug)]
pub(crate) struct Server {
    // Dropped in this order: what is before the nodes, the nodes, their directories.
    _balancer: Option<Daemon>,
    _nodes: Vec<Node>,
    address: SocketAddr,
    data: PathBuf,
    _kept: TempDir,
}

/// One process.
#[derive(Debug)]
struct Node {
    // Dropped in this order: the process, then its directory.
    _process: Daemon,
    data: TempDir,
}

/// How many nodes a shared deployment has.
const NODES: usize = 3;

impl Server {
    /// Starts what `GANTRY_TEST_DEPLOYMENT` names at an address, with these environment variables:
    /// `embedded` (the default) is one process over a directory; `s3` and `azure` are three nodes over
    /// PostgreSQL and that kind of object store, behind a balancer that gives each request to the next.
    ///
    /// # Panics
    /// When it doesn't become ready.
    pub(crate) fn start(
        address: SocketAddr,
        transport: Transport,
        settings: &[(&str, &str)],
    ) -> Self {
        let kept = tempfile::tempdir().expect("a temporary directory can be made");
        let blobs = match deployment().as_str() {
            "embedded" => {
                let node = Node::start(address, settings);
                let data = node.data();
                return Self { _balancer: None, _nodes: vec![node], address, data, _kept: kept };
            }
            "s3" => minio::bucket(),
            "azure" => azurite::container(),
            other => panic!("GANTRY_TEST_DEPLOYMENT is {other}: give embedded, s3 or azure"),
        };
        let database = postgres::database();
        // Any 32 bytes.
        let shared = [
            ("GANTRY_DATABASE", database.as_str()),
            ("GANTRY_BLOBS", &blobs),
            ("GANTRY_MASTER_KEY", "Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2FudHJ5Z2E="),
        ];
        let settings: Vec<_> = settings.iter().copied().chain(shared).collect();
        let addresses: Vec<SocketAddr> = (0..NODES).map(|_| free_address()).collect();
        let nodes: Vec<Node> =
            addresses.iter().map(|address| Node::start(*address, &settings)).collect();
        let settings = kept.path().join("haproxy.cfg");
        fs::write(&settings, balancer(transport, address, &addresses))
            .expect("the directory is writable");
        let mut command = Command::new(debian_tool("haproxy"));
        command.arg("-db").arg("-f").arg(settings);
        let log = kept.path().join("haproxy.log");
        let balancer = Daemon::start(&command, &log, || is_ready(address));
        // What the first start made is with the node that came first.
        let data = nodes[0].data();
        Self { _balancer: Some(balancer), _nodes: nodes, address, data, _kept: kept }
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its local CA.
    pub(crate) fn ca(&self) -> PathBuf {
        self.data.join("ca.pem")
    }

    /// What its first start made.
    pub(crate) fn bootstrap(&self) -> PathBuf {
        self.data.join("bootstrap.json")
    }
}

/// Which deployment the tests of this process run against.
pub fn deployment() -> String {
    env::var("GANTRY_TEST_DEPLOYMENT").unwrap_or_else(|_| "embedded".to_owned())
}

/// What HAProxy is told: each request, or with TLS passed through each connection, to the next
/// node. Readiness is asked in plain HTTP either way.
fn balancer(transport: Transport, address: SocketAddr, nodes: &[SocketAddr]) -> String {
    let servers = |kind: &str| -> String {
        let line =
            |(index, node): (usize, &SocketAddr)| format!("    server {kind}{index} {node}\n");
        nodes.iter().enumerate().map(line).collect()
    };
    let mode = match transport {
        Transport::Tls => "tcp",
        Transport::Http => "http",
    };
    format!(
        "defaults\n    timeout connect 5s\n    timeout client 5m\n    timeout server 5m\n\
         frontend registry\n    bind {address}\n    mode {mode}\n    default_backend nodes\n\
         backend nodes\n    mode {mode}\n    balance roundrobin\n{}",
        servers("node")
    )
}

impl Node {
    fn start(address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let mut command = Command::new(binary());
        // Settings of the shell that runs the tests are none of this server's.
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GANTRY_"))
        {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .arg("--data")
            .arg(data.path().join("data"))
            .arg("--listen")
            .arg(address.to_string())
            .env("GANTRY_ADMIN_PASSWORD", PASSWORD)
            .envs(settings.iter().copied())
            .current_dir(data.path());
        let process = Daemon::start(&command, &data.path().join("log"), || is_ready(address));
        Self { _process: process, data }
    }

    fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }
}

/// `GANTRY_BIN`, else the binary of this workspace in the test's own profile.
pub(crate) fn binary() -> PathBuf {
    let path = env::var_os("GANTRY_BIN").map_or_else(
        || {
            let test = env::current_exe().expect("a test has a path");
            // target/<profile>/deps/<test>
            test.ancestors().nth(2).map_or_else(PathBuf::new, |profile| profile.join("gantry"))
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build --package gantry-server`, or set GANTRY_BIN",
        path.display()
    );
    // The server is started in another directory.
    Path::new(&path).canonicalize().expect("the path exists")
}

/// An address of 127.0.0.1 that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address")
}

/// Whether somebody listens there.
pub(crate) fn is_reached(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
