//! The authority's two files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use x509_parser::prelude::{FromDer, X509Certificate};

use super::AuthorityError;

/// The file's bytes, or `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, AuthorityError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::File { path: path.to_owned(), source }),
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    write(path, bytes, 0o600)
        .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
}

/// Writes a file that anyone may read.
pub(super) fn write_public(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    write(path, bytes, 0o644)
        .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
}

/// Whether the certificate (DER) is of the public key (SubjectPublicKeyInfo DER).
pub(super) fn is_key_of(certificate: &[u8], public_key: &[u8]) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, certificate)| certificate.public_key().raw == public_key)
}

/// Whole or not at all, and there after a power cut: stage, sync, rename, sync the directory.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let staged = path.with_extension("new");
    // What an earlier crash left may have another mode.
    match fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&staged, path)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}
