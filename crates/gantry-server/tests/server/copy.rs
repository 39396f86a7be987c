//! Copies of deployments: from files to what nodes share and back, from one blob storage to
//! another, cut short and gone on with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_testkit::{azurite, minio, postgres};
use http::{Method, StatusCode};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::support::{PASSWORD, Server, gantry};

const LAYER: &[u8] = b"the bytes of a layer";

/// A configuration file, and what `gantry copy` says.
struct Place(TempDir);

impl Place {
    fn new(lines: &[String]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = format!("data = \"{}\"", dir.path().join("data").display());
        fs::write(dir.path().join("gantry.toml"), [&[data], lines].concat().join("\n")).unwrap();
        Self(dir)
    }

    /// The place of a deployment that a server has left.
    fn of(dir: TempDir) -> Self {
        let file = dir.path().join("gantry.toml");
        let lines = fs::read_to_string(&file).unwrap();
        let data = format!("data = \"{}\"\n", dir.path().join("data").display());
        fs::write(file, data + &lines).unwrap();
        Self(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("gantry.toml")
    }

    async fn serve(self) -> Server {
        let lines = fs::read_to_string(self.file()).unwrap();
        Server::start_in(self.0, &[&lines]).await
    }
}

async fn copy(from: &Path, to: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command.arg("copy").arg("--from").arg(from).arg("--to").arg(to).args(more);
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// Settings of nodes with the master key in the file.
async fn shared(key: &Path) -> Vec<String> {
    let (database, blobs) =
        spawn_blocking(|| (postgres::database(), minio::bucket())).await.unwrap();
    vec![
        format!("database = \"{database}\""),
        format!("blobs = \"{blobs}\""),
        format!("master_key_file = \"{}\"", key.display()),
    ]
}

async fn push(server: &Server) {
    let config = server.push_blob("app", b"{}").await;
    let layer = server.push_blob("app", LAYER).await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},
            "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer}","size":{}}}]}}"#,
        LAYER.len()
    );
    server.push_manifest("app", "v1", "image.manifest", manifest).await;
}

/// The manifest and the layer, as a client gets them.
async fn pulled(server: &Server) -> (String, Vec<u8>) {
    let get = async |path: &str| {
        let request = server.request(Method::GET, path).basic_auth("local", Some(PASSWORD));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.unwrap()
    };
    let manifest = get("/v2/app/manifests/v1").await;
    let layer = gantry_oci::Digest::sha256(LAYER);
    let layer = get(&format!("/v2/app/blobs/{layer}")).await;
    (String::from_utf8(manifest.to_vec()).unwrap(), layer.to_vec())
}

fn fsck(place: &Path) -> String {
    let output = gantry(place, "fsck").arg("--deep").output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_moves_from_files_to_nodes_and_back() {
    let server = Server::start(&[]).await;
    push(&server).await;
    let before = pulled(&server).await;
    let authority = fs::read_to_string(server.data().join("ca.pem")).unwrap();
    let key = server.data().join("master.key");
    let nodes = Place::new(&shared(&key).await);

    // Ahead, while it serves; and not more than that.
    let data = format!("data = \"{}\"", server.data().display());
    let serving = tempfile::tempdir().unwrap();
    let serving = serving.path().join("gantry.toml");
    fs::create_dir_all(serving.parent().unwrap()).unwrap();
    fs::write(&serving, data).unwrap();
    let (done, said) = copy(&serving, &nodes.file(), &[]).await;
    assert!(!done && said.contains("another gantry process uses"), "{said}");
    let (done, said) = copy(&serving, &nodes.file(), &["--ahead"]).await;
    assert!(done && said.contains("2 blobs copied") && said.contains("stop the servers"), "{said}");
    let refused = gantry(nodes.0.path(), "serve").output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("isn't complete: run `gantry copy`"), "{said}");
    let later = server.push_blob("app", b"pushed meanwhile").await;

    let files = Place::of(server.stop());
    let (done, said) = copy(&files.file(), &nodes.file(), &[]).await;
    assert!(done && said.contains("1 blobs copied (16 bytes), 2 were there before"), "{said}");
    let (done, said) = copy(&files.file(), &nodes.file(), &[]).await;
    assert!(!done && said.contains("holds a deployment already"), "{said}");

    let node = nodes.serve().await;
    assert_eq!(pulled(&node).await, before);
    assert_eq!(fs::read_to_string(node.data().join("ca.pem")).unwrap(), authority);
    let path = format!("/v2/app/blobs/{later}");
    let head = node.request(Method::HEAD, &path).basic_auth("local", Some(PASSWORD));
    assert_eq!(head.send().await.unwrap().status(), StatusCode::OK);
    // A blob that a store with versions has sealed, among those that came.
    node.push_blob("other", b"pushed to the node").await;

    let back = Place::new(&[]);
    let served = tempfile::tempdir().unwrap();
    let served_file = served.path().join("gantry.toml");
    fs::copy(node.data().parent().unwrap().join("gantry.toml"), &served_file).unwrap();
    let (done, said) = copy(&served_file, &back.file(), &[]).await;
    assert!(!done && said.contains("a node serves this database"), "{said}");
    let nodes = Place(node.stop());
    let (done, said) = copy(&nodes.file(), &back.file(), &[]).await;
    assert!(done && said.contains("4 blobs copied"), "{said}");
    let said = fsck(back.0.path());
    assert!(said.contains("4 blobs") && said.contains("all is well"), "{said}");
    let server = back.serve().await;
    assert_eq!(pulled(&server).await, before);
    assert_eq!(fs::read_to_string(server.data().join("ca.pem")).unwrap(), authority);
    // What was copied is as the rest: it can be pushed over and collected.
    push(&server).await;
    assert!(server.operator("gc").contains("freed"), "{}", server.operator("gc"));
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_move_and_the_database_stays() {
    let server = Server::start(&[]).await;
    push(&server).await;
    let before = pulled(&server).await;
    let files = Place::of(server.stop());
    let (bucket, container) =
        spawn_blocking(|| (minio::bucket(), azurite::container())).await.unwrap();
    let lines = fs::read_to_string(files.file()).unwrap();
    let mut from = files.file();
    for (name, blobs) in [("s3", bucket), ("azure", container)] {
        let to = files.0.path().join(format!("{name}.toml"));
        fs::write(&to, format!("{lines}\nblobs = \"{blobs}\"")).unwrap();
        let (done, said) = copy(&from, &to, &[]).await;
        assert!(done && said.contains("2 blobs copied") && !said.contains("rows"), "{said}");
        let (done, said) = copy(&from, &to, &[]).await;
        assert!(done && said.contains("0 blobs copied (0 bytes), 2 were there before"), "{said}");
        from = to;
    }
    let (done, said) = copy(&from, &from, &[]).await;
    assert!(!done && said.contains("the same database and the same blobs"), "{said}");
    fs::rename(&from, files.file()).unwrap();
    let said = fsck(files.0.path());
    assert!(said.contains("2 blobs") && said.contains("all is well"), "{said}");
    fs::remove_dir_all(files.0.path().join("data/blobs")).unwrap();
    let config = fs::read_to_string(files.file()).unwrap();
    let server = Server::start_in(files.0, &[&config]).await;
    assert_eq!(pulled(&server).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_told_and_what_is_there_is_not_a_deployment() {
    let server = Server::start(&[]).await;
    push(&server).await;
    let files = Place::of(server.stop());
    let blobs = files.0.path().join("data/blobs");
    let layer = find(&blobs, LAYER);
    fs::remove_file(&layer).unwrap();
    let key = files.0.path().join("data/master.key");
    let nodes = Place::new(&shared(&key).await);

    let (done, said) = copy(&files.file(), &nodes.file(), &[]).await;
    assert!(!done && said.contains("are missing") && said.contains("1 blobs copied"), "{said}");
    fs::write(&layer, b"some bytes of  layer").unwrap();
    let (done, said) = copy(&files.file(), &nodes.file(), &[]).await;
    assert!(!done && said.contains("its bytes hash to sha256:"), "{said}");
    assert!(said.contains("0 blobs copied (0 bytes), 1 were there before"), "{said}");
    let refused = gantry(nodes.0.path(), "serve").output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("isn't complete"), "{refused}");

    // Another deployment can't take the place, nor another key.
    let other = Server::start(&[]).await;
    push(&other).await;
    let other = Place::of(other.stop());
    let (done, said) = copy(&other.file(), &nodes.file(), &[]).await;
    assert!(!done && said.contains("different master keys"), "{said}");
    let lines = fs::read_to_string(nodes.file()).unwrap();
    let theirs = other.0.path().join("data/master.key");
    let same_key = lines.replace(&key.display().to_string(), &theirs.display().to_string());
    fs::write(nodes.file(), same_key).unwrap();
    let (done, said) = copy(&other.file(), &nodes.file(), &[]).await;
    assert!(!done && said.contains("another deployment is being copied there"), "{said}");
    fs::write(nodes.file(), lines).unwrap();

    fs::write(&layer, LAYER).unwrap();
    let (done, said) = copy(&files.file(), &nodes.file(), &[]).await;
    assert!(done && said.contains("1 blobs copied (20 bytes), 1 were there before"), "{said}");
    drop(pulled(&nodes.serve().await).await);
}

/// The file with these bytes.
fn find(directory: &Path, bytes: &[u8]) -> PathBuf {
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if fs::read(&path).unwrap() == bytes {
                return path;
            }
        }
    }
    panic!("no blob has these bytes");
}
