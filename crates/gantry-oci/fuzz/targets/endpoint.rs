//! Paths under `/v2/`: an endpoint that parsed is the one that its own path parses to.
#![no_main]

use gantry_oci::Endpoint;
use http::Method;
use libfuzzer_sys::fuzz_target;

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

fuzz_target!(|input: (u8, &str)| {
    let (method, path) = input;
    let method = &METHODS[usize::from(method) % METHODS.len()];
    let Ok(endpoint) = Endpoint::parse(method, path) else { return };
    let written = match &endpoint {
        Endpoint::Base => "/v2/".to_owned(),
        Endpoint::Catalog => "/v2/_catalog".to_owned(),
        Endpoint::TagList { name } => format!("/v2/{name}/tags/list"),
        Endpoint::Manifest { name, reference, .. } => format!("/v2/{name}/manifests/{reference}"),
        Endpoint::Blob { name, digest, .. } => format!("/v2/{name}/blobs/{digest}"),
        Endpoint::UploadStart { name } => format!("/v2/{name}/blobs/uploads/"),
        Endpoint::Upload { name, id, .. } => format!("/v2/{name}/blobs/uploads/{id}"),
        Endpoint::Referrers { name, digest } => format!("/v2/{name}/referrers/{digest}"),
    };
    assert_eq!(Endpoint::parse(method, &written).as_ref(), Ok(&endpoint));
    assert!(!written.contains(['%', '\\']) && !written.contains("/."));
});
