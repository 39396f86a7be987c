//! The `gantry` binary, running on a free loopback port over a directory of its own.

use std::env;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Daemon, PASSWORD};

/// A running server with an empty default registry.
#[derive(Debug)]
pub(crate) struct Server {
    // Dropped in this order: the process, then its directory.
    _process: Daemon,
    data: TempDir,
    port: u16,
}

impl Server {
    /// Starts the binary with these environment variables.
    ///
    /// # Panics
    /// When it doesn't become ready.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let port = free_port();
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
            .arg(format!("127.0.0.1:{port}"))
            .env("GANTRY_ADMIN_PASSWORD", PASSWORD)
            .envs(settings.iter().copied())
            .current_dir(data.path());
        let process = Daemon::start(&command, &data.path().join("log"), || is_ready(port));
        Self { _process: process, data, port }
    }

    /// The port it listens on, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of its local CA.
    pub(crate) fn ca(&self) -> PathBuf {
        self.data.path().join("data/ca.pem")
    }
}

/// `GANTRY_BIN`, else the binary of this workspace in the test's own profile.
fn binary() -> PathBuf {
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

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

fn is_ready(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
