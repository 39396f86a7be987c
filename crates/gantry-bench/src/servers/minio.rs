//! MinIO over one directory, with its defaults.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::{START_DEADLINE, alone, free_port, text};
use crate::load::{Address, Connection, request};
use crate::process::Process;
use crate::programs::Programs;

/// Who may do anything with it.
pub(super) const USER: &str = "gantry";
pub(super) const PASSWORD: &str = "measured-in-turns";

/// A running server.
#[derive(Debug)]
pub(crate) struct Minio {
    process: Process,
    port: u16,
}

impl Minio {
    /// Starts a server over `directory`, which it keeps for the next start, and waits until it
    /// answers.
    pub(crate) fn start(programs: &Programs, directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let (port, data) = (free_port()?, directory.join("data"));
        let address = format!("127.0.0.1:{port}");
        let process = Process::start(
            "minio",
            &programs.find("minio")?,
            &["server", text(&data)?, "--address", &address, "--quiet"],
            &[
                ("MINIO_ROOT_USER", USER),
                ("MINIO_ROOT_PASSWORD", PASSWORD),
                ("MINIO_BROWSER", "off"),
                ("MINIO_UPDATE", "off"),
                ("MINIO_CALLHOME_ENABLE", "off"),
            ],
            &directory.join("minio.log"),
        )?;
        Self { process, port }.ready()
    }

    fn ready(mut self) -> anyhow::Result<Self> {
        let started = Instant::now();
        let address = Address { port: self.port, tls: None };
        let probe = request("GET", "/minio/health/ready", &address.host(), None, &[]);
        let ask = async || Connection::open(&address).await?.pull(&probe).await;
        while alone(ask()).is_err() {
            self.process.check()?;
            if started.elapsed() > START_DEADLINE {
                bail!("MinIO is not ready: {}", self.process.last_words());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(self)
    }

    /// Makes a bucket, unless it is there.
    pub(super) fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        let output = Command::new("curl")
            .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT"])
            .args(["--aws-sigv4", "aws:amz:us-east-1:s3", "-u", &format!("{USER}:{PASSWORD}")])
            .arg(format!("{}/{name}", self.endpoint()))
            .output()
            .context("starting curl")?;
        let status = String::from_utf8_lossy(&output.stdout).into_owned();
        // 409: it is there, and ours.
        ensure!(matches!(status.as_str(), "200" | "409"), "making a bucket was answered {status}");
        Ok(())
    }

    /// Where it is asked.
    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a bucket, for nodes.
    pub(super) fn url(&self, bucket: &str) -> String {
        let endpoint = self.endpoint();
        format!(
            "s3://{bucket}?endpoint={endpoint}&access_key_id={USER}&secret_access_key={PASSWORD}"
        )
    }

    /// The id of its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}
