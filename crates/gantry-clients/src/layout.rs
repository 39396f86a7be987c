//! OCI image layouts (image-spec, `image-layout.md`), the form most clients read and write.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gantry_oci::Digest;
use serde_json::{Value, json};

use crate::tar::Tar;

/// A layout with one entry.
#[derive(Clone, Debug)]
pub struct Layout {
    index: Value,
    blobs: BTreeMap<String, Vec<u8>>,
}

const VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

impl Layout {
    /// A layout whose only entry is `root`, under `tag`.
    pub fn new(tag: &str, mut root: Value) -> Self {
        root["annotations"] = json!({
            "org.opencontainers.image.ref.name": tag,
            // The name containerd gives an imported image.
            "io.containerd.image.name": tag,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [root],
        });
        Self { index, blobs: BTreeMap::new() }
    }

    /// Adds content.
    #[must_use]
    pub fn blob(mut self, content: &[u8]) -> Self {
        self.blobs.insert(Digest::sha256(content).hex(), content.to_vec());
        self
    }

    /// Writes the layout as a directory.
    pub fn write(&self, directory: &Path) {
        for (path, content) in self.files() {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().expect("it is in the directory"))
                .and_then(|()| fs::write(path, content))
                .expect("the directory is writable");
        }
    }

    /// The layout as a tar archive.
    pub fn archive(&self) -> Vec<u8> {
        let tar = self
            .files()
            .into_iter()
            .fold(Tar::default(), |tar, (path, content)| tar.file(&path, &content));
        tar.finish()
    }

    /// Asserts that a layout a client wrote holds every blob of this one, byte by byte.
    ///
    /// # Panics
    /// When one is missing or differs.
    pub fn assert_in(&self, directory: &Path) {
        let found = read_layout(directory);
        for (digest, content) in &self.blobs {
            let same = found.get(digest).is_some_and(|found| found == content);
            assert!(same, "{digest} is missing from {}, or differs", directory.display());
        }
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let blobs = self
            .blobs
            .iter()
            .map(|(hex, content)| (format!("blobs/sha256/{hex}"), content.clone()));
        [
            ("oci-layout".to_owned(), VERSION.to_vec()),
            ("index.json".to_owned(), self.index.to_string().into_bytes()),
        ]
        .into_iter()
        .chain(blobs)
        .collect()
    }
}

/// The blobs of a layout on disk, by the hexadecimal part of their SHA-256 digest.
fn read_layout(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(directory.join("blobs/sha256"))
        .expect("the client wrote a layout")
        .map(|entry| {
            let entry = entry.expect("the directory is readable");
            let content = fs::read(entry.path()).expect("the blob is readable");
            (entry.file_name().to_string_lossy().into_owned(), content)
        })
        .collect()
}
