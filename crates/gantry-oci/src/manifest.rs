//! Manifests: the parsed view of what a client pushed.
//!
//! A registry keeps the bytes and reads only what it must know: what the manifest
//! names, what it refers to, and how it is listed. What it reads is read in the
//! one way that every other parser would: see [`json`](crate::json) for
//! ambiguous JSON, and below for ambiguous manifests.

mod document;
mod names;
mod rule;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::json::JsonError;
use crate::{Descriptor, Digest, MediaType};
use document::Head;
use names::Names;

/// The largest manifest, in bytes: what the distribution-spec says that every
/// registry should be expected to take.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// How many descriptors a manifest may have.
pub const MAX_DESCRIPTORS: usize = 10_000;

/// How long an `artifactType` may be, in bytes: as long as a media type.
pub const MAX_ARTIFACT_TYPE: usize = MediaType::MAX_LEN;

/// What a manifest says. Only [`Manifest::parse`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Manifest {
    /// The exact type it is stored and served by.
    pub media_type: MediaType,
    /// Its kind.
    pub kind: ManifestKind,
    /// The blobs it names, each digest once, in the document's order, config first.
    ///
    /// An index has some too if it lists entries that are no manifests, as build
    /// caches do.
    pub blobs: Vec<BlobRef>,
    /// The manifests that it, being an index, lists: each digest once, in the
    /// document's order.
    pub children: Vec<Descriptor>,
    /// The manifest that it refers to, which need not exist.
    pub subject: Option<Descriptor>,
    /// The type by which it is listed as a referrer: its `artifactType`, else the
    /// type of an image's config (distribution-spec, "Listing Referrers").
    pub artifact_type: Option<String>,
    /// Its own annotations.
    pub annotations: BTreeMap<String, String>,
    /// An image's config; it is the first of the blobs.
    pub config: Option<Descriptor>,
}

/// The kinds of manifest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ManifestKind {
    /// A config and layers: OCI image manifests and Docker schema 2.
    Image,
    /// A list of manifests: OCI indexes and Docker manifest lists.
    Index,
    /// The withdrawn OCI artifact manifest: blobs without a config.
    Artifact,
    /// Docker schema 1, signed or not: layers of unknown size.
    Schema1,
}

/// A blob that a manifest names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlobRef {
    /// Its digest.
    pub digest: Digest,
    /// Its size, which schema 1 doesn't tell.
    pub size: Option<u64>,
    /// Its type, which schema 1 doesn't tell.
    pub media_type: Option<MediaType>,
    /// Whether the repository must hold it; layers that are not to be distributed
    /// may be missing.
    pub required: bool,
}

/// Why bytes are no acceptable manifest.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ManifestError {
    /// Larger than [`MAX_MANIFEST_BYTES`].
    #[error("manifest is larger than {MAX_MANIFEST_BYTES} bytes")]
    TooLarge,
    /// Not JSON that all parsers read alike, or not of the form of its type.
    #[error(transparent)]
    Json(JsonError),
    /// The declared type is none of a manifest.
    #[error("`{0}` is not the media type of a manifest that this registry takes")]
    UnknownMediaType(String),
    /// No type is declared, and the document's form tells none.
    #[error("no Content-Type of a manifest was given, and the document tells none")]
    NoMediaType,
    /// The document says that it is something else than the request says.
    #[error("mediaType `{document}` differs from Content-Type `{content_type}`")]
    MediaTypeMismatch {
        /// The request's type.
        content_type: MediaType,
        /// The document's type, as it is written there.
        document: String,
    },
    /// It has fields of several kinds of manifest, so that clients could take it
    /// for one or the other (CVE-2021-41190).
    #[error("manifest has fields of two kinds of manifest: `{0}` and `{1}`")]
    Ambiguous(&'static str, &'static str),
    /// The `schemaVersion` is not that of its type.
    #[error("schemaVersion must be {expected}")]
    SchemaVersion {
        /// What it must be.
        expected: u64,
    },
    /// More than [`MAX_DESCRIPTORS`].
    #[error("manifest has more than {MAX_DESCRIPTORS} descriptors")]
    TooManyDescriptors,
    /// Two descriptors of one digest tell different sizes.
    #[error("manifest gives {0} two different sizes")]
    SizeConflict(Digest),
    /// A descriptor's embedded data is not the content it names.
    #[error("embedded data of {0} is not base64 of the content with this digest and size")]
    DataMismatch(Digest),
    /// Longer than [`MAX_ARTIFACT_TYPE`].
    #[error("artifactType is longer than {MAX_ARTIFACT_TYPE} bytes")]
    ArtifactTypeTooLong,
}

impl Manifest {
    /// Parses a manifest pushed with this `Content-Type`.
    ///
    /// Where the type is absent or says nothing (`application/json`,
    /// `application/octet-stream`), the document's own `mediaType` decides, or else
    /// its form.
    pub fn parse(content_type: Option<&MediaType>, bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge);
        }
        let text = rule::check(bytes).map_err(ManifestError::Json)?;
        let head: Head = document::read(text)?;
        head.check_unambiguous()?;
        let media_type = head.media_type(content_type)?;
        head.check_schema_version(&media_type)?;
        let manifest = match kind_of(&media_type) {
            Some(ManifestKind::Image) => Self::image(media_type, text, head.config_type()),
            Some(ManifestKind::Index) => Self::index(media_type, text),
            Some(ManifestKind::Artifact) => Self::artifact(media_type, text),
            Some(ManifestKind::Schema1) => Self::schema1(media_type, text),
            None => Err(ManifestError::UnknownMediaType(media_type.to_string())),
        }?;
        match &manifest.artifact_type {
            Some(text) if text.len() > MAX_ARTIFACT_TYPE => Err(ManifestError::ArtifactTypeTooLong),
            _ => Ok(manifest),
        }
    }

    fn image(
        media_type: MediaType,
        text: &str,
        config_type: Option<&str>,
    ) -> Result<Self, ManifestError> {
        let image: document::Image = document::read(text)?;
        let mut names = Names::default();
        names.blob(&image.config)?;
        for layer in &image.layers {
            names.layer(layer)?;
        }
        let mut manifest = Self::empty(media_type, ManifestKind::Image);
        // The type of the config is listed as it is written, so not from the parsed descriptor.
        manifest.artifact_type = non_empty(image.artifact_type).or(config_type.map(str::to_owned));
        // Docker's schema 2 has neither a subject nor annotations.
        if manifest.media_type == MediaType::OCI_MANIFEST {
            manifest.subject = names.subject(image.subject)?;
            manifest.annotations = image.annotations;
        }
        manifest.config = Some(image.config);
        manifest.blobs = names.blobs;
        Ok(manifest)
    }

    fn index(media_type: MediaType, text: &str) -> Result<Self, ManifestError> {
        let index: document::Index = document::read(text)?;
        let mut names = Names::default();
        for entry in index.manifests {
            // The image-spec says that an unknown type is no error. Nothing of such
            // a type can be a manifest here, so it is a blob: build caches list
            // their layers in an index.
            if entry.media_type.is_manifest() {
                names.child(entry)?;
            } else {
                names.blob(&entry)?;
            }
        }
        let mut manifest = Self::empty(media_type, ManifestKind::Index);
        if manifest.media_type == MediaType::OCI_INDEX {
            manifest.artifact_type = non_empty(index.artifact_type);
            manifest.subject = names.subject(index.subject)?;
            manifest.annotations = index.annotations;
        }
        manifest.blobs = names.blobs;
        manifest.children = names.children;
        Ok(manifest)
    }

    fn artifact(media_type: MediaType, text: &str) -> Result<Self, ManifestError> {
        let artifact: document::Artifact = document::read(text)?;
        let mut names = Names::default();
        for blob in &artifact.blobs {
            names.layer(blob)?;
        }
        let mut manifest = Self::empty(media_type, ManifestKind::Artifact);
        manifest.artifact_type = non_empty(artifact.artifact_type);
        manifest.subject = names.subject(artifact.subject)?;
        manifest.annotations = artifact.annotations;
        manifest.blobs = names.blobs;
        Ok(manifest)
    }

    fn schema1(media_type: MediaType, text: &str) -> Result<Self, ManifestError> {
        let schema1: document::Schema1 = document::read(text)?;
        let mut names = Names::default();
        for layer in &schema1.fs_layers {
            names.blob_of_unknown_size(layer.blob_sum)?;
        }
        let mut manifest = Self::empty(media_type, ManifestKind::Schema1);
        manifest.blobs = names.blobs;
        Ok(manifest)
    }

    fn empty(media_type: MediaType, kind: ManifestKind) -> Self {
        Self {
            media_type,
            kind,
            blobs: Vec::new(),
            children: Vec::new(),
            subject: None,
            artifact_type: None,
            annotations: BTreeMap::new(),
            config: None,
        }
    }
}

/// The kind of a media type, if it is one of a manifest.
fn kind_of(media_type: &MediaType) -> Option<ManifestKind> {
    let is = |types: &[MediaType]| types.contains(media_type);
    if media_type.is_index() {
        Some(ManifestKind::Index)
    } else if is(&[MediaType::OCI_MANIFEST, MediaType::DOCKER_MANIFEST]) {
        Some(ManifestKind::Image)
    } else if is(&[MediaType::OCI_ARTIFACT_MANIFEST]) {
        Some(ManifestKind::Artifact)
    } else if is(&[MediaType::DOCKER_SCHEMA1, MediaType::DOCKER_SCHEMA1_SIGNED]) {
        Some(ManifestKind::Schema1)
    } else {
        None
    }
}

/// Go programs write an empty text for what they leave out.
fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
