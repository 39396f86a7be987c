//! The wire shapes of manifests. Only what a registry reads is here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{ManifestError, kind_of};
use crate::descriptor::or_default;
use crate::json::JsonError;
use crate::{Descriptor, Digest, MediaType};

/// What tells which kind of manifest a document is. `null` counts as absent, as in Go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    schema_version: Option<u64>,
    media_type: Option<String>,
    config: Option<Typed>,
    layers: Option<IgnoredAny>,
    manifests: Option<IgnoredAny>,
    blobs: Option<IgnoredAny>,
    fs_layers: Option<IgnoredAny>,
    signatures: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    media_type: Option<String>,
}

/// An OCI image manifest or a Docker schema 2 manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) config: Descriptor,
    #[serde(deserialize_with = "or_default")]
    pub(super) layers: Vec<Descriptor>,
    pub(super) artifact_type: Option<String>,
    pub(super) subject: Option<Descriptor>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// An OCI index or a Docker manifest list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    #[serde(deserialize_with = "or_default")]
    pub(super) manifests: Vec<Descriptor>,
    pub(super) artifact_type: Option<String>,
    pub(super) subject: Option<Descriptor>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// The withdrawn OCI artifact manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) blobs: Vec<Descriptor>,
    pub(super) artifact_type: Option<String>,
    pub(super) subject: Option<Descriptor>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// A Docker schema 1 manifest, signed or not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schema1 {
    #[serde(deserialize_with = "or_default")]
    pub(super) fs_layers: Vec<FsLayer>,
}

/// A layer of schema 1.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FsLayer {
    pub(super) blob_sum: Digest,
}

/// Reads a document that has passed the [rule](super::rule).
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ManifestError> {
    serde_json::from_str(text).map_err(|e| ManifestError::Json(JsonError::Form(e.to_string())))
}

impl Head {
    /// Refuses a document that one client may take for an image and another for
    /// an index, or for any other two kinds (CVE-2021-41190).
    pub(super) fn check_unambiguous(&self) -> Result<(), ManifestError> {
        let image = if self.config.is_some() { "config" } else { "layers" };
        let mut kinds = [
            (image, self.config.is_some() || self.layers.is_some()),
            ("manifests", self.manifests.is_some()),
            ("blobs", self.blobs.is_some()),
            ("fsLayers", self.fs_layers.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, present)| present.then_some(field));
        match (kinds.next(), kinds.next()) {
            (Some(one), Some(other)) => Err(ManifestError::Ambiguous(one, other)),
            _ => Ok(()),
        }
    }

    /// The type to store the manifest by.
    pub(super) fn media_type(
        &self,
        content_type: Option<&MediaType>,
    ) -> Result<MediaType, ManifestError> {
        let vague = [MediaType::JSON, MediaType::OCTET_STREAM];
        let declared = content_type.filter(|declared| !vague.contains(declared));
        if let Some(declared) = declared.filter(|declared| kind_of(declared).is_none()) {
            return Err(ManifestError::UnknownMediaType(declared.to_string()));
        }
        let document = self.media_type.as_deref().filter(|text| !text.is_empty());
        match (declared, document) {
            // Compared as text: a client that compares the two will do no less.
            (Some(declared), Some(text)) if declared.as_str() != text => {
                Err(ManifestError::MediaTypeMismatch {
                    content_type: declared.clone(),
                    document: text.to_owned(),
                })
            }
            (Some(declared), _) => Ok(declared.clone()),
            (None, Some(text)) => text
                .parse()
                .ok()
                .filter(|own: &MediaType| own.as_str() == text && kind_of(own).is_some())
                .ok_or_else(|| ManifestError::UnknownMediaType(text.to_owned())),
            (None, None) => self.inferred().ok_or(ManifestError::NoMediaType),
        }
    }

    /// The type that a document without any has by its form. All others state theirs.
    fn inferred(&self) -> Option<MediaType> {
        match self.schema_version? {
            1 if self.fs_layers.is_some() && self.signatures.is_some() => {
                Some(MediaType::DOCKER_SCHEMA1_SIGNED)
            }
            1 if self.fs_layers.is_some() => Some(MediaType::DOCKER_SCHEMA1),
            2 if self.config.is_some() => Some(MediaType::OCI_MANIFEST),
            2 if self.manifests.is_some() => Some(MediaType::OCI_INDEX),
            _ => None,
        }
    }

    /// Checks that the version is the type's own.
    pub(super) fn check_schema_version(&self, media_type: &MediaType) -> Result<(), ManifestError> {
        let is = |types: &[MediaType]| types.contains(media_type);
        let expected =
            if is(&[MediaType::DOCKER_SCHEMA1, MediaType::DOCKER_SCHEMA1_SIGNED]) { 1 } else { 2 };
        match self.schema_version {
            Some(version) if version == expected => Ok(()),
            // The withdrawn artifact manifest had no version.
            None if is(&[MediaType::OCI_ARTIFACT_MANIFEST]) => Ok(()),
            _ => Err(ManifestError::SchemaVersion { expected }),
        }
    }

    /// The text of the config's type.
    pub(super) fn config_type(&self) -> Option<&str> {
        self.config.as_ref()?.media_type.as_deref()
    }
}
