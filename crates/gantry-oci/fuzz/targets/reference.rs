//! The words: references, digests, tags, names and media types print as they parsed.
#![no_main]

use gantry_oci::{Algorithm, Digest, MediaType, Reference, RepositoryName, Tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string(), text);
        assert_eq!(reference.as_digest().copied(), text.parse::<Digest>().ok());
        assert_eq!(reference.as_tag().cloned(), text.parse::<Tag>().ok());
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
        assert_eq!(digest.hex().len(), 2 * digest.as_bytes().len());
    }
    if let Ok(name) = text.parse::<RepositoryName>() {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains("..") && !text.contains("//") && !text.starts_with(['/', '.', '_']));
    }
    if let Ok(media_type) = text.parse::<MediaType>() {
        assert_eq!(media_type.as_str().parse(), Ok(media_type));
    }
    let digest = Digest::of(Algorithm::Sha512, text.as_bytes());
    assert_eq!(digest.to_string().parse(), Ok(digest));
});
