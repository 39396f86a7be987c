//! Descriptors: how one piece of content names another.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Digest, MediaType};

/// Names content by type, digest and size (image-spec, "Content Descriptors").
///
/// Fields that the spec does not know are dropped, and so are absent and `null`
/// ones, which Go programs write for what they leave out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The type of the content.
    pub media_type: MediaType,
    /// The digest of the content.
    pub digest: Digest,
    /// The size of the content in bytes; it fits an `i64`, the spec's own type.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    /// Where else the content may be had. Never fetched from here.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free metadata about the content.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What kind of artifact a manifest holds: free text, although it should be a media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What a manifest's content runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The content itself in base64, as some clients embed it when it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What an image runs on (image-spec, "Image Index").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Platform {
    /// The CPU, in Go's words: `amd64`, `arm64` …
    #[serde(default, deserialize_with = "or_default")]
    pub architecture: String,
    /// The operating system, in Go's words: `linux`, `windows` …
    #[serde(default, deserialize_with = "or_default")]
    pub os: String,
    /// The version of the operating system.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The variant of the CPU, such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Descriptor {
    /// The fields that carry meaning, as they are spelt.
    pub(crate) const FIELDS: [&str; 8] =
        ["mediaType", "digest", "size", "urls", "annotations", "artifactType", "platform", "data"];

    /// A descriptor of content with no more to tell than this.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            artifact_type: None,
            platform: None,
            data: None,
        }
    }

    /// Whether the embedded content, if there is any, is what the digest and size
    /// name. The image-spec says it must be; a client may read it in place of the blob.
    pub fn data_is_true(&self) -> bool {
        // An empty text is what Go programs read as none.
        let Some(data) = self.data.as_deref().filter(|data| !data.is_empty()) else {
            return true;
        };
        STANDARD.decode(data).is_ok_and(|content| {
            content.len() as u64 == self.size
                && Digest::of(self.digest.algorithm(), &content) == self.digest
        })
    }
}

impl Platform {
    /// The fields that carry meaning, as they are spelt.
    pub(crate) const FIELDS: [&str; 5] =
        ["architecture", "os", "os.version", "os.features", "variant"];
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(deserializer)?;
    if i64::try_from(size).is_err() {
        return Err(serde::de::Error::custom("size is larger than an int64"));
    }
    Ok(size)
}

/// Reads `null` as the default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_JSON: &str = r#"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}"#;

    #[test]
    fn prints_what_it_read() {
        let full = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"urls":["https://example.org/"],"annotations":{"a":"b"},"artifactType":"sbom/Example","platform":{"architecture":"arm64","os":"windows","os.version":"10","os.features":["win32k"],"variant":"v8"}}"#;
        for text in [EMPTY_JSON, full] {
            let descriptor: Descriptor = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&descriptor).unwrap(), text);
        }
    }

    #[test]
    fn null_is_absent_and_unknown_fields_are_dropped() {
        let text = EMPTY_JSON.replace(
            r#","data":"e30=""#,
            r#","data":null,"urls":null,"annotations":null,"artifactType":null,"platform":null,"org.example":[1]"#,
        );
        let descriptor: Descriptor = serde_json::from_str(&text).unwrap();
        assert_eq!(descriptor, Descriptor::new(MediaType::OCI_EMPTY, Digest::sha256(b"{}"), 2));
    }

    #[test]
    fn sizes_outside_int64_are_refused() {
        for (size, fits) in [
            ("0", true),
            ("9223372036854775807", true),
            ("9223372036854775808", false),
            ("-1", false),
            ("2.0", false),
            ("\"2\"", false),
            ("null", false),
        ] {
            let text = EMPTY_JSON.replace(r#""size":2"#, &format!(r#""size":{size}"#));
            assert_eq!(serde_json::from_str::<Descriptor>(&text).is_ok(), fits, "{size}");
        }
    }

    #[test]
    fn embedded_data_must_be_the_content() {
        let descriptor: Descriptor = serde_json::from_str(EMPTY_JSON).unwrap();
        assert!(descriptor.data_is_true());
        for (data, size) in [("e31=", 2), ("e30", 2), ("W10=", 2), ("e30=", 3), ("!", 2)] {
            let other = Descriptor { data: Some(data.into()), size, ..descriptor.clone() };
            assert!(!other.data_is_true(), "{data} of {size}");
        }
        assert!(Descriptor { data: Some(String::new()), ..descriptor }.data_is_true());
    }
}
