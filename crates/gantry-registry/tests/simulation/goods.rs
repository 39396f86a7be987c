//! What clients push: so few blobs and manifests that they get in each other's way.

use bytes::Bytes;
use gantry_oci::Digest;
use serde_json::{Value, json};

use crate::dice::Dice;

pub(crate) const REPOSITORIES: [&str; 2] = ["app", "lib"];
pub(crate) const TAGS: [&str; 2] = ["v1", "v2"];

const BLOBS: usize = 9;
const IMAGES: usize = 4;
/// Longer blobs have more than one part.
pub(crate) const PART: usize = 100;

/// All that can be pushed.
#[derive(Debug)]
pub(crate) struct Goods {
    pub(crate) blobs: Vec<Blob>,
    pub(crate) manifests: Vec<Document>,
}

#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) digest: Digest,
    pub(crate) bytes: Bytes,
}

/// A manifest and what it names, by place among the goods.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) digest: Digest,
    pub(crate) bytes: Bytes,
    pub(crate) blobs: Vec<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) subject: Option<usize>,
    descriptor: Value,
}

impl Goods {
    /// Images that share blobs, an index of two of them, and one that refers to another.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let blobs: Vec<Blob> = (0..BLOBS).map(|index| Blob::draw(index, dice)).collect();
        let mut manifests: Vec<Document> = Vec::new();
        for _ in 0..IMAGES {
            manifests.push(Document::image(&blobs, None, &manifests, dice));
        }
        manifests.push(Document::index(&[0, 1], &manifests));
        manifests.push(Document::image(&blobs, Some(2), &manifests, dice));
        Self { blobs, manifests }
    }

    /// The manifest of that digest.
    pub(crate) fn manifest(&self, digest: &Digest) -> Option<&Document> {
        self.manifests.iter().find(|document| document.digest == *digest)
    }

    /// Whether the manifest names the blob.
    pub(crate) fn names(&self, manifest: &Digest, blob: &Digest) -> bool {
        self.manifest(manifest).is_some_and(|document| {
            document.blobs.iter().any(|index| self.blobs[*index].digest == *blob)
        })
    }

    /// Whether the manifest `referrer` goes when `digest` is deleted.
    pub(crate) fn goes_with(&self, referrer: &Digest, digest: &Digest) -> bool {
        let subject = self.manifest(referrer).and_then(|document| document.subject);
        referrer == digest || subject.is_some_and(|index| self.manifests[index].digest == *digest)
    }

    /// What a digest is, in few letters.
    pub(crate) fn name(&self, digest: &Digest) -> String {
        let blob = self.blobs.iter().position(|blob| blob.digest == *digest);
        let manifest = self.manifests.iter().position(|document| document.digest == *digest);
        match (blob, manifest) {
            (Some(index), _) => format!("blob-{index}"),
            (_, Some(index)) => format!("manifest-{index}"),
            _ => digest.to_string(),
        }
    }
}

impl Blob {
    fn draw(index: usize, dice: &mut Dice) -> Self {
        let length = 1 + dice.below([20, PART, 4 * PART][index % 3]);
        let bytes: Bytes = (0..length).map(|_| dice.draw() as u8).collect();
        Self { digest: Digest::sha256(&bytes), bytes }
    }
}

impl Document {
    fn image(blobs: &[Blob], subject: Option<usize>, before: &[Self], dice: &mut Dice) -> Self {
        let first = dice.below(blobs.len());
        let named: Vec<usize> = (0..=dice.below(3)).map(|n| (first + n) % blobs.len()).collect();
        let layer = |index: &usize| {
            json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": blobs[*index].digest,
                "size": blobs[*index].bytes.len(),
            })
        };
        let mut value = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": layer(&named[0]),
            "layers": named[1..].iter().map(layer).collect::<Vec<_>>(),
            "annotations": { "place": before.len().to_string() },
        });
        value["config"]["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
        if let Some(subject) = subject {
            value["subject"] = before[subject].descriptor.clone();
        }
        Self { blobs: named, subject, ..Self::of(&value) }
    }

    fn index(children: &[usize], before: &[Self]) -> Self {
        let value = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests":
                children.iter().map(|index| &before[*index].descriptor).collect::<Vec<_>>(),
        });
        Self { children: children.to_vec(), ..Self::of(&value) }
    }

    fn of(value: &Value) -> Self {
        let bytes = Bytes::from(serde_json::to_vec(value).unwrap());
        let digest = Digest::sha256(&bytes);
        let descriptor = json!({
            "mediaType": value["mediaType"],
            "digest": digest,
            "size": bytes.len(),
        });
        Self { digest, bytes, blobs: vec![], children: vec![], subject: None, descriptor }
    }
}
