//! A private Azure Blob Storage server for tests: Azurite, one for each test process.

use std::net::Ipv4Addr;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::keeper;
use crate::programs::npm_tool;

/// The account and key that every Azurite has.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Makes a container, which needs a signed request (Azure Storage, "Authorize with Shared Key").
const CREATE: &str = r"
const [port, account, key, container] = process.argv.slice(1);
const crypto = require('crypto');
const date = new Date().toUTCString(), version = '2021-08-06';
const resource = `/${account}/${account}/${container}\nrestype:container`;
const text = `PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:${date}\nx-ms-version:${version}\n${resource}`;
const signature = crypto.createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
fetch(`http://127.0.0.1:${port}/${account}/${container}?restype=container`, {
  method: 'PUT',
  headers: { 'x-ms-date': date, 'x-ms-version': version,
             authorization: `SharedKey ${account}:${signature}` },
}).then(async answer => {
  if (answer.status !== 201) { console.error(answer.status, await answer.text()); process.exit(1); }
});
";

struct Server {
    port: u16,
    containers: AtomicU32,
    /// Kept for its standard input, the keeper's sign that this process lives.
    _keeper: Child,
}

/// The address of a new, empty container, with the key for it.
///
/// # Panics
///
/// If Azurite isn't installed or doesn't start.
pub fn container() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start).create_container()
}

impl Server {
    fn start() -> Self {
        let directory =
            tempfile::Builder::new().prefix("gantry-azurite-").tempdir().unwrap().keep();
        let port = keeper::free_port().unwrap();
        let mut command = Command::new(npm_tool("azurite", "azurite-blob"));
        command
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .args(["--skipApiVersionCheck", "--silent", "--location"])
            .arg(directory.join("data"));
        let keeper = keeper::start(&directory, &command, (Ipv4Addr::LOCALHOST, port).into())
            .unwrap_or_else(|error| panic!("starting Azurite: {error}"));
        Self { port, containers: AtomicU32::new(0), _keeper: keeper }
    }

    fn create_container(&self) -> String {
        let name = format!("test-{}", self.containers.fetch_add(1, Ordering::Relaxed));
        let output = Command::new("node")
            .args(["-e", CREATE, &self.port.to_string(), ACCOUNT, KEY, &name])
            .output()
            .expect("node is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let key = KEY.replace('+', "%2B");
        format!(
            "az://{ACCOUNT}/{name}?endpoint=http://127.0.0.1:{}/{ACCOUNT}&access_key={key}",
            self.port
        )
    }
}
