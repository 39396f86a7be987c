//! PostgreSQL with its defaults, durable ones among them, but for more memory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::{START_DEADLINE, free_port, text};
use crate::process::Process;
use crate::programs::Programs;

/// A superuser, to whom nobody is asked for a password: the server is for this machine's loopback.
const USER: &str = "gantry";
/// Where statistics are kept, and what else is none of a deployment's.
const MAINTENANCE: &str = "postgres";

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    process: Process,
    programs: Programs,
    port: u16,
    directory: PathBuf,
    setup: Setup,
}

/// How the server is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// As it is measured.
    Measured,
    /// As it is measured, and it counts statements.
    Counting,
    /// For filling tables: what is new as a whole is synced once, not logged as well.
    Filling,
}

/// Statements of a time, those of an idle deployment left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statements {
    /// Those that ask or change something.
    pub(crate) queries: f64,
    /// Commits of transactions of several statements.
    pub(crate) commits: f64,
}

impl Postgres {
    /// Starts a server over `directory`, which it keeps for the next start, and waits until it
    /// answers.
    pub(crate) fn start(
        programs: &Programs,
        directory: &Path,
        setup: Setup,
    ) -> anyhow::Result<Self> {
        let data = directory.join("data");
        if !data.exists() {
            make(programs, directory, &data)?;
        }
        let port = free_port()?;
        let settings: &[&str] = match setup {
            Setup::Measured => &[],
            Setup::Counting => &["-c", "shared_preload_libraries=pg_stat_statements"],
            Setup::Filling => &[
                "-c",
                "wal_level=minimal",
                "-c",
                "max_wal_senders=0",
                "-c",
                "maintenance_work_mem=1GB",
            ],
        };
        let (data, port_text) = (text(&data)?, port.to_string());
        let mut arguments = vec!["-D", data, "-p", &port_text, "-k", "", "-h", "127.0.0.1"];
        // Two nodes that write have 48 connections: more than the default allows besides others.
        arguments.extend(["-c", "shared_buffers=256MB", "-c", "max_connections=200"]);
        arguments.extend(settings);
        let process = Process::start_as(
            user(),
            "postgres",
            &programs.postgres("postgres")?,
            &arguments,
            &[],
            &directory.join("postgres.log"),
        )?;
        let server = Self {
            process,
            programs: programs.clone(),
            port,
            directory: directory.to_owned(),
            setup,
        };
        server.ready()
    }

    fn ready(mut self) -> anyhow::Result<Self> {
        let started = Instant::now();
        while let Err(error) = self.sql(MAINTENANCE, "select 1") {
            self.process.check()?;
            if started.elapsed() > START_DEADLINE {
                bail!("PostgreSQL is not ready: {error:#}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        if self.counts() {
            self.sql(MAINTENANCE, "create extension if not exists pg_stat_statements")?;
        }
        Ok(self)
    }

    /// Whether it counts statements.
    pub(super) fn counts(&self) -> bool {
        self.setup == Setup::Counting
    }

    /// Makes a database, unless it is there.
    pub(super) fn create_database(&self, name: &str) -> anyhow::Result<()> {
        let there = format!("select count(*) from pg_database where datname = '{name}'");
        if self.sql(MAINTENANCE, &there)?.trim() == "0" {
            self.sql(MAINTENANCE, &format!("create database {name}"))?;
        }
        Ok(())
    }

    /// The address of a database, for nodes.
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The id of its first process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Runs statements, one transaction each unless they begin one, and returns what they print.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        let mut psql = Command::new(self.programs.postgres("psql")?)
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER])
            .args(["-p", &self.port.to_string(), "-d", database, "-f", "-"])
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting psql")?;
        psql.stdin.take().context("psql has an input")?.write_all(statements.as_bytes())?;
        let output = psql.wait_with_output()?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "psql: {}", words.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Notes which statements a deployment makes that nobody asks for anything.
    pub(super) fn note_idle(&self, time: Duration) -> anyhow::Result<()> {
        self.count_anew()?;
        thread::sleep(time);
        let note = format!(
            "drop table if exists idle;
             create table idle as
             select dbid, queryid, sum(calls) / {} as per_second from pg_stat_statements group by 1, 2",
            time.as_secs_f64()
        );
        self.sql(MAINTENANCE, &note).map(drop)
    }

    /// Begins to count statements anew.
    pub(super) fn count_anew(&self) -> anyhow::Result<()> {
        self.sql(MAINTENANCE, "select pg_stat_statements_reset()").map(drop)
    }

    /// What was counted of a database since. What an idle deployment asks is left out as a whole;
    /// of commits, so many as it makes in that time.
    pub(super) fn counted(&self, database: &str, time: Duration) -> anyhow::Result<Statements> {
        let ask = format!(
            "with counted as (
                 select s.calls, s.query, i.per_second from pg_stat_statements s
                   join pg_database d on d.oid = s.dbid and d.datname = '{database}'
                   left join idle i on i.dbid = s.dbid and i.queryid = s.queryid
             )
             select coalesce(sum(calls) filter
                        (where per_second is null and query !~* '^(begin|set|commit|rollback)'), 0),
                    coalesce(sum(calls - coalesce(per_second, 0) * {}) filter (where query ~* '^commit'), 0)
               from counted",
            time.as_secs_f64()
        );
        let said = self.sql(MAINTENANCE, &ask)?;
        let (queries, commits) =
            said.trim().split_once('|').context("two figures were asked for")?;
        // A little less was idle than before it was measured.
        let commits = commits.parse::<f64>()?.max(0.0);
        Ok(Statements { queries: queries.parse()?, commits })
    }
}

/// Makes the server's directory.
fn make(programs: &Programs, directory: &Path, data: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    if rustix::process::geteuid().is_root() {
        let owned = Command::new("chown").args(["postgres:postgres", text(directory)?]).status()?;
        ensure!(owned.success(), "there is no user `postgres`: run `tools/install.sh bench`");
    }
    let output = Command::new("setpriv")
        .args(user())
        .arg("--")
        .arg(programs.postgres("initdb")?)
        .args(["-D", text(data)?, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .context("starting initdb")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "initdb: {}", words.trim());
    Ok(())
}

/// Whom the server runs as, in setpriv's words: it refuses to be root.
fn user() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() {
        &["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    } else {
        &[]
    }
}
