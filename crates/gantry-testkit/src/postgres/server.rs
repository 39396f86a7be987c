//! A PostgreSQL server of a test's own, at an address, that can be made to crash.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::{installed, server_id};

/// A running server with one database after the other. Removed when dropped.
#[derive(Debug)]
pub struct Server {
    address: IpAddr,
    programs: PathBuf,
    directory: tempfile::TempDir,
    /// Settings on the server's command line.
    settings: &'static str,
}

impl Server {
    /// Starts a server that listens at `address`, port 5432.
    ///
    /// # Panics
    /// If PostgreSQL isn't installed or doesn't start.
    pub fn start(address: IpAddr) -> Self {
        let server = Self::empty(address);
        let data = server.data();
        let arguments = ["-D", &data, "-U", "gantry", "-A", "trust", "-E", "UTF8", "--no-sync"];
        server.run("initdb", &arguments);
        let access =
            format!("host all all {address}/24 trust\nhost replication all {address}/24 trust\n");
        let file = server.directory.path().join("data/pg_hba.conf");
        let present = fs::read_to_string(&file).unwrap();
        fs::write(&file, present + &access).unwrap();
        server.restart();
        server
    }

    /// Starts a standby at `address`, which this server waits for at each commit from now on.
    ///
    /// # Panics
    /// When it doesn't start.
    pub fn add_standby(&mut self, address: IpAddr) -> Self {
        let standby = Self::empty(address);
        let (data, primary) = (standby.data(), self.address.to_string());
        let arguments = ["-D", &data, "-h", &primary, "-U", "gantry", "-R", "-X", "stream"];
        standby.run("pg_basebackup", &[&arguments[..], &["-c", "fast", "--no-sync"]].concat());
        standby.restart();
        self.settings = "-c synchronous_standby_names=*";
        self.control(&["-m", "fast", "-w", "stop"]);
        self.restart();
        standby
    }

    /// Makes a standby the server that takes writes.
    ///
    /// # Panics
    /// When it isn't one.
    pub fn promote(&self) {
        self.control(&["-w", "promote"]);
    }

    /// Where it listens.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    fn empty(address: IpAddr) -> Self {
        let directory = tempfile::Builder::new().prefix("gantry-postgres-").tempdir().unwrap();
        if directory.path().metadata().unwrap().uid() == 0 {
            // We are root, and the server refuses to be.
            let (user, group) = (server_id("-u").unwrap(), server_id("-g").unwrap());
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        Self { address, programs: installed(), directory, settings: "" }
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn create_database(&self) -> String {
        let host = self.directory.path().display().to_string();
        self.run("createdb", &["-h", &host, "-U", "gantry", "gantry"]);
        format!("postgres://gantry@{}:5432/gantry?sslmode=disable", self.address)
    }

    /// Ends the server as a crash does: nothing is written out any more.
    ///
    /// # Panics
    /// When it isn't running.
    pub fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again, and waits until it has recovered.
    ///
    /// # Panics
    /// When it doesn't start.
    pub fn restart(&self) {
        let options = format!(
            "-k {} -c listen_addresses={} -c max_connections=200 -c shared_buffers=32MB -c fsync=off {}",
            self.directory.path().display(),
            self.address,
            self.settings
        );
        let log = self.directory.path().join("log").display().to_string();
        self.control(&["-w", "-l", &log, "-o", &options, "start"]);
    }

    fn control(&self, arguments: &[&str]) {
        self.run("pg_ctl", &[&["-D", &self.data()], arguments].concat());
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        assert!(output.status.success(), "{program}: {said}\n{log}");
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        let owner = self.directory.path().metadata().unwrap();
        command.args(arguments).current_dir("/").uid(owner.uid()).gid(owner.gid());
        // What it starts keeps its output.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.output().expect("PostgreSQL's programs can be run")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.command("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}
