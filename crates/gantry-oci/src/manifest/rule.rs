//! Where parsers of manifests could read one document differently, and the rule
//! that leaves them no choice.
//!
//! Go's JSON decoder, which nearly every client uses, takes `Layers` for `layers`;
//! others don't. Ours, as serde derives it, takes an array for a struct; others
//! don't. Either would let a manifest name one blob here and another there.

use super::MAX_MANIFEST_BYTES;
use crate::json::{self, JsonError};
use crate::{Descriptor, descriptor::Platform};

/// What a value in a manifest is, by where it stands.
#[derive(Clone, Copy)]
enum Place {
    Manifest,
    Descriptors,
    Descriptor,
    Platform,
    FsLayers,
    FsLayer,
    /// Whatever nothing here reads as an object.
    Other,
}

/// The fields of manifests that carry meaning, as they are spelt.
const MANIFEST: [&str; 11] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "blobs",
    "subject",
    "annotations",
    "fsLayers",
    "signatures",
];

/// Checks a manifest's JSON and returns it as text.
pub(super) fn check(bytes: &[u8]) -> Result<&str, JsonError> {
    json::check_with(bytes, MAX_MANIFEST_BYTES, Place::Manifest)
}

impl Place {
    /// The fields to be spelt exactly.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => &MANIFEST,
            Self::Descriptor => &Descriptor::FIELDS,
            Self::Platform => &Platform::FIELDS,
            Self::FsLayer => &["blobSum"],
            Self::Descriptors | Self::FsLayers | Self::Other => &[],
        }
    }
}

impl json::Rule for Place {
    fn member(self, key: &str) -> Result<Self, String> {
        if let Some(field) =
            self.fields().iter().find(|field| folds_to(key, field) && key != **field)
        {
            return Err(format!("field {key:?} must be spelt `{field}`"));
        }
        Ok(match (self, key) {
            (Self::Manifest, "config" | "subject") => Self::Descriptor,
            (Self::Manifest, "layers" | "manifests" | "blobs") => Self::Descriptors,
            (Self::Manifest, "fsLayers") => Self::FsLayers,
            (Self::Descriptor, "platform") => Self::Platform,
            _ => Self::Other,
        })
    }

    fn element(self) -> Result<Self, String> {
        match self {
            Self::Descriptors => Ok(Self::Descriptor),
            Self::FsLayers => Ok(Self::FsLayer),
            Self::Other => Ok(Self::Other),
            Self::Manifest | Self::Descriptor | Self::Platform | Self::FsLayer => {
                Err("manifest has an array where an object belongs".to_owned())
            }
        }
    }
}

/// Whether Go's decoder would take `key` for the ASCII `field`: equal but for case,
/// under Unicode's simple folding, by which two letters outside ASCII equal `s` and `k`.
fn folds_to(key: &str, field: &str) -> bool {
    let fold = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(field.chars().map(fold))
}
