//! The conformance suite of the OCI distribution-spec, with every optional part
//! switched on: no failures and no skips. The reports stay in `test-artifacts/`.

use std::fs;
use std::path::Path;

use gantry_clients::{PASSWORD, Report, Site, Transport, USER, deployment};

#[test]
fn conforms_to_1_1_over_tls() {
    conforms("1.1", Transport::Tls);
}

#[test]
fn conforms_to_1_1_over_http() {
    conforms("1.1", Transport::Http);
}

#[test]
fn conforms_to_the_draft_over_tls() {
    conforms("dev", Transport::Tls);
}

#[test]
fn conforms_to_the_draft_over_http() {
    conforms("dev", Transport::Http);
}

/// All that the suite can leave out, switched on.
const OPTIONS: [&str; 24] = [
    "API_BLOBS_ATOMIC",
    "API_BLOBS_DELETE",
    "API_BLOBS_DIGEST_HEADER",
    "API_BLOBS_MOUNT_ANONYMOUS",
    "API_BLOBS_UPLOAD_CANCEL",
    "API_MANIFESTS_ATOMIC",
    "API_MANIFESTS_DELETE",
    "API_MANIFESTS_DIGEST_HEADER",
    "API_MANIFESTS_TAG_PARAM",
    "API_REFERRER",
    "API_TAGS_ATOMIC",
    "API_TAGS_DELETE",
    "API_TAGS_LIST",
    "DATA_ARTIFACT",
    "DATA_ARTIFACT_LIST",
    "DATA_CUSTOM_FIELDS",
    "DATA_DATA_FIELD",
    "DATA_EMPTY_BLOB",
    "DATA_NONDISTRIBUTABLE",
    "DATA_NO_LAYERS",
    "DATA_SHA512",
    "DATA_SPARSE",
    "DATA_SUBJECT_LIST",
    "DATA_SUBJECT_MISSING",
];

fn conforms(version: &str, transport: Transport) {
    // Its sparse images name content that is never pushed.
    let site = Site::with(transport, &[("GANTRY_DEFAULT_REGISTRY_SPARSE_CONTENT", "true")]);
    let name = match deployment().as_str() {
        "embedded" => format!("conformance-{version}-{transport:?}").to_lowercase(),
        shared => format!("conformance-{version}-{transport:?}-{shared}").to_lowercase(),
    };
    let artifacts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-artifacts").join(&name);
    // A report of an earlier run must not pass for this one's.
    let _ = fs::remove_dir_all(&artifacts);
    let suite = OPTIONS
        .iter()
        .fold(site.go("conformance"), |suite, option| suite.env(format!("OCI_{option}"), "true"))
        .env("OCI_VERSION", version)
        .env("OCI_REGISTRY", site.host())
        .env("OCI_TLS", if site.is_tls() { "enabled" } else { "disabled" })
        .env("OCI_REPO1", "conformance/repo1")
        .env("OCI_REPO2", "conformance/repo2")
        .env("OCI_USERNAME", USER)
        .env("OCI_PASSWORD", PASSWORD)
        .env("OCI_RESULTS_DIR", &artifacts);

    let said = suite.attempt();

    let junit = fs::read_to_string(artifacts.join("junit.xml"))
        .unwrap_or_else(|error| panic!("the suite left no report ({error}):\n{said}"));
    let report = Report::parse(&junit);
    let Report { tests, passed, failed, skipped } = report;
    eprintln!("totals: {name}: {tests} tests, {passed} passed, {failed} failed, {skipped} skipped");
    assert!(passed > 500, "the suite is smaller than expected: {report:?}");
    let unmet: Vec<_> = said.lines().filter(|line| !line.ends_with(": Pass")).take(120).collect();
    assert!(
        failed + skipped == 0,
        "see {}/report.html:\n{}",
        artifacts.display(),
        unmet.join("\n")
    );
}
