//! Media types, and what the registry knows of the ones that matter to it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;

/// A media type such as `application/vnd.oci.image.manifest.v1+json`: RFC 6838's
/// `type/subtype`, in lower case, without parameters.
///
/// Parsing drops parameters (`; charset=utf-8`) and surrounding space, and folds
/// case, as RFC 6838 §4.2 says that names are equal whatever their case. Any type
/// is welcome; only those of manifests mean something to a registry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(Cow<'static, str>);

/// Why a text is no [`MediaType`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MediaTypeError {
    /// Longer than [`MediaType::MAX_LEN`] bytes, parameters included.
    #[error("media type is longer than 255 bytes")]
    TooLong,
    /// Not of the form `type/subtype`.
    #[error("not a media type: expected `type/subtype` as in RFC 6838")]
    Malformed,
}

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl MediaType {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)*
        }

        /// The text, where it is one of the types named here, so that holding one
        /// of those costs no allocation.
        fn known(text: &str) -> Option<&'static str> {
            match text {
                $($text => Some($text),)*
                _ => None,
            }
        }
    };
}

known! {
    /// An OCI image manifest.
    OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI image index.
    OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    /// The artifact manifest that OCI 1.1 withdrew before its release.
    OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";
    /// An OCI image configuration.
    OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    /// The empty JSON object that stands in where there is no config or layer.
    OCI_EMPTY = "application/vnd.oci.empty.v1+json";
    /// An OCI layer, not compressed.
    OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    /// An OCI layer with gzip.
    OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// An OCI layer with zstd.
    OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// An OCI layer not to be distributed (deprecated in OCI 1.1).
    OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    /// The same with gzip.
    OCI_FOREIGN_LAYER_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    /// The same with zstd.
    OCI_FOREIGN_LAYER_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
    /// A Docker image manifest, version 2, schema 2.
    DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    /// A Docker manifest list.
    DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// A Docker manifest, version 2, schema 1, unsigned.
    DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json";
    /// A Docker manifest, version 2, schema 1, signed by its own form of JWS.
    DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// A Docker image configuration.
    DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
    /// A Docker layer with gzip.
    DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// A Docker layer not to be distributed, as Windows base images have.
    DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    /// JSON of any kind.
    JSON = "application/json";
    /// Bytes of any kind.
    OCTET_STREAM = "application/octet-stream";
}

impl MediaType {
    /// The length of the longest text that parses, in bytes: RFC 6838 bounds each
    /// of the two names at 127.
    pub const MAX_LEN: usize = 255;

    /// The type as text: lower case, no parameters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the type of a manifest that holds manifests: an OCI index or
    /// a Docker manifest list.
    pub fn is_index(&self) -> bool {
        [Self::OCI_INDEX, Self::DOCKER_MANIFEST_LIST].contains(self)
    }

    /// Whether it is the type of a manifest of any kind, indexes included.
    pub fn is_manifest(&self) -> bool {
        const OTHERS: [MediaType; 5] = [
            MediaType::OCI_MANIFEST,
            MediaType::DOCKER_MANIFEST,
            MediaType::OCI_ARTIFACT_MANIFEST,
            MediaType::DOCKER_SCHEMA1,
            MediaType::DOCKER_SCHEMA1_SIGNED,
        ];
        self.is_index() || OTHERS.contains(self)
    }

    /// Whether it is the type of a layer that its owner forbids to distribute, and
    /// that a registry may therefore lack.
    pub fn is_nondistributable(&self) -> bool {
        self.0.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar")
            || self.0.starts_with("application/vnd.docker.image.rootfs.foreign.diff.tar")
    }
}

impl FromStr for MediaType {
    type Err = MediaTypeError;

    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        if text.len() > Self::MAX_LEN {
            return Err(MediaTypeError::TooLong);
        }
        let essence = text.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
        if let Some(known) = known(essence) {
            return Ok(Self(Cow::Borrowed(known)));
        }
        match essence.split_once('/') {
            Some((kind, subtype)) if is_restricted_name(kind) && is_restricted_name(subtype) => {
                let folded = essence.to_ascii_lowercase();
                Ok(Self(known(&folded).map_or(Cow::Owned(folded), Cow::Borrowed)))
            }
            _ => Err(MediaTypeError::Malformed),
        }
    }
}

/// RFC 6838 §4.2: `restricted-name`.
fn is_restricted_name(name: &str) -> bool {
    const MAX_LEN: usize = 127;
    let wanted = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    name.len() <= MAX_LEN
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && name.bytes().all(wanted)
}

impl AsRef<str> for MediaType {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

serde_as_text!(MediaType, "a media type");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_space_and_case_are_dropped() {
        for text in [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.index.v1+json; charset=utf-8",
            " application/vnd.OCI.image.index.v1+JSON ;x",
        ] {
            assert_eq!(text.parse(), Ok(MediaType::OCI_INDEX), "{text}");
        }
        assert_eq!("Text/X-Mine".parse::<MediaType>().unwrap().as_str(), "text/x-mine");
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "", "/", "a", "a/", "/b", "a/b/c", "a b/c", "a/b,c/d", "é/b", "*/*", "a/\0", ";a/b",
            ".a/b",
        ] {
            assert_eq!(text.parse::<MediaType>(), Err(MediaTypeError::Malformed), "{text:?}");
        }
        let (half, over) = ("a".repeat(127), "a".repeat(128));
        assert!(format!("{half}/{half}").parse::<MediaType>().is_ok());
        assert!(format!("a/{over}").parse::<MediaType>().is_err());
        let long = format!("a/b;{}", "x".repeat(252));
        assert_eq!(long.parse::<MediaType>(), Err(MediaTypeError::TooLong));
    }

    #[test]
    fn manifests_and_indexes_are_told_from_other_types() {
        let (manifest, index, foreign) = (0b100, 0b010, 0b001);
        for (media_type, expected) in [
            (MediaType::OCI_MANIFEST, manifest),
            (MediaType::DOCKER_MANIFEST, manifest),
            (MediaType::OCI_ARTIFACT_MANIFEST, manifest),
            (MediaType::DOCKER_SCHEMA1, manifest),
            (MediaType::DOCKER_SCHEMA1_SIGNED, manifest),
            (MediaType::OCI_INDEX, manifest | index),
            (MediaType::DOCKER_MANIFEST_LIST, manifest | index),
            (MediaType::OCI_FOREIGN_LAYER, foreign),
            (MediaType::OCI_FOREIGN_LAYER_GZIP, foreign),
            (MediaType::OCI_FOREIGN_LAYER_ZSTD, foreign),
            (MediaType::DOCKER_FOREIGN_LAYER, foreign),
            (MediaType::DOCKER_LAYER, 0),
            (MediaType::OCI_LAYER_GZIP, 0),
            (MediaType::OCI_CONFIG, 0),
            (MediaType::OCI_EMPTY, 0),
            (MediaType::JSON, 0),
        ] {
            let bits = |set: bool, bit: i32| if set { bit } else { 0 };
            let got = bits(media_type.is_manifest(), manifest)
                | bits(media_type.is_index(), index)
                | bits(media_type.is_nondistributable(), foreign);
            assert_eq!(got, expected, "{media_type}");
        }
    }
}
