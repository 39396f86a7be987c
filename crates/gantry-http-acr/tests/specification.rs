//! The operations that there are, against those of Microsoft's specification.

use std::collections::BTreeSet;

use gantry_testkit::contract::{Contract, DATA_PLANE, Route};

/// What is served elsewhere, by the beginnings of operations' names, and what describes it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Authentication_", "the token service"),
    ("ContainerRegistryBlob_", "the OCI distribution-spec: blobs"),
    ("ContainerRegistry_CheckDockerV2Support", "the OCI distribution-spec: support"),
    ("ContainerRegistry_GetManifest", "the OCI distribution-spec: manifests"),
    ("ContainerRegistry_CreateManifest", "the OCI distribution-spec: manifests"),
    ("ContainerRegistry_DeleteManifest", "the OCI distribution-spec: manifests"),
];

fn is_elsewhere(route: &Route) -> bool {
    !route.path.starts_with("/acr/v1/")
}

#[test]
fn each_operation_is_there_by_its_name_or_served_elsewhere() {
    let own = Contract::of(gantry_http_acr::openapi());
    let own: BTreeSet<_> = own
        .routes()
        .iter()
        .map(|route| (&*route.id, route.method.as_str(), &*route.path))
        .collect();
    let mut built = 0;
    for route in DATA_PLANE.routes() {
        let named = ELSEWHERE.iter().any(|(start, _)| route.id.starts_with(start));
        let is_there = own.contains(&(&*route.id, route.method.as_str(), &*route.path));
        assert_eq!(is_there, !is_elsewhere(route), "{} {}", route.id, route.path);
        assert!(is_there || named, "{} is nowhere", route.id);
        built += usize::from(is_there);
    }
    assert_eq!(built, 11);
    // What else is described is what `az` asks for besides.
    let besides = own.iter().filter(|(id, ..)| !id.starts_with("ContainerRegistry_"));
    assert_eq!(besides.count(), own.len() - built);
}
