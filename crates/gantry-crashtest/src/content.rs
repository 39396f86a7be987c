//! What the clients push: a fixed set of blobs and manifests, so that clients meet.

use bytes::Bytes;
use gantry_lossydisk::SplitMix;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Repositories the clients share.
pub const REPOSITORIES: [&str; 3] = ["crash/one", "crash/two", "three"];
/// Tags the clients share.
pub const TAGS: [&str; 4] = ["latest", "v1", "v2", "edge"];
/// What the manifests are pushed as.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// Lengths of blobs around those at which the server changes its ways.
const LENGTHS: [usize; 12] =
    [0, 2, 511, 4096, 4097, 50_000, 65_536, 131_072, 131_073, 400_000, 1_000_000, 2_500_000];
const CONFIGS: usize = 6;
const MANIFESTS: usize = 24;

/// Bytes and their digest.
#[derive(Clone, Debug)]
pub struct Blob {
    /// `sha256:…`
    pub digest: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// A manifest and what it names.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The manifest itself.
    pub blob: Blob,
    /// Its config and layers.
    pub names: Vec<Blob>,
}

/// All there is to push.
#[derive(Clone, Debug)]
pub struct Content {
    /// Layers and configs.
    pub blobs: Vec<Blob>,
    /// Manifests over them.
    pub manifests: Vec<Manifest>,
}

// === impl Blob ===

impl Blob {
    /// Bytes under their digest.
    pub fn new(bytes: Bytes) -> Self {
        Self { digest: digest(&bytes), bytes }
    }

    /// Bytes nobody can compress or guess.
    pub fn random(length: usize, dice: &mut SplitMix) -> Self {
        let words = std::iter::repeat_with(|| dice.draw().to_le_bytes());
        Self::new(words.flatten().take(length).collect())
    }
}

// === impl Content ===

impl Content {
    /// The content that a seed stands for; `longest` bounds its blobs.
    pub fn new(seed: u64, longest: usize) -> Self {
        let mut dice = SplitMix::new(seed);
        let lengths = LENGTHS.into_iter().filter(|length| *length <= longest);
        let layers: Vec<Blob> = lengths.map(|length| Blob::random(length, &mut dice)).collect();
        let configs: Vec<Blob> = (0..CONFIGS).map(|number| config(seed, number)).collect();
        let manifests = (0..MANIFESTS)
            .map(|_| {
                let mut names = vec![configs[dice.below(configs.len())].clone()];
                for _ in 0..=dice.below(3) {
                    names.push(layers[dice.below(layers.len())].clone());
                }
                manifest(names)
            })
            .collect();
        Self { blobs: layers.into_iter().chain(configs).collect(), manifests }
    }

    /// The manifest of a digest.
    pub fn manifest(&self, digest: &str) -> Option<&Manifest> {
        self.manifests.iter().find(|manifest| manifest.blob.digest == digest)
    }
}

/// `sha256:…` of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn config(seed: u64, number: usize) -> Blob {
    let document =
        json!({ "architecture": "amd64", "os": "linux", "number": number, "seed": seed });
    Blob::new(document.to_string().into())
}

fn manifest(names: Vec<Blob>) -> Manifest {
    let descriptor = |media_type: &str, blob: &Blob| json!({ "mediaType": media_type, "digest": blob.digest, "size": blob.bytes.len() });
    let layer = "application/vnd.oci.image.layer.v1.tar";
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor("application/vnd.oci.image.config.v1+json", &names[0]),
        "layers": names[1..].iter().map(|blob| descriptor(layer, blob)).collect::<Vec<_>>(),
    });
    Manifest { blob: Blob::new(document.to_string().into()), names }
}
