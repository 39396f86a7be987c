//! An object store at rest: what S3 keeps of what it is told.

use std::collections::BTreeMap;

use bytes::Bytes;
use gantry_oci::Digest;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, Result};

/// Objects, and multipart uploads that are under way.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    objects: BTreeMap<Path, Object>,
    uploads: BTreeMap<String, Parts>,
    /// How many names there have been.
    names: u64,
    /// What nobody may do to an object store, and was done.
    pub(crate) misuse: Vec<String>,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Bytes,
    /// Its place among all that ever were.
    order: u64,
}

#[derive(Debug)]
struct Parts {
    path: Path,
    parts: BTreeMap<usize, Bytes>,
}

impl Bucket {
    pub(crate) fn get(&self, path: &Path) -> Result<Bytes> {
        self.objects.get(path).map(|object| object.bytes.clone()).ok_or_else(|| missing(path))
    }

    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.objects.contains_key(path)
    }

    pub(crate) fn put(&mut self, path: &Path, bytes: &Bytes) {
        self.names += 1;
        let object = Object { bytes: bytes.clone(), order: self.names };
        if let Some(before) = self.objects.insert(path.clone(), object)
            && before.bytes != *bytes
        {
            self.misuse.push("a name was written twice, with other bytes".into());
        }
    }

    pub(crate) fn delete(&mut self, path: &Path) -> Result<()> {
        self.objects.remove(path).map(drop).ok_or_else(|| missing(path))
    }

    /// What is under the prefix: uploads in the order of their names, as stores list, and the
    /// objects of each in the order they came, since their names are drawn at random.
    pub(crate) fn list(&self, prefix: Option<&Path>) -> Vec<ObjectMeta> {
        let within = |path: &Path| prefix.is_none_or(|prefix| path.prefix_matches(prefix));
        let mut found: Vec<_> = self.objects.iter().filter(|(path, _)| within(path)).collect();
        found.sort_by_key(|(path, object)| (folder(path), object.order));
        found.into_iter().map(|(path, object)| meta(path, object.bytes.len())).collect()
    }

    pub(crate) fn begin(&mut self, path: &Path) -> String {
        self.names += 1;
        let id = format!("upload-{}", self.names);
        self.uploads.insert(id.clone(), Parts { path: path.clone(), parts: BTreeMap::new() });
        id
    }

    pub(crate) fn put_part(&mut self, id: &str, index: usize, bytes: Bytes) -> Result<PartId> {
        let upload = self.uploads.get_mut(id).ok_or_else(no_such_upload)?;
        let content_id = tag(&bytes);
        upload.parts.insert(index, bytes);
        Ok(PartId { content_id })
    }

    pub(crate) fn complete(&mut self, id: &str, parts: &[PartId]) -> Result<()> {
        let upload = self.uploads.get(id).ok_or_else(no_such_upload)?;
        let mut whole = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            match upload.parts.get(&index) {
                Some(bytes) if tag(bytes) == part.content_id => whole.extend_from_slice(bytes),
                _ => return Err(refused("InvalidPart")),
            }
        }
        let path = upload.path.clone();
        self.uploads.remove(id);
        self.put(&path, &whole.into());
        Ok(())
    }

    pub(crate) fn abort(&mut self, id: &str) -> Result<()> {
        self.uploads.remove(id).map(drop).ok_or_else(no_such_upload)
    }

    /// Alters one bit of an object that is a whole blob, as a bad disk would.
    pub(crate) fn rot(&mut self) {
        let blob = self.objects.iter_mut().find(|(path, _)| !path.as_ref().contains('.'));
        if let Some((_, object)) = blob {
            let mut bytes = object.bytes.to_vec();
            bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            object.bytes = bytes.into();
        }
    }
}

fn folder(path: &Path) -> String {
    path.as_ref().rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

pub(crate) fn meta(path: &Path, length: usize) -> ObjectMeta {
    ObjectMeta {
        location: path.clone(),
        last_modified: <_>::default(),
        size: length as u64,
        e_tag: None,
        version: None,
    }
}

/// As on S3: the same for the same bytes.
fn tag(bytes: &Bytes) -> String {
    Digest::sha256(bytes).hex()
}

fn missing(path: &Path) -> Error {
    Error::NotFound { path: path.to_string(), source: "NoSuchKey".into() }
}

fn no_such_upload() -> Error {
    Error::NotFound { path: String::new(), source: "NoSuchUpload".into() }
}

pub(crate) fn refused(problem: &str) -> Error {
    Error::Generic { store: "simulated", source: problem.into() }
}
