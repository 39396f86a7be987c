//! A private S3 server for tests: MinIO, one for each test process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::keeper;
use crate::programs::go_tool;

const USER: &str = "gantry";
const PASSWORD: &str = "gantry-secret";

/// A running server. It ends with the test process.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    buckets: AtomicU32,
    /// Kept for its standard input, the keeper's sign that this process lives.
    _keeper: Child,
}

/// The address of a new, empty bucket, with the credentials for it.
///
/// # Panics
///
/// If MinIO isn't built or doesn't start.
pub fn bucket() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Ipv4Addr::LOCALHOST.into())).create_bucket()
}

impl Server {
    /// Starts a server that listens at `address`, on a free port.
    ///
    /// # Panics
    /// If MinIO isn't built or doesn't start.
    pub fn start(address: IpAddr) -> Self {
        let directory = tempfile::Builder::new().prefix("gantry-minio-").tempdir().unwrap().keep();
        let address = SocketAddr::new(address, keeper::free_port().unwrap());
        let mut command = Command::new(go_tool("minio"));
        command
            .arg("server")
            .arg(directory.join("data"))
            .args(["--address", &address.to_string(), "--quiet"])
            .env("MINIO_ROOT_USER", USER)
            .env("MINIO_ROOT_PASSWORD", PASSWORD)
            .env("MINIO_BROWSER", "off")
            .env("MINIO_UPDATE", "off")
            .env("MINIO_CALLHOME_ENABLE", "off");
        let keeper = keeper::start(&directory, &command, address)
            .unwrap_or_else(|error| panic!("starting MinIO: {error}"));
        Self { address, buckets: AtomicU32::new(0), _keeper: keeper }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a new, empty bucket, with the credentials for it.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn create_bucket(&self) -> String {
        let name = format!("test-{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        let endpoint = format!("http://{}", self.address);
        // It listens a moment before it takes requests.
        let output = Command::new("curl")
            .args(["-sSf", "-X", "PUT", "--aws-sigv4", "aws:amz:us-east-1:s3"])
            .args(["--retry", "30", "--retry-delay", "1", "--retry-all-errors"])
            .args(["-u", &format!("{USER}:{PASSWORD}")])
            .arg(format!("{endpoint}/{name}"))
            .output()
            .expect("curl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("s3://{name}?endpoint={endpoint}&access_key_id={USER}&secret_access_key={PASSWORD}")
    }
}
