//! Certificates as clients see them.

use std::path::Path;

use crate::support::{Server, run, send_signal};
use gantry_edge::CertificateFiles;
use rcgen::{CertificateParams, KeyPair};

/// A self-signed certificate for `name`, which is its own authority, and its PEM.
fn write_certificate(dir: &Path, stem: &str, name: &str) -> CertificateFiles {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = CertificateFiles {
        certificate: dir.join(format!("{stem}.pem")),
        key: dir.join(format!("{stem}.key")),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_trusts_the_local_authority() {
    let server = Server::start();
    let authority = server.dir.path().join("ca.pem");
    for host in ["localhost", "127.0.0.1", "local.acr.localhost", "other.acr.localhost"] {
        let resolve = format!("{host}:{}:127.0.0.1", server.address.port());
        let url = server.url("https", host, "/connection");
        let output = run(
            "curl",
            &[
                "-sS",
                "--fail",
                "--noproxy",
                "*",
                "--cacert",
                authority.to_str().unwrap(),
                "--resolve",
                &resolve,
                &url,
            ],
        );
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{host}: {stderr}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("https "), "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_verifies_names_and_chain_strictly() {
    let server = Server::start();
    let authority = server.dir.path().join("ca.pem");
    let address = server.address.to_string();
    let verify = |name: &str, version: &str| {
        run(
            "openssl",
            &[
                "s_client",
                "-connect",
                &address,
                "-servername",
                name,
                "-verify_hostname",
                name,
                "-verify_return_error",
                "-x509_strict",
                "-purpose",
                "sslserver",
                "-CAfile",
                authority.to_str().unwrap(),
                "-no-CApath",
                version,
            ],
        )
    };
    for name in ["localhost", "local.acr.localhost"] {
        for version in ["-tls1_2", "-tls1_3"] {
            let output = verify(name, version);
            let stdout = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name} {version}: {stdout}");
            assert!(stdout.contains("Verification: OK"), "{name} {version}: {stdout}");
        }
    }
    assert!(!verify("elsewhere.example", "-tls1_3").status.success());
    assert!(!verify("localhost", "-tls1_1").status.success());
}

#[tokio::test]
async fn certificate_is_chosen_by_the_name_asked_for() {
    let files = tempfile::tempdir().unwrap();
    let configured = write_certificate(files.path(), "site", "registry.example");
    let pem = std::fs::read(&configured.certificate).unwrap();
    let server = Server::start_with(|config| config.certificates = vec![configured]);
    let site = reqwest::Certificate::from_pem(&pem).unwrap();

    let client = server.client_with("registry.example", |client| client.tls_certs_only([site]));
    let reply =
        client.get(server.url("https", "registry.example", "/connection")).send().await.unwrap();
    assert!(reply.text().await.unwrap().starts_with("https registry.example"));

    // The local authority still answers for local names, and for addresses on loopback.
    for host in ["localhost", "127.0.0.1"] {
        let client = server.client(host);
        assert!(
            client.get(server.url("https", host, "/connection")).send().await.is_ok(),
            "{host}"
        );
    }
    let client = server.client("registry.example");
    let url = server.url("https", "registry.example", "/connection");
    assert!(client.get(url).send().await.is_err(), "not signed by the local authority");
}

#[tokio::test(flavor = "multi_thread")]
async fn hangup_takes_up_a_new_certificate_without_restart() {
    let files = tempfile::tempdir().unwrap();
    let configured = write_certificate(files.path(), "site", "registry.example");
    let server = Server::start_with(|config| config.certificates = vec![configured]);

    write_certificate(files.path(), "site", "registry.example");
    let renewed = std::fs::read(files.path().join("site.pem")).unwrap();
    let renewed = reqwest::Certificate::from_pem(&renewed).unwrap();
    send_signal("HUP");

    let url = server.url("https", "registry.example", "/connection");
    let accepted = async {
        loop {
            let client = server
                .client_with("registry.example", |client| client.tls_certs_only([renewed.clone()]));
            if client.get(&url).send().await.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    // Sooner than the poll, which would take it up as well.
    let before_the_poll = std::time::Duration::from_secs(9);
    tokio::time::timeout(before_the_poll, accepted).await.expect("the new certificate is served");
}

/// Clients that connect by address ask for no name, and some ask for what is none (RFC 6066, 3).
#[tokio::test(flavor = "multi_thread")]
async fn a_name_nobody_has_is_served_all_the_same() {
    let server = Server::start();
    let port = server.address.port();
    for (asked, told) in [("unknown.example", "unknown.example"), ("127.0.0.1", "-")] {
        let url = server.url("https", asked, "/connection");
        let resolve = format!("{asked}:{port}:127.0.0.1");
        let output = run("curl", &["-sSk", "--noproxy", "*", "--resolve", &resolve, &url]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{asked}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(stdout.starts_with(&format!("https {told} ")), "{asked}: {stdout}");
    }
    let address = server.address.to_string();
    for asked in ["127.0.0.1", "localhost.", "a_b"] {
        let output = run("openssl", &["s_client", "-connect", &address, "-servername", asked]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("CN = local.acr.localhost"), "{asked}: {stdout}");
    }
}
