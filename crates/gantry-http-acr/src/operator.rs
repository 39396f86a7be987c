//! What the operator's commands ask a registry for: all of `/acr/v1/`, and deleting a manifest, which
//! ACR has under `/v2/`.

use gantry_oci::{EndpointError, ManifestVerb, Reference};
use http::Method;

use crate::{Endpoint, Verb, is_for};

/// Whether an operator's request with that path is answered here.
pub fn is_for_operator(path: &str) -> bool {
    is_for(path) || path.starts_with("/v2/")
}

/// What an operator's request asks for.
pub(crate) fn endpoint(method: &Method, path: &str) -> Result<Endpoint, EndpointError> {
    if is_for(path) {
        return Endpoint::parse(method, path);
    }
    match gantry_oci::Endpoint::parse(method, path)? {
        gantry_oci::Endpoint::Manifest {
            verb: ManifestVerb::Delete,
            name,
            reference: Reference::Digest(digest),
        } => Ok(Endpoint::Manifest { verb: Verb::Delete, name, digest }),
        _ => Err(EndpointError::UnknownPath),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_registry_protocol_manifests_are_deleted() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let manifest = format!("/v2/team/app/manifests/{digest}");
        let found = endpoint(&Method::DELETE, &manifest).unwrap();
        let (verb, name) = (Verb::Delete, "team/app".parse().unwrap());
        assert_eq!(found, Endpoint::Manifest { verb, name, digest: digest.parse().unwrap() });
        for (method, path) in [
            (Method::GET, &*manifest),
            (Method::DELETE, "/v2/team/app/manifests/v1"),
            (Method::GET, "/v2/_catalog"),
        ] {
            assert!(endpoint(&method, path).is_err(), "{method} {path}");
        }
        assert_eq!(endpoint(&Method::GET, "/acr/v1/_catalog"), Ok(Endpoint::Catalog));
    }
}
