//! Small images and indexes, made from text.

use gantry_oci::Digest;
use serde_json::{Value, json};

use crate::Layout;
use crate::tar::Tar;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An OCI image of one uncompressed layer.
#[derive(Clone, Debug)]
pub struct Image {
    /// The processor it claims to be for.
    pub architecture: String,
    /// The layer: a tar archive with one file, `content`.
    pub layer: Vec<u8>,
    /// The image configuration.
    pub config: Vec<u8>,
    /// The manifest.
    pub manifest: Vec<u8>,
}

/// An index of one image for amd64 and one for arm64.
#[derive(Clone, Debug)]
pub struct Index {
    /// The images, in the order of the index.
    pub images: Vec<Image>,
    /// The index.
    pub manifest: Vec<u8>,
}

impl Image {
    /// An image whose only file holds `content`.
    pub fn new(architecture: &str, content: &str) -> Self {
        let layer = Tar::default().file("content", content.as_bytes()).finish();
        let config = bytes(&json!({
            "architecture": architecture,
            "os": "linux",
            "config": { "Cmd": ["/content"] },
            // Builders count the layers that the history says are not empty.
            "history": [{ "created_by": "a test" }],
            "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&layer).to_string()] },
        }));
        let manifest = bytes(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
        }));
        Self { architecture: architecture.to_owned(), layer, config, manifest }
    }

    /// The manifest's digest.
    pub fn digest(&self) -> String {
        Digest::sha256(&self.manifest).to_string()
    }

    /// The digest of the configuration, which Docker calls the image's id.
    pub fn id(&self) -> String {
        Digest::sha256(&self.config).to_string()
    }

    /// An OCI image layout with this image under `tag`.
    pub fn layout(&self, tag: &str) -> Layout {
        self.fill(Layout::new(tag, descriptor(MANIFEST, &self.manifest)))
    }

    /// An archive for `docker load`, which names the image `reference`.
    pub fn docker_archive(&self, reference: &str) -> Vec<u8> {
        let manifest =
            json!([{ "Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"] }]);
        Tar::default()
            .file("manifest.json", &bytes(&manifest))
            .file("config.json", &self.config)
            .file("layer.tar", &self.layer)
            .finish()
    }

    /// Asserts that an archive a client wrote contains the layer, byte by byte.
    ///
    /// # Panics
    /// When it doesn't.
    pub fn assert_layer_in(&self, archive: &[u8]) {
        let mut parts = archive.windows(self.layer.len());
        assert!(parts.any(|part| part == self.layer), "the layer differs from what was pushed");
    }

    fn fill(&self, layout: Layout) -> Layout {
        layout.blob(&self.manifest).blob(&self.config).blob(&self.layer)
    }
}

impl Index {
    /// An index of two images, whose files differ.
    pub fn new(content: &str) -> Self {
        let images: Vec<_> = ["amd64", "arm64"]
            .map(|architecture| Image::new(architecture, &format!("{content} on {architecture}")))
            .into();
        let manifests: Vec<_> = images
            .iter()
            .map(|image| {
                let mut child = descriptor(MANIFEST, &image.manifest);
                child["platform"] = json!({ "os": "linux", "architecture": image.architecture });
                child
            })
            .collect();
        let manifest =
            bytes(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }));
        Self { images, manifest }
    }

    /// The index's digest.
    pub fn digest(&self) -> String {
        Digest::sha256(&self.manifest).to_string()
    }

    /// An OCI image layout with this index under `tag`.
    pub fn layout(&self, tag: &str) -> Layout {
        let layout = Layout::new(tag, descriptor(INDEX, &self.manifest)).blob(&self.manifest);
        self.images.iter().fold(layout, |layout, image| image.fill(layout))
    }
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": Digest::sha256(content).to_string(),
        "size": content.len(),
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
