//! Referrers: the list of manifests that refer to one, and the tag by which
//! clients keep that list themselves where a registry doesn't.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::{Descriptor, Digest, MediaType, Tag};

/// The index that answers a request for a manifest's referrers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReferrerIndex {
    /// A descriptor of each referrer, with its `artifactType` and annotations.
    pub manifests: Vec<Descriptor>,
}

impl ReferrerIndex {
    /// The type of the answer.
    pub const MEDIA_TYPE: MediaType = MediaType::OCI_INDEX;
}

impl Serialize for ReferrerIndex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut index = serializer.serialize_struct("ReferrerIndex", 3)?;
        index.serialize_field("schemaVersion", &2)?;
        index.serialize_field("mediaType", &Self::MEDIA_TYPE)?;
        index.serialize_field("manifests", &self.manifests)?;
        index.end()
    }
}

/// The tag under which clients keep the list of a manifest's referrers where the
/// registry doesn't list them (distribution-spec, "Referrers Tag Schema"):
/// `sha256-<hex>`, the hex cut to 64 characters.
pub fn referrers_tag(subject: &Digest) -> Tag {
    const MAX_ENCODED: usize = 64;
    let hex = subject.hex();
    let encoded = &hex[..MAX_ENCODED.min(hex.len())];
    format!("{}-{encoded}", subject.algorithm())
        .parse()
        .expect("an algorithm, a hyphen and up to 64 hex digits are a tag")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Manifest};

    #[test]
    fn the_tag_is_cut_as_the_spec_says() {
        let hex = "a".repeat(128);
        let sha256: Digest = format!("sha256:{}", &hex[..64]).parse().unwrap();
        let sha512: Digest = format!("sha512:{hex}").parse().unwrap();
        assert_eq!(referrers_tag(&sha256).as_str(), format!("sha256-{}", &hex[..64]));
        assert_eq!(referrers_tag(&sha512).as_str(), format!("sha512-{}", &hex[..64]));
    }

    #[test]
    fn the_index_is_one_that_manifests_parse() {
        let empty = serde_json::to_string(&ReferrerIndex::default()).unwrap();
        assert_eq!(
            empty,
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#
        );

        let mut referrer =
            Descriptor::new(MediaType::OCI_MANIFEST, Digest::of(Algorithm::Sha512, b""), 7);
        referrer.artifact_type = Some("application/vnd.example.sbom".into());
        referrer.annotations.insert("a".into(), "b".into());
        let index = ReferrerIndex { manifests: vec![referrer] };
        let text = serde_json::to_string(&index).unwrap();
        let manifest = Manifest::parse(Some(&ReferrerIndex::MEDIA_TYPE), text.as_bytes()).unwrap();
        assert_eq!(manifest.children, index.manifests);
    }
}
