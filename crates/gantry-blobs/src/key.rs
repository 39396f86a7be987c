//! The name of stored bytes.

use std::fmt;
use std::str::FromStr;

const UPLOAD_LENGTH: usize = 26;
const REGISTRY_LENGTH_MAX: usize = 64;

/// Names the bytes of one upload: the registry's id and the upload's ULID. Made for that upload
/// and never used again, so a key means the same bytes for as long as it means any.
///
/// Holding one proves that both parts are ASCII letters and digits, the registry's 1 to 64 of
/// them and the upload's 26, so either is safe as a file name. Keys sort by registry, then by
/// upload, which is by time. As text: `registry/upload`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey {
    registry: Box<str>,
    upload: Box<str>,
}

/// The text is not a [`BlobKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a blob key: expected a registry id, a slash and an upload's ULID")]
pub struct InvalidBlobKey(String);

impl BlobKey {
    /// Names the bytes of the upload with ULID `upload` in the registry with id `registry`.
    pub fn new(registry: &str, upload: &str) -> Result<Self, InvalidBlobKey> {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let lengths =
            (1..=REGISTRY_LENGTH_MAX).contains(&registry.len()) && upload.len() == UPLOAD_LENGTH;
        if lengths && plain(registry) && plain(upload) {
            Ok(Self { registry: registry.into(), upload: upload.into() })
        } else {
            Err(InvalidBlobKey(format!("{registry}/{upload}")))
        }
    }

    /// The id of the registry that the bytes belong to.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The ULID of the upload that brought the bytes.
    pub fn upload(&self) -> &str {
        &self.upload
    }
}

impl FromStr for BlobKey {
    type Err = InvalidBlobKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (registry, upload) =
            text.split_once('/').ok_or_else(|| InvalidBlobKey(text.to_owned()))?;
        Self::new(registry, upload)
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.upload)
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
        for text in ["", "local", "/", "local/", "a/b/01HZX3V8Q4J5T6W7Y8Z9A0B1C2"] {
            assert!(text.parse::<BlobKey>().is_err(), "{text:?}");
        }
    }
}
