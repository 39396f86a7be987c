//! A private S3 server for tests: MinIO, one for each test process.

use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::keeper;
use crate::programs::go_tool;

const USER: &str = "gantry";
const PASSWORD: &str = "gantry-secret";

struct Server {
    port: u16,
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
    SERVER.get_or_init(Server::start).create_bucket()
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("gantry-minio-").tempdir().unwrap().keep();
        let port = keeper::free_port().unwrap();
        let mut command = Command::new(go_tool("minio"));
        command
            .arg("server")
            .arg(directory.join("data"))
            .args(["--address", &format!("127.0.0.1:{port}"), "--quiet"])
            .env("MINIO_ROOT_USER", USER)
            .env("MINIO_ROOT_PASSWORD", PASSWORD)
            .env("MINIO_BROWSER", "off")
            .env("MINIO_UPDATE", "off")
            .env("MINIO_CALLHOME_ENABLE", "off");
        let keeper = keeper::start(&directory, &command, port)
            .unwrap_or_else(|error| panic!("starting MinIO: {error}"));
        Self { port, buckets: AtomicU32::new(0), _keeper: keeper }
    }

    fn create_bucket(&self) -> String {
        let name = format!("test-{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        let endpoint = format!("http://127.0.0.1:{}", self.port);
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
