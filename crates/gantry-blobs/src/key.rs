//! The name of stored bytes.

use std::fmt;
use std::str::FromStr;

const UPLOAD_LENGTH: usize = 26;
const REGISTRY_LENGTH_MAX: usize = 64;
const VERSION_LENGTH_MAX: usize = 32;

/// Names the bytes of one upload: the registry's id and the upload's ULID. Made for that upload
/// and never used again, so a key means the same bytes for as long as it means any.
///
/// A store that can't take a seal back gives sealed bytes a *version* of the upload's key, another
/// one for each attempt to seal, so that attempts never meet.
///
/// Holding one proves that its parts are ASCII letters and digits, the registry's 1 to 64 of them,
/// the upload's 26 and the version's 1 to 32, so each is safe as a file name. Keys sort by
/// registry, then by upload, which is by time. As text: `registry/upload` or
/// `registry/upload.version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey {
    registry: Box<str>,
    upload: Box<str>,
    version: Option<Box<str>>,
}

/// The text is not a [`BlobKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a blob key: expected a registry id, a slash and an upload's ULID, and a dot and a version if it has one"
)]
pub struct InvalidBlobKey(String);

impl BlobKey {
    /// Names the bytes of the upload with ULID `upload` in the registry with id `registry`.
    pub fn new(registry: &str, upload: &str) -> Result<Self, InvalidBlobKey> {
        let lengths =
            (1..=REGISTRY_LENGTH_MAX).contains(&registry.len()) && upload.len() == UPLOAD_LENGTH;
        if lengths && is_plain(registry) && is_plain(upload) {
            Ok(Self { registry: registry.into(), upload: upload.into(), version: None })
        } else {
            Err(InvalidBlobKey(format!("{registry}/{upload}")))
        }
    }

    /// Names the bytes of one attempt to seal the same upload.
    pub fn with_version(&self, version: &str) -> Result<Self, InvalidBlobKey> {
        if (1..=VERSION_LENGTH_MAX).contains(&version.len()) && is_plain(version) {
            Ok(Self { version: Some(version.into()), ..self.clone() })
        } else {
            Err(InvalidBlobKey(format!("{self}.{version}")))
        }
    }

    /// The upload's key without a version.
    #[must_use]
    pub fn without_version(&self) -> Self {
        Self { version: None, ..self.clone() }
    }

    /// The id of the registry that the bytes belong to.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The ULID of the upload that brought the bytes.
    pub fn upload(&self) -> &str {
        &self.upload
    }

    /// The version, where there is one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl FromStr for BlobKey {
    type Err = InvalidBlobKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (registry, upload) =
            text.split_once('/').ok_or_else(|| InvalidBlobKey(text.to_owned()))?;
        match upload.split_once('.') {
            None => Self::new(registry, upload),
            Some((upload, version)) => Self::new(registry, upload)?.with_version(version),
        }
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.upload)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, ".{version}"))
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOAD: &str = "01HZX3V8Q4J5T6W7Y8Z9A0B1C2";

    #[test]
    fn key_round_trips_as_text() {
        let key = BlobKey::new("01HZX3V8Q4J5T6W7Y8Z9A0B1C3", UPLOAD).unwrap();
        assert_eq!(key.to_string().parse::<BlobKey>().unwrap(), key);
        assert_eq!(key.upload(), UPLOAD);
        let version = key.with_version("7f").unwrap();
        assert_eq!(version.to_string().parse::<BlobKey>().unwrap(), version);
        assert_eq!(version.without_version(), key);
    }

    #[test]
    fn text_that_could_leave_its_directory_is_refused() {
        for registry in ["", "..", "a/b", "a\0", "ä", &"r".repeat(65)] {
            assert!(BlobKey::new(registry, UPLOAD).is_err(), "{registry:?}");
        }
        for upload in
            ["", "..", "01HZX3", "../../../../../../etc/pass", "01HZX3V8Q4J5T6W7Y8Z9A0B1C2X"]
        {
            assert!(BlobKey::new("local", upload).is_err(), "{upload:?}");
        }
        for text in ["", "local", "/", "local/", "a/b/01HZX3V8Q4J5T6W7Y8Z9A0B1C2"]
            .map(str::to_owned)
            .into_iter()
            .chain(["", ".", "a.b", "../x"].map(|version| format!("local/{UPLOAD}.{version}")))
        {
            assert!(text.parse::<BlobKey>().is_err(), "{text:?}");
        }
    }
}
