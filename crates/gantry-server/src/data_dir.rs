//! The data directory.
//!
//! ```text
//! DIR/
//!   lock             held by the process that owns the directory
//!   gantry.sock      operator commands reach a running server here (0600)
//!   master.key       seals the secrets in the catalog (0600)
//!   admin-password   first password of the default registry's admin (0600);
//!                    admin-password.NAME is another registry's
//!   bootstrap.json   what the first start made: tenant, subscription, first application and user,
//!                    with their secrets (0600)
//!   ca.pem  ca.key   the local certificate authority; the key is sealed
//!   catalog.db       all metadata (SQLite; beside it its -wal and -shm)
//!   blobs/           bytes of blobs, by key
//!   cache/           small blobs of an object store, while the server runs
//! ```
//!
//! A node of a deployment whose database and blobs are elsewhere has a directory too, of its own and
//! with nothing in it that can't be lost: the lock, the socket, and copies of `ca.pem` and the
//! admin passwords.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_arm::Guid;
use gantry_directory::Bootstrap;
use gantry_model::RegistryName;
use gantry_secrets::MasterKey;
use rustix::fs::FlockOperation;

use crate::config::MasterKeySource;

/// The directory, which need not be there yet.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

/// The sole ownership of a data directory, until dropped.
#[derive(Debug)]
pub(crate) struct Owned(
    #[expect(dead_code, reason = "the lock lives as long as the file is open")] File,
);

impl DataDir {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn exists(&self) -> bool {
        self.catalog().exists()
    }

    pub(crate) fn catalog(&self) -> PathBuf {
        self.0.join("catalog.db")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn blob_cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("gantry.sock")
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    pub(crate) fn admin_password(&self) -> PathBuf {
        self.0.join("admin-password")
    }

    /// Where the first admin password of a registry that isn't the default one is.
    pub(crate) fn admin_password_of(&self, registry: &RegistryName) -> PathBuf {
        self.0.join(format!("admin-password.{registry}"))
    }

    /// The files beside catalog and blobs that a backup has.
    pub(crate) const SMALL_FILES: [&str; 3] = ["master.key", "ca.pem", "ca.key"];

    /// The names of the files with admin passwords.
    pub(crate) fn admin_password_files(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.starts_with("admin-password")).collect())
    }

    /// Copies a file of another directory, if it is there, for the server's user alone.
    pub(crate) fn take_file(&self, name: &str, from: &Self) -> anyhow::Result<()> {
        let path = from.0.join(name);
        let mode = if name == "ca.pem" { 0o644 } else { 0o600 };
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
            Ok(bytes) => self.write(&self.0.join(name), &bytes, mode),
        }
    }

    fn master_key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// Makes the directory if it isn't there and takes it for this process alone.
    pub(crate) fn own(&self) -> anyhow::Result<Owned> {
        let shown = self.0.display();
        make_durably(&self.0).with_context(|| format!("making the data directory {shown}"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.0.join("lock"))
            .with_context(|| format!("opening the lock of {shown}"))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Owned(lock)),
            Err(rustix::io::Errno::WOULDBLOCK) => anyhow::bail!(
                "another gantry process uses the data directory {shown}; \
                 stop it, or choose another with --data"
            ),
            Err(error) => Err(error).with_context(|| format!("locking the data directory {shown}")),
        }
    }

    /// The master key from where the configuration says; made on first start in the embedded case.
    pub(crate) fn read_master_key(&self, source: &MasterKeySource) -> anyhow::Result<MasterKey> {
        let path = match source {
            MasterKeySource::Given(key) => return Ok(MasterKey::new(*key.expose())),
            MasterKeySource::File(path) => path.clone(),
            MasterKeySource::DataDirectory => self.master_key(),
        };
        match fs::read_to_string(&path) {
            Ok(text) => decode_key(&text)
                .with_context(|| format!("{} is not the base64 text of 32 bytes", path.display())),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && *source == MasterKeySource::DataDirectory =>
            {
                if self.exists() {
                    anyhow::bail!(
                        "{} is missing, and secrets in {} were sealed under it: restore it",
                        path.display(),
                        self.catalog().display()
                    );
                }
                let key = MasterKey::generate();
                self.write_private(&path, &format!("{}\n", STANDARD.encode(key.expose())))?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// The master key from where the configuration says; `key` is kept where it is made otherwise.
    pub(crate) fn master_key_or(
        &self,
        source: &MasterKeySource,
        key: &MasterKey,
    ) -> anyhow::Result<MasterKey> {
        if *source == MasterKeySource::DataDirectory && !self.master_key().exists() {
            self.write_private(
                &self.master_key(),
                &format!("{}\n", STANDARD.encode(key.expose())),
            )?;
        }
        self.read_master_key(source)
    }

    /// The certificate authority's certificate and sealed key, where they are files here.
    pub(crate) fn read_authority(&self) -> anyhow::Result<Option<(String, Vec<u8>)>> {
        let path = self.ca();
        let certificate = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found.with_context(|| format!("reading {}", path.display()))?,
        };
        let path = self.ca_key();
        let key = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Some((certificate, key)))
    }

    /// Keeps an authority as files.
    pub(crate) fn keep_authority(
        &self,
        certificate: &str,
        sealed_key: &[u8],
    ) -> anyhow::Result<()> {
        self.write(&self.ca_key(), sealed_key, 0o600)?;
        self.keep_ca(certificate)
    }

    fn ca_key(&self) -> PathBuf {
        self.0.join("ca.key")
    }

    /// Keeps the certificate of an authority that is elsewhere.
    pub(crate) fn keep_ca(&self, certificate: &str) -> anyhow::Result<()> {
        if fs::read_to_string(self.ca()).is_ok_and(|kept| kept == certificate) {
            return Ok(());
        }
        self.write(&self.ca(), certificate.as_bytes(), 0o644)
    }

    /// Keeps an admin password where only the server's user reads it.
    pub(crate) fn keep_admin_password(&self, path: &Path, password: &str) -> anyhow::Result<()> {
        let text = format!("{password}\n");
        if fs::read_to_string(path).is_ok_and(|kept| kept == text) {
            return Ok(());
        }
        self.write_private(path, &text)
    }

    /// Keeps what the first start has made, where only the server's user reads it.
    pub(crate) fn keep_bootstrap(&self, made: &Bootstrap) -> io::Result<()> {
        let json = serde_json::to_string_pretty(made)?;
        self.write_private(&self.bootstrap(), &format!("{json}\n")).map_err(io::Error::other)
    }

    /// What the first start has made, where that was on this machine.
    pub(crate) fn read_bootstrap(&self) -> Option<Bootstrap> {
        serde_json::from_str(&fs::read_to_string(self.bootstrap()).ok()?).ok()
    }

    /// Removes what this machine would have made, had another node not been first.
    pub(crate) fn drop_bootstrap_of_others(&self, tenant: Guid) -> anyhow::Result<()> {
        match self.read_bootstrap() {
            Some(kept) if kept.tenant_id != tenant => fs::remove_file(self.bootstrap())
                .with_context(|| format!("removing {}", self.bootstrap().display())),
            _ => Ok(()),
        }
    }

    pub(crate) fn bootstrap(&self) -> PathBuf {
        self.0.join("bootstrap.json")
    }

    /// Writes a file of mode 0600, all of it or nothing, durably.
    fn write_private(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        self.write(path, text.as_bytes(), 0o600)
    }

    /// Writes a file, all of it or nothing, durably.
    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
        let write = || -> io::Result<()> {
            let staged = path.with_extension("new");
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(mode)
                .open(&staged)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&staged, path)?;
            File::open(&self.0)?.sync_all()
        };
        write().with_context(|| format!("writing {}", path.display()))
    }
}

/// Makes a directory and those above it, each entry durable in its parent: or a loss of power
/// could take the directory with all that is durable in it.
fn make_durably(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_durably(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(parent)?.sync_all()
}

fn decode_key(text: &str) -> Option<MasterKey> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    bytes.try_into().ok().map(MasterKey::new)
}
