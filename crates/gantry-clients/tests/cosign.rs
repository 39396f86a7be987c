//! Sigstore's `cosign`, with a key pair and without the public services.

use gantry_clients::{Client, Image, PASSWORD, Site, Transport, USER, over_tls_and_http};

over_tls_and_http!(signs_and_verifies, signs_in_the_legacy_format, attests);

fn signs_and_verifies(transport: Transport) {
    let site = Site::new(transport);
    let cosign = Cosign::new(&site);
    let reference = site.push(&Image::new("amd64", "signed"), &site.host(), "v1");

    cosign.run("sign", &[OFFLINE, &["--key=cosign.key"]].concat(), &reference);

    cosign.run("verify", VERIFY, &reference);
    // The signature is a referrer of the image, found by the referrers API.
    let tree = cosign.run("tree", &[], &reference);
    assert!(tree.contains("via OCI referrer"), "{tree}");
    assert!(!tags(&site).contains("sha256-"), "{}", tags(&site));

    let unsigned = site.push(&Image::new("amd64", "unsigned"), &site.host(), "v2");
    let said =
        cosign.client.fails(["verify", &cosign.trust].iter().chain(VERIFY).chain([&&*unsigned]));
    assert!(said.contains("no signatures found"), "{said}");
}

fn signs_in_the_legacy_format(transport: Transport) {
    let site = Site::new(transport);
    let cosign = Cosign::new(&site);
    let reference = site.push(&Image::new("amd64", "signed the old way"), &site.host(), "v1");
    let legacy = &["--key=cosign.key", "--new-bundle-format=false"];

    cosign.run("sign", &[OFFLINE, legacy].concat(), &reference);

    cosign.run("verify", &[VERIFY, &["--new-bundle-format=false"]].concat(), &reference);
    assert!(tags(&site).contains(".sig"), "{}", tags(&site));
}

fn attests(transport: Transport) {
    let site = Site::new(transport);
    let cosign = Cosign::new(&site);
    let reference = site.push(&Image::new("amd64", "attested"), &site.host(), "v1");
    site.file("predicate.json", r#"{"built":"by a test"}"#);
    let predicate =
        &["--key=cosign.key", "--predicate=predicate.json", "--type=https://example.com/built"];

    cosign.run("attest", &[OFFLINE, predicate].concat(), &reference);

    let verify = &["--type=https://example.com/built"];
    cosign.run("verify-attestation", &[VERIFY, verify].concat(), &reference);
}

/// Neither a transparency log nor the file that names one.
const OFFLINE: &[&str] = &["--yes", "--tlog-upload=false", "--use-signing-config=false"];
const VERIFY: &[&str] = &["--key=cosign.pub", "--insecure-ignore-tlog=true"];

struct Cosign {
    client: Client,
    trust: String,
}

impl Cosign {
    fn new(site: &Site) -> Self {
        let client = site.go("cosign").env("COSIGN_PASSWORD", "");
        client.run(["generate-key-pair"]);
        let login = ["login", &site.host(), "--username", USER, "--password-stdin"];
        client.run_with_input(login, PASSWORD);
        let trust = match site.transport {
            Transport::Tls => format!("--registry-cacert={}", site.ca().display()),
            Transport::Http => "--allow-http-registry=true".to_owned(),
        };
        Self { client, trust }
    }

    fn run(&self, command: &str, options: &[&str], reference: &str) -> String {
        self.client.run([command, &self.trust].iter().chain(options).chain([&reference]))
    }
}

fn tags(site: &Site) -> String {
    site.go("crane").run(["ls", &format!("{}/team/app", site.host())])
}
