//! Keys and passwords.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::reader::Reader;
use super::setting::TextSetting;

/// A value that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret<T>(T);

impl<T> Secret<T> {
    pub(super) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub(crate) fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where the master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MasterKeySource {
    /// `master.key` in the data directory, made on first start.
    DataDirectory,
    /// The setting itself.
    Given(Secret<[u8; 32]>),
    /// A file with the base64 text.
    File(PathBuf),
}

/// Keys and passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// Seals what is kept secret at rest.
    pub(crate) master_key: MasterKeySource,
    /// The default registry's first admin password; made up where none is given.
    pub(crate) admin_password: Option<Secret<String>>,
}

impl Secrets {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let key = reader.optional::<Secret<[u8; 32]>>("master_key", "DATA/master.key");
        let file = reader.optional::<PathBuf>("master_key_file", "none");
        if key.is_some() && file.is_some() {
            let problem = "give master_key or master_key_file, not both";
            reader.mistake("master_key", None, problem.to_owned());
        }
        let master_key = match (key, file) {
            (Some(key), _) => MasterKeySource::Given(key),
            (None, Some(file)) => MasterKeySource::File(file),
            (None, None) => MasterKeySource::DataDirectory,
        };
        Self { master_key, admin_password: reader.optional("admin_password", "generated") }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not the base64 text of 32 bytes; make one with: openssl rand -base64 32")]
pub(crate) struct MasterKeyError;

impl FromStr for Secret<[u8; 32]> {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| MasterKeyError)?;
        bytes.try_into().map(Self).map_err(|_| MasterKeyError)
    }
}

impl TextSetting for Secret<[u8; 32]> {
    const WANTED: &'static str = "the base64 text of 32 bytes";
    const SECRET: bool = true;
}

#[derive(Debug, thiserror::Error)]
#[error("a password has 1 to 256 characters and no control characters")]
pub(crate) struct PasswordError;

impl FromStr for Secret<String> {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        // RFC 7617 §2: Basic credentials hold no control characters.
        let fits = (1..=256).contains(&text.chars().count()) && !text.contains(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(PasswordError) }
    }
}

impl TextSetting for Secret<String> {
    const WANTED: &'static str = "a text";
    const SECRET: bool = true;
}
