//! Backups of a serving deployment, and what is restored from them.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gantry_oci::Digest;
use http::Method;
use tokio::task::JoinSet;

use crate::support::{PASSWORD, Server, gantry};

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// Runs a command of the deployment in `dir`, with one more argument and its value.
fn operate(dir: &Path, command: &str, flag: &str, value: &Path) -> (bool, String) {
    let output = gantry(dir, command).arg(flag).arg(value).output().unwrap();
    (output.status.success(), text(&output))
}

async fn has(server: &Server, path: &str) -> bool {
    let request = server.request(Method::GET, path).basic_auth("local", Some(PASSWORD));
    request.send().await.unwrap().status().is_success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_pushing_has_all_that_was_answered_before() {
    let server = Arc::new(Server::start(&[]).await);
    let config = server.push_blob("app", b"{}").await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},
            "layers":[]}}"#
    );
    server.push_manifest("app", "v1", "image.manifest", manifest).await;

    let stop = Arc::new(AtomicBool::new(false));
    let mut pushing = JoinSet::new();
    pushing.spawn({
        let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
        async move {
            let mut pushed = 0;
            while !stop.load(Ordering::SeqCst) {
                let bytes: &'static [u8] = format!("blob {pushed}").leak().as_bytes();
                let digest = server.push_blob("app", bytes).await;
                // Half of them go again while the backup runs.
                if pushed % 2 == 0 {
                    let path = format!("/v2/app/blobs/{digest}");
                    let delete = server.request(Method::DELETE, &path);
                    delete.basic_auth("local", Some(PASSWORD)).send().await.unwrap();
                }
                pushed += 1;
            }
            pushed
        }
    });
    let root = tempfile::tempdir().unwrap();
    let (backup, dir) = (root.path().join("backup"), server.data().parent().unwrap().to_owned());
    // Twice: the second brings the first up to date.
    for _ in 0..2 {
        let (dir, backup) = (dir.clone(), backup.clone());
        let done =
            tokio::task::spawn_blocking(move || operate(&dir, "backup", "--to", &backup)).await;
        let (succeeded, said) = done.unwrap();
        assert!(succeeded, "{said}");
    }
    stop.store(true, Ordering::SeqCst);
    assert!(pushing.join_next().await.unwrap().unwrap() > 0);

    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("gantry.toml"), "").unwrap();
    let (restored, said) = operate(place.path(), "restore", "--from", &backup);
    assert!(restored, "{said}");
    let fsck = gantry(place.path(), "fsck").arg("--deep").output().unwrap();
    assert!(fsck.status.success(), "{}", text(&fsck));
    let (again, said) = operate(place.path(), "restore", "--from", &backup);
    assert!(!again && said.contains("holds a deployment already"), "{said}");

    let restored = Server::start_in(place, &[]).await;
    assert!(has(&restored, "/v2/app/manifests/v1").await);
    assert!(has(&restored, &format!("/v2/app/blobs/{}", Digest::sha256(b"{}"))).await);
    // The authority is the same, so clients go on trusting it.
    let ca = |server: &Server| std::fs::read(server.data().join("ca.pem")).unwrap();
    assert_eq!(ca(&restored), ca(&server));
}

#[test]
fn a_directory_without_a_backup_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gantry.toml"), "").unwrap();
    let (done, said) = operate(dir.path(), "restore", "--from", Path::new("/nowhere"));
    assert!(!done && said.contains("/nowhere holds no backup"), "{said}");
    let (done, said) = operate(dir.path(), "backup", "--to", &dir.path().join("b"));
    assert!(!done && said.contains("holds no gantry deployment"), "{said}");
    assert!(!dir.path().join("data").exists() && !dir.path().join("b").exists());
}
