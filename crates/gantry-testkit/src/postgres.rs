//! A private PostgreSQL server for tests.
//!
//! The first test that asks starts one, from Debian's packages, in a directory of its own and reachable through a socket
//! there; the others of the same process share it, each with a database to itself. It syncs nothing, so it is fast
//! and holds nothing worth keeping. It goes when the test process goes, however that happens.

mod server;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

pub use server::Server;

/// Where Debian puts a release's programs: `<here>/<major>/bin`.
const PACKAGES: &str = "/usr/lib/postgresql";

/// Makes the cluster, runs it, and waits for the end of its input, which comes when the test process is gone.
const KEEPER: &str = r#"
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U gantry -A trust -E UTF8 --no-sync --locale=C \
    --locale-provider=icu --icu-locale=en-US >"$dir/log" 2>&1 || exit 1
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=200 -c shared_buffers=32MB \
    -c shared_preload_libraries=pg_stat_statements -c fsync=off -c full_page_writes=off -c jit=off -c deadlock_timeout=50ms </dev/null >>"$dir/log" 2>&1 &
read -r _
kill -QUIT $!
wait
rm -rf "$dir"
"#;

/// Runs a pooler before the cluster until the end of its input.
const POOLER_KEEPER: &str = r#"
dir=$1
pgbouncer -q "$dir/pgbouncer.ini" </dev/null >>"$dir/pgbouncer.log" 2>&1 &
read -r _
kill -TERM $!
wait
"#;

/// The name of the pooler's socket has a port in it.
const POOLER_PORT: u16 = 6432;

struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    databases: AtomicU32,
    /// Kept for its standard input, the keeper's sign that this process lives.
    keeper: Child,
}

/// The URL of a new, empty database, sorted unlike bytes by default so that a missing collation shows.
///
/// # Panics
///
/// If PostgreSQL isn't installed or doesn't start.
pub fn database() -> String {
    let cluster = Cluster::shared();
    cluster.url(&cluster.create_database())
}

/// The same, reached through PgBouncer in transaction mode.
///
/// # Panics
///
/// If PostgreSQL or PgBouncer isn't installed or doesn't start.
pub fn pooled_database() -> String {
    static POOLER: OnceLock<Child> = OnceLock::new();
    let cluster = Cluster::shared();
    POOLER.get_or_init(|| {
        cluster.start_pooler().unwrap_or_else(|error| panic!("starting PgBouncer: {error}"))
    });
    format!("{}&port={POOLER_PORT}", cluster.url(&cluster.create_database()))
}

// === impl Cluster ===

impl Cluster {
    fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            Self::start().unwrap_or_else(|error| panic!("starting PostgreSQL: {error}"))
        })
    }

    fn start() -> io::Result<Self> {
        let programs = installed();
        let directory = tempfile::Builder::new().prefix("gantry-postgres-").tempdir()?;
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(directory.path())
            .stdin(Stdio::piped());
        // An interrupt at the terminal must reach the tests alone: the keeper still has to clean up.
        keeper.process_group(0).current_dir("/");
        if directory.path().metadata()?.uid() == 0 {
            // We are root, and the server refuses to be.
            let (user, group) = (server_id("-u")?, server_id("-g")?);
            chown(directory.path(), Some(user), Some(group))?;
            keeper.uid(user).gid(group);
        }
        let keeper = keeper.spawn()?;
        let cluster =
            Self { programs, directory: directory.keep(), databases: AtomicU32::new(0), keeper };
        cluster.ready()
    }

    fn ready(mut self) -> io::Result<Self> {
        // A minute: two cores may be busy compiling meanwhile.
        for _ in 0..600 {
            if self.program("pg_isready").arg("-q").status()?.success() {
                return Ok(self);
            }
            if self.keeper.try_wait()?.is_some() {
                break;
            }
            sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("it isn't ready:\n{log}")))
    }

    fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let output = self
            .program("createdb")
            .args(["-U", "gantry", &name])
            .output()
            .expect("createdb is installed");
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        name
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql://gantry@/{database}?host={}", self.directory.display())
    }

    /// Starts a pooler whose socket is beside the server's.
    fn start_pooler(&self) -> io::Result<Child> {
        let directory = self.directory.display();
        let settings = format!(
            "[databases]\n* = host={directory} user=gantry\n[pgbouncer]\nunix_socket_dir = {directory}\n\
             listen_addr =\nlisten_port = {POOLER_PORT}\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 10\nmax_client_conn = 1000\nmax_db_connections = 10\n"
        );
        fs::write(self.directory.join("pgbouncer.ini"), settings)?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", POOLER_KEEPER, "keeper"]).arg(&self.directory).stdin(Stdio::piped());
        keeper.process_group(0).current_dir("/");
        let owner = self.directory.metadata()?;
        if owner.uid() != 0 {
            keeper.uid(owner.uid()).gid(owner.gid());
        }
        let keeper = keeper.spawn()?;
        let socket = self.directory.join(format!(".s.PGSQL.{POOLER_PORT}"));
        for _ in 0..100 {
            if socket.exists() {
                return Ok(keeper);
            }
            sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.directory.join("pgbouncer.log")).unwrap_or_default();
        Err(io::Error::other(format!("it isn't ready:\n{log}")))
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.arg("-h").arg(&self.directory);
        command
    }
}

/// The programs of the latest release that is installed.
fn installed() -> PathBuf {
    let major = |name: OsString| name.to_str()?.parse::<u32>().ok();
    let releases = fs::read_dir(PACKAGES).into_iter().flatten().flatten();
    let latest = releases.filter_map(|entry| major(entry.file_name())).max();
    let programs = latest.map(|major| Path::new(PACKAGES).join(major.to_string()).join("bin"));
    programs
        .filter(|programs| programs.join("initdb").exists())
        .unwrap_or_else(|| panic!("there is no PostgreSQL under {PACKAGES}: run `make tools`"))
}

/// The user or the group that the package made for the server.
fn server_id(which: &str) -> io::Result<u32> {
    let output = Command::new("id").args([which, "postgres"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .map_err(|_| io::Error::other("there is no user `postgres`: run `make tools`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_gets_a_database_of_its_own() {
        let (first, second) = (database(), database());
        assert_ne!(first, second);
        for url in [first, second] {
            let tables = Command::new(installed().join("psql"))
                .args([
                    "-Atc",
                    "select count(*) from information_schema.tables where table_schema = 'public'",
                    &url,
                ])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&tables.stdout), "0\n", "{tables:?}");
        }
    }
}
