//! Where things are.

use gantry_blobs::BlobKey;
use object_store::path::Path;

/// Makes and reads object names under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    prefix: Path,
}

/// What an object is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A sealed blob, under this key, or the multipart upload of one.
    Blob(BlobKey),
    /// The mark of a multipart upload that makes this key.
    Parts(BlobKey),
    /// A draft's last bytes.
    Tail(BlobKey),
}

/// The version of a blob that came sealed from a store without versions; others are longer.
pub(crate) const UNVERSIONED: &str = "0";
const PARTS: &str = ".parts";
const TAIL: &str = ".tail";

impl Paths {
    pub(crate) fn under(prefix: &str) -> Self {
        Self { prefix: Path::from(prefix) }
    }

    /// Says whose storage this is.
    pub(crate) fn deployment(&self) -> Path {
        self.prefix.clone().join("deployment")
    }

    /// A name for trying out what the store allows.
    pub(crate) fn probe(&self, name: &str) -> Path {
        self.prefix.clone().join("probe").join(name)
    }

    /// All of a registry's objects.
    pub(crate) fn registry(&self, registry: &str) -> Path {
        self.prefix.clone().join(registry)
    }

    /// All objects of an upload.
    pub(crate) fn upload(&self, key: &BlobKey) -> Path {
        self.registry(key.registry()).join(key.upload())
    }

    /// The sealed blob with that key.
    pub(crate) fn sealed(&self, key: &BlobKey) -> Path {
        self.version(key, key.version().unwrap_or(UNVERSIONED))
    }

    /// The sealed blob of an upload's version.
    pub(crate) fn version(&self, key: &BlobKey, version: &str) -> Path {
        self.upload(key).join(version)
    }

    /// The mark of the multipart upload that makes a version.
    pub(crate) fn parts(&self, key: &BlobKey, version: &str) -> Path {
        self.upload(key).join(format!("{version}{PARTS}"))
    }

    /// A tail.
    pub(crate) fn tail(&self, key: &BlobKey, name: &str) -> Path {
        self.upload(key).join(format!("{name}{TAIL}"))
    }

    /// What the object at `path` is; `None` for what isn't ours.
    pub(crate) fn find(&self, path: &Path) -> Option<Found> {
        let mut rest = path.prefix_match(&self.prefix)?;
        let (registry, upload, name) = (rest.next()?, rest.next()?, rest.next()?);
        if rest.next().is_some() {
            return None;
        }
        let key = BlobKey::new(registry.as_ref(), upload.as_ref()).ok()?;
        let name = name.as_ref();
        if name.ends_with(TAIL) {
            return Some(Found::Tail(key));
        }
        if let Some(version) = name.strip_suffix(PARTS) {
            return key.with_version(version).ok().map(Found::Parts);
        }
        if name == UNVERSIONED {
            return Some(Found::Blob(key));
        }
        key.with_version(name).ok().map(Found::Blob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        let key = BlobKey::new("registry", "01HZX3V8Q4J5T6W7Y8Z9A0B1C2").unwrap();
        for prefix in ["", "a/b"] {
            let paths = Paths::under(prefix);
            let version = key.with_version("7f").unwrap();
            assert_eq!(paths.find(&paths.version(&key, "7f")), Some(Found::Blob(version.clone())));
            assert_eq!(paths.find(&paths.sealed(&version)), Some(Found::Blob(version.clone())));
            assert_eq!(paths.find(&paths.sealed(&key)), Some(Found::Blob(key.clone())));
            assert_eq!(paths.find(&paths.parts(&key, "7f")), Some(Found::Parts(version)));
            assert_eq!(paths.find(&paths.tail(&key, "7f")), Some(Found::Tail(key.clone())));
            assert_eq!(paths.find(&paths.deployment()), None);
            assert_eq!(paths.find(&paths.probe("7f")), None);
            assert_eq!(paths.find(&Path::from("somebody/elses/object")), None);
        }
    }
}
