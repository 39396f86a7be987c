//! The `gantry` binary as a process: started, killed, and its operator commands.

use std::env;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// The admin's password on every server of these tests.
pub const PASSWORD: &str = "correct horse battery staple";
/// How long a start may take on a busy machine before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server's data is, and how it is run.
#[derive(Clone, Debug)]
pub struct Site {
    /// What is run.
    pub binary: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// What the servers say goes here.
    pub log: PathBuf,
    /// Where they listen.
    pub address: SocketAddr,
    /// The words before the command line that say where it is to run; none for here.
    pub prefix: Vec<String>,
    /// Settings, as environment variables.
    pub settings: Vec<(&'static str, String)>,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

/// What an operator command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit status, if it wasn't killed.
    pub code: Option<i32>,
    /// Both of its streams.
    pub text: String,
}

// === impl Site ===

impl Site {
    /// A site with a free port.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn new(data: &Path, log: &Path, settings: &[(&'static str, &str)]) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let prefix = Vec::new();
        let binary = binary();
        Self { binary, data: data.to_owned(), log: log.to_owned(), address, prefix, settings }
    }

    /// Starts a server and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it ends or doesn't become ready; with what it said.
    pub fn start(&self) -> Server {
        self.try_start().unwrap_or_else(|said| panic!("the server did not become ready:\n{said}"))
    }

    /// Starts a server, or returns what it said instead of becoming ready.
    ///
    /// # Errors
    /// When it ends or takes too long.
    pub fn try_start(&self) -> Result<Server, String> {
        let mut server = self.spawn();
        let patience = Instant::now();
        loop {
            if self.is_ready() {
                return Ok(server);
            }
            let ended = server.child.try_wait().expect("a child can be waited for");
            if ended.is_some() || patience.elapsed() > PATIENCE {
                return Err(format!("{ended:?}\n{}", self.log_text()));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts a server without waiting for anything.
    ///
    /// # Panics
    /// When the binary can't be run.
    pub fn spawn(&self) -> Server {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.expect("the log can be written");
        let child = self
            .command()
            .arg("serve")
            .arg("--data")
            .arg(&self.data)
            .arg("--listen")
            .arg(self.address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("the server can be run");
        Server { child }
    }

    /// `gantry fsck --deep`: exit status 0 when catalog and blobs agree.
    ///
    /// # Panics
    /// When the binary can't be run.
    pub fn fsck(&self) -> Said {
        self.said(self.command().arg("fsck").arg("--data").arg(&self.data).arg("--deep"))
    }

    /// `gantry gc`.
    ///
    /// # Panics
    /// When the binary can't be run.
    pub fn gc(&self) -> Said {
        self.said(self.command().arg("gc").arg("--data").arg(&self.data))
    }

    /// The last lines in which the servers told of errors.
    pub fn errors(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let errors: Vec<&str> =
            text.lines().rev().filter(|line| line.contains(" ERROR ")).collect();
        errors.into_iter().take(60).rev().collect::<Vec<_>>().join("\n")
    }

    /// The end of what the servers said.
    pub fn log_text(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let tail = &text[text.len().saturating_sub(8000)..];
        String::from_utf8_lossy(tail).into_owned()
    }

    fn said(&self, command: &mut Command) -> Said {
        let output = command.stdin(Stdio::null()).output().expect("the binary can be run");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Said { code: output.status.code(), text }
    }

    fn command(&self) -> Command {
        let binary = self.binary.clone().into_os_string();
        let mut words = self.prefix.iter().map(Into::into).chain([binary]);
        let mut command = Command::new(words.next().expect("the binary is one of them"));
        command.args(words);
        // Settings of the shell that runs the tests are none of this server's.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("GANTRY_") {
                command.env_remove(name);
            }
        }
        command.env("GANTRY_ADMIN_PASSWORD", PASSWORD);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    fn is_ready(&self) -> bool {
        let address = self.address;
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let request =
                format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer.starts_with(b"HTTP/1.1 200"))
        };
        ask().unwrap_or(false)
    }
}

// === impl Server ===

impl Server {
    /// `kill -9`; returns when the process is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM; returns when the process has drained.
    ///
    /// # Panics
    /// When it doesn't end well.
    pub fn stop(mut self) {
        let id = Pid::from_child(&self.child);
        rustix::process::kill_process(id, Signal::TERM).expect("it is our child");
        let ended = self.child.wait().expect("a child can be waited for");
        assert!(ended.success(), "{ended}");
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
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
    let shown = path.display();
    let hint = "run `cargo build --package gantry-server`, or set GANTRY_BIN";
    assert!(path.is_file(), "{shown} is missing: {hint}");
    path
}
