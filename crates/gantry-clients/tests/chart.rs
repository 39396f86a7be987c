//! The chart for Kubernetes: helm finds nothing wrong with it, and what it renders is as reviewed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gantry_testkit::programs::go_tool;

/// A version of Kubernetes; helm's own default is one that no one has any more.
const KUBERNETES: &str = "--kube-version=1.31";

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/helm/gantry")
}

fn helm(command: &[&str], values: &[&str]) -> Output {
    let mut helm = Command::new(go_tool("helm"));
    helm.args(command).arg(chart());
    for value in values {
        helm.args(["--set-json", value]);
    }
    helm.output().expect("helm can be run")
}

fn rendered(values: &[&str]) -> String {
    let output = helm(&["template", "production", "--namespace=registry", KUBERNETES], values);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("helm writes text")
}

#[test]
fn helm_finds_nothing_wrong_with_the_chart() {
    let output = helm(&["lint", "--strict", KUBERNETES], &[r#"blobs.url="s3://bucket""#]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("[WARNING]"), "{said}");
}

#[test]
fn the_least_that_must_be_given_renders_as_reviewed() {
    insta::assert_snapshot!(rendered(&[r#"blobs.url="s3://bucket/prefix?region=eu-central-1""#]));
}

#[test]
fn everything_on_renders_as_reviewed() {
    insta::assert_snapshot!(rendered(&[
        r#"blobs.url="az://account/container""#,
        r#"blobs.credentials="gantry-blobs""#,
        r#"blobs.reads="redirect""#,
        r#"adminPassword.secret.name="gantry-admin""#,
        r#"hostnames=["registry.example.com"]"#,
        r#"ingress.enabled=true"#,
        r#"ingress.className="nginx""#,
        r#"ingress.tlsSecret="registry-tls""#,
        r#"ingress.trustedProxies=["10.0.0.0/8"]"#,
        r#"autoscaling.enabled=true"#,
        r#"serviceMonitor.enabled=true"#,
        r#"serviceMonitor.networks=["10.0.0.0/8"]"#,
        r#"serviceAccount.annotations={"azure.workload.identity/client-id":"id"}"#,
        r#"podLabels={"azure.workload.identity/use":"true"}"#,
        r#"topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]"#,
    ]));
}

#[test]
fn what_must_be_given_is_asked_for() {
    let output = helm(&["template", "production", KUBERNETES], &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("blobs.url is required"), "{said}");
}
