//! A client as a process that sees nothing of the user who runs the tests.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::debian_tool;

/// How often, and after how long each time, a call is made again that waits for another node.
const MOMENTS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(250);

/// A program with the options and environment that all its calls share.
#[derive(Clone, Debug)]
pub struct Client {
    program: OsString,
    options: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    home: OsString,
}

/// What a finished call printed.
#[derive(Debug)]
pub struct Output {
    /// Standard output as it was: some clients print content there.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Client {
    /// A program whose configuration, credentials, caches and temporary files all
    /// stay under `home`.
    pub fn new(program: &Path, home: &Path) -> Self {
        let client = Self {
            program: program.into(),
            options: Vec::new(),
            env: Vec::new(),
            home: home.into(),
        };
        client
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .env("DOCKER_CONFIG", home.join(".docker"))
            .env("TMPDIR", home.join("tmp"))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
    }

    /// Adds an environment variable to every call.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds an option before every call's arguments.
    #[must_use]
    pub fn option(mut self, option: impl AsRef<OsStr>) -> Self {
        self.options.push(option.as_ref().to_owned());
        self
    }

    /// Runs one call that must succeed, and returns its standard output, trimmed.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        text(&self.output(arguments, b"").stdout)
    }

    /// [`run`](Self::run), with a standard input.
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &str,
    ) -> String {
        text(&self.output(arguments, input.as_bytes()).stdout)
    }

    /// Runs one call that must succeed.
    ///
    /// # Panics
    /// When it fails, with all it said.
    pub fn output<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Output {
        let (said, ok, output) = self.call(arguments, input);
        assert!(ok, "{said}");
        output
    }

    /// Runs one call that must fail, and returns what it said on standard error.
    ///
    /// # Panics
    /// When it succeeds.
    pub fn fails<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        let (said, ok, output) = self.call(arguments, b"");
        assert!(!ok, "this should have failed:\n{said}");
        output.stderr
    }

    /// [`run`](Self::run), where what another node has done may take a moment to be known.
    pub fn run_soon<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        for _ in 0..MOMENTS {
            let (_, ok, output) = self.call(arguments, b"");
            if ok {
                return text(&output.stdout);
            }
            thread::sleep(MOMENT);
        }
        self.run(arguments)
    }

    /// [`fails`](Self::fails), where what another node has done may take a moment to be known.
    pub fn fails_soon<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        for _ in 0..MOMENTS {
            let (_, ok, output) = self.call(arguments, b"");
            if !ok {
                return output.stderr;
            }
            thread::sleep(MOMENT);
        }
        self.fails(arguments)
    }

    /// Runs one call without arguments that may succeed or fail, and returns what was said.
    pub fn attempt(&self) -> String {
        self.call([] as [&OsStr; 0], b"").0
    }

    /// One call that isn't made yet.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        // A client that hangs fails its own test instead of the whole run.
        let mut command = Command::new(debian_tool("timeout"));
        command
            .arg("180")
            .arg(&self.program)
            .args(&self.options)
            .args(arguments)
            .env_clear()
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .current_dir(&self.home);
        command
    }

    fn call<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> (String, bool, Output) {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("timeout(1) can be run");
        let mut stdin = child.stdin.take().expect("it was piped");
        // A client that doesn't read its input is free not to.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("the child is ours to wait for");
        let stderr = text(&output.stderr);
        let line: Vec<_> = command.get_args().skip(1).map(OsStr::to_string_lossy).collect();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let said = format!("$ {}\n{}\n{stdout}\n{stderr}", line.join(" "), output.status);
        (said, output.status.success(), Output { stdout: output.stdout, stderr })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
