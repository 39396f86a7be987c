//! What operators are told by `gantry trust` and `gantry doctor`.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::support::{Server, operator};

#[tokio::test]
async fn trust_and_doctor_know_where_the_server_runs() {
    // Where it listens was said on its command line, and the file says otherwise.
    let server = Server::start(&["listen = [\"127.0.0.1:1\"]"]).await;
    let running = format!("localhost:{}", server.port());
    let trust = server.operator("trust");
    assert!(trust.contains(&format!("https://{running}/v2/")), "{trust}");
    let doctor = server.operator("doctor");
    let expected = format!("ok       server: running, on 127.0.0.1:{}\n", server.port());
    assert!(doctor.contains(&expected), "{doctor}");
    assert!(doctor.ends_with("nothing is wrong\n"), "{doctor}");

    let dir = server.stop();
    let trust = operator(dir.path(), "trust");
    assert!(trust.contains("https://localhost:1/v2/"), "{trust}");
    let doctor = operator(dir.path(), "doctor");
    assert!(doctor.contains("ok       server: not running\n"), "{doctor}");
}

/// `gantry openapi management > docs/api/management.json` brings a document up to date, and likewise the
/// other.
#[test]
fn the_documents_are_what_the_command_prints() {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api");
    for interface in ["management", "data-plane"] {
        let printed = std::process::Command::new(env!("CARGO_BIN_EXE_gantry"))
            .args(["openapi", interface])
            .output()
            .unwrap();
        let kept = std::fs::read_to_string(documents.join(format!("{interface}.json"))).unwrap();
        assert!(printed.stdout == kept.as_bytes(), "docs/api/{interface}.json is out of date");
    }
}

#[tokio::test]
async fn the_control_socket_is_the_operator_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start(&[]).await;
    let socket = server.data().join("gantry.sock");
    assert_eq!(std::fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn doctor_looks_at_configured_certificates() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good", &["registry.example"], 4000);
    write(dir.path(), "ended", &["registry.example"], 2001);
    write(dir.path(), "elsewhere", &["elsewhere.example"], 4000);
    let dir = Server::start_in(dir, &[]).await.stop();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let doctor = |certificates: &[(&str, &str)]| {
        let mut lines = "hostnames = [\"registry.example\", \"192.0.2.7\"]\n".to_owned();
        for (cert, key) in certificates {
            let (cert, key) = (path(cert), path(key));
            lines += &format!("[[tls.certificates]]\ncert = \"{cert}\"\nkey = \"{key}\"\n");
        }
        std::fs::write(dir.path().join("gantry.toml"), lines).unwrap();
        operator(dir.path(), "doctor")
    };
    assert!(!doctor(&[]).contains(" certificate:"));
    for (certificate, expected) in [
        (
            ("good.pem", "good.key"),
            "ok       certificate: {}/good.pem is for registry.example, good until 4000-",
        ),
        (("ended.pem", "ended.key"), "wrong    certificate: {}/ended.pem ended on 2001-"),
        (
            ("good.pem", "ended.key"),
            "wrong    certificate: {}/ended.key is not the key of {}/good.pem",
        ),
        (("good.pem", "absent"), "wrong    certificate: reading {}/absent: No such file"),
        (
            ("elsewhere.pem", "elsewhere.key"),
            "warning  certificate: {}/elsewhere.pem is for elsewhere.example, where no registry answers",
        ),
        (
            ("good.pem", "good.key"),
            "warning  certificate: no configured certificate is for 192.0.2.7: clients get",
        ),
    ] {
        let said = doctor(&[certificate]).replace(&dir.path().display().to_string(), "{}");
        assert!(said.contains(expected), "{said}");
    }
}

fn write(dir: &Path, stem: &str, names: &[&str], until: i32) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    std::fs::write(dir.join(format!("{stem}.pem")), certificate.pem()).unwrap();
    std::fs::write(dir.join(format!("{stem}.key")), key.serialize_pem()).unwrap();
}
