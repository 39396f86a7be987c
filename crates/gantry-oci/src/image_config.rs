//! Image configs (image-spec, "OCI Image Configuration"): what machine an image is for.

use serde::Deserialize;

use crate::MediaType;

/// The longest name of a processor or system, in bytes.
const LONGEST: usize = 64;

/// What an image's config says that the image is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ImagePlatform {
    /// The processor.
    #[serde(default)]
    pub architecture: Option<String>,
    /// The operating system.
    #[serde(default)]
    pub os: Option<String>,
}

impl ImagePlatform {
    /// Whether configs of that type say it.
    pub fn is_in(media_type: &MediaType) -> bool {
        *media_type == MediaType::OCI_CONFIG || *media_type == MediaType::DOCKER_CONFIG
    }

    /// Reads a config; `None` where it isn't one. A name that is empty or too long is left out.
    pub fn parse(config: &[u8]) -> Option<Self> {
        let said: Self = serde_json::from_slice(config).ok()?;
        let named = |name: &String| !name.is_empty() && name.len() <= LONGEST;
        Some(Self { architecture: said.architecture.filter(named), os: said.os.filter(named) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_names_its_machine() {
        let parse = |text: &str| ImagePlatform::parse(text.as_bytes());
        let linux = parse(r#"{"architecture":"arm64","os":"linux","rootfs":{}}"#).unwrap();
        assert_eq!(linux.architecture.as_deref(), Some("arm64"));
        assert_eq!(linux.os.as_deref(), Some("linux"));
        assert_eq!(parse("{}"), Some(ImagePlatform::default()));
        assert_eq!(parse(r#"{"os":""}"#), Some(ImagePlatform::default()));
        let long = format!(r#"{{"os":"{}"}}"#, "x".repeat(65));
        assert_eq!(parse(&long), Some(ImagePlatform::default()));
        for other in ["", "1", "\u{1f}gzip", r#"{"os":1}"#] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
