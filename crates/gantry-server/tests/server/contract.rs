//! What is answered, and what is accepted, against the schemas of our own descriptions and of Microsoft's
//! specifications: each call that a test makes is held against both.

use std::sync::LazyLock;

use gantry_testkit::contract::{Contract, DATA_PLANE, REGISTRY};
use http::Method;
use serde_json::Value;

static OWN: LazyLock<Contract> = LazyLock::new(|| Contract::of(gantry_http_arm::openapi()));
static OWN_CONTENT: LazyLock<Contract> = LazyLock::new(|| Contract::of(gantry_http_acr::openapi()));

/// What is accepted that the specification hasn't: how its complaint begins, and why.
const BEYOND: &[(&str, &str)] = &[
    ("CacheRules_Update request: /properties/credentialSetResourceId: null", "it is taken away"),
    ("Registries_CheckNameAvailability request: /name", "the answer says that it is no name"),
    ("Registries_Create request: : \"location\" is a required property", "it is the server's"),
    ("Registries_Create request: /sku/name: \"standard\"", "words are the same regardless of case"),
];

/// Fails unless a call of the management API was answered as both documents say, and what it sent is what they take, if it was
/// accepted. What is answered to what isn't an operation is an error in ARM's form.
pub(crate) fn check(method: &Method, path: &str, sent: &Value, status: u16, answer: &Value) {
    hold([&OWN, &REGISTRY], method, path, sent, status, answer);
}

/// The same of a call of a registry's own interface, beside the OCI distribution-spec's.
pub(crate) fn check_content(
    method: &Method,
    path: &str,
    sent: &Value,
    status: u16,
    answer: &Value,
) {
    if !path.starts_with("/acr/v1/") {
        return;
    }
    let path = path.split('?').next().unwrap_or_default().replace("team/app", "team%2Fapp");
    hold([&OWN_CONTENT, &DATA_PLANE], method, &path, sent, status, answer);
}

fn hold(
    contracts: [&Contract; 2],
    method: &Method,
    path: &str,
    sent: &Value,
    status: u16,
    answer: &Value,
) {
    assert!(status < 500, "{method} {path}: {status} {answer}");
    let mut faults = Vec::new();
    for contract in contracts {
        faults.extend(contract.faults_of_answer(method, path, status, answer));
        if status < 300 && !sent.is_null() {
            faults.extend(contract.faults_of_request(method, path, sent));
        }
    }
    faults.retain(|fault| BEYOND.iter().all(|(start, _)| !fault.starts_with(start)));
    assert!(faults.is_empty(), "{method} {path}: {faults:#?}\nsent {sent}\nanswered {answer}");
}
