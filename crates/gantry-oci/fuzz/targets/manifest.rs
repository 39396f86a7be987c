//! Manifests: no document makes the parser stumble, and what it tells holds together.
#![no_main]

use std::collections::HashSet;

use gantry_oci::{Manifest, ManifestKind, MediaType};
use libfuzzer_sys::fuzz_target;

const TYPES: [Option<MediaType>; 9] = [
    None,
    Some(MediaType::OCI_MANIFEST),
    Some(MediaType::OCI_INDEX),
    Some(MediaType::OCI_ARTIFACT_MANIFEST),
    Some(MediaType::DOCKER_MANIFEST),
    Some(MediaType::DOCKER_MANIFEST_LIST),
    Some(MediaType::DOCKER_SCHEMA1),
    Some(MediaType::DOCKER_SCHEMA1_SIGNED),
    Some(MediaType::JSON),
];

fuzz_target!(|input: &[u8]| {
    // The last byte picks the type, so that a seed reads as the document it is.
    let Some((&pick, document)) = input.split_last() else { return };
    let content_type = TYPES[usize::from(pick) % TYPES.len()].as_ref();
    let Ok(manifest) = Manifest::parse(content_type, document) else { return };

    assert!(manifest.media_type.is_manifest());
    assert_eq!(manifest.media_type.is_index(), manifest.kind == ManifestKind::Index);
    if let Some(declared) = content_type.filter(|t| **t != MediaType::JSON) {
        assert_eq!(declared, &manifest.media_type);
    }
    let blobs: HashSet<_> = manifest.blobs.iter().map(|blob| blob.digest).collect();
    assert_eq!(blobs.len(), manifest.blobs.len());
    let children: HashSet<_> = manifest.children.iter().map(|child| child.digest).collect();
    assert_eq!(children.len(), manifest.children.len());
    assert_eq!(manifest.config.is_some(), manifest.kind == ManifestKind::Image);
    assert!(manifest.children.is_empty() || manifest.kind == ManifestKind::Index);
    if let Some(config) = &manifest.config {
        assert!(manifest.blobs[0].required && manifest.blobs[0].digest == config.digest);
    }
    // Knowing the type beforehand changes nothing.
    assert_eq!(Manifest::parse(Some(&manifest.media_type), document).as_ref(), Ok(&manifest));
});
