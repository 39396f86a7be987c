//! The Notary Project's `notation`, with a self-signed test certificate.

use gantry_clients::{Client, Image, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(signs_and_verifies, signs_with_a_fallback_tag);

fn signs_and_verifies(transport: Transport) {
    signs(transport, "--force-referrers-tag=false");
}

/// Notation can keep the list of signatures under a tag, as clients do with
/// registries that lack the referrers API; the registry's answer includes those.
fn signs_with_a_fallback_tag(transport: Transport) {
    signs(transport, "--force-referrers-tag=true");
}

fn signs(transport: Transport, mode: &str) {
    let site = Site::new(transport);
    let notation = notation(&site);
    let reference = site.push(&Image::new("amd64", "signed"), &host(&site), "v1");

    notation.run(["sign", mode, &http(&site), &reference]);
    notation.run(["sign", mode, "--signature-format=cose", &http(&site), &reference]);

    let verified = notation.run(["verify", &http(&site), &reference]);
    assert!(verified.contains("Successfully verified"), "{verified}");
    let listed = notation.run(["list", &http(&site), &reference]);
    assert_eq!(listed.matches("sha256:").count(), 3, "one image, two signatures: {listed}");

    let unsigned = site.push(&Image::new("amd64", "unsigned"), &host(&site), "v2");
    notation.fails(["verify", &http(&site), &unsigned]);
}

/// A client with a test certificate, which its policy trusts.
fn notation(site: &Site) -> Client {
    let notation =
        site.go("notation").env("NOTATION_USERNAME", USER).env("NOTATION_PASSWORD", PASSWORD);
    notation.run(["cert", "generate-test", "--default", "test"]);
    site.file(
        ".config/notation/trustpolicy.json",
        r#"{
            "version": "1.0",
            "trustPolicies": [{
                "name": "all",
                "registryScopes": ["*"],
                "signatureVerification": { "level": "strict" },
                "trustStores": ["ca:test"],
                "trustedIdentities": ["*"]
            }]
        }"#,
    );
    notation
}

fn http(site: &Site) -> String {
    format!("--insecure-registry={}", !site.is_tls())
}

/// The registry's name: for `localhost`, notation speaks plain HTTP whatever it is told.
fn host(site: &Site) -> String {
    match site.transport {
        Transport::Tls => format!("127.0.0.1:{}", site.port()),
        Transport::Http => site.host(),
    }
}
