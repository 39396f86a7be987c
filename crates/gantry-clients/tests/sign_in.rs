//! Every client with each way to sign in that is not the admin account: a repository-scoped token, a
//! service principal, a person, and a refresh token as `az acr login` hands it over; and what else hands those
//! over: a secret of Kubernetes, an outside issuer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_clients::az::NOBODY;
use gantry_clients::{
    Client, Cloud, Containers, Engine, Image, Issuer, SignIn, Site, Transport, containerd,
    debian_tool,
};
use serde_json::{Value, json};

#[test]
fn docker() {
    let site = Site::new(Transport::Tls);
    let engine = Engine::start(&site);
    for sign_in in ways(&site) {
        let docker = engine.client(&site, &debian_tool("docker"), sign_in.kind);
        let login = ["login", "--username", &sign_in.user, "--password-stdin", &engine.registry];
        docker.run_with_input(login, &sign_in.password);
        let [own, other] =
            ["team/app", "other/app"].map(|name| format!("{}/{name}:v1", engine.registry));
        let image = Image::new("amd64", sign_in.kind);
        site.file("image.tar", image.docker_archive(&own));
        docker.run(["load", "--quiet", "--input", "image.tar"]);

        docker.run(["push", &own]);
        docker.run(["tag", &own, &other]);
        check_other(&sign_in, &docker, &["push", &other]);
        docker.run(["rmi", "--force", &image.id()]);
        docker.run(["pull", "--quiet", &own]);
    }
}

#[test]
fn podman() {
    let site = Site::new(Transport::Tls);
    let podman = Containers::signed_out(&site, "podman", &Containers::storage(&site));
    let (client, trust) = (&podman.client, podman.trust());
    for sign_in in ways(&site) {
        podman.sign_in(&site.host(), &sign_in.user, &sign_in.password);
        let [own, other] = references(&site);
        Image::new("amd64", sign_in.kind).layout("v1").write(&site.path(sign_in.kind));
        let id = client.run(["pull", "--quiet", &format!("oci:{}:v1", sign_in.kind)]);

        client.run(["push", "--quiet", &trust, &id, &own]);
        check_other(&sign_in, client, &["push", "--quiet", &trust, &id, &other]);
        client.run(["rmi", "--all", "--force"]);
        assert_eq!(client.run(["pull", "--quiet", &trust, &own]), id);
    }
}

#[test]
fn skopeo() {
    let site = Site::new(Transport::Tls);
    let skopeo = Containers::signed_out(&site, "skopeo", &[]);
    let [from, to] = ["src", "dest"].map(|side| skopeo.trust_of(side));
    for sign_in in ways(&site) {
        skopeo.sign_in(&site.host(), &sign_in.user, &sign_in.password);
        let [own, other] = references(&site).map(|reference| format!("docker://{reference}"));
        let local = image(&site, &sign_in);

        skopeo.client.run(["copy", &to, &format!("oci:{local}:v1"), &own]);
        check_other(&sign_in, &skopeo.client, &["copy", &to, &format!("oci:{local}:v1"), &other]);
        skopeo.client.run(["copy", &from, &own, &format!("oci:pulled-{local}:v1")]);
    }
}

#[test]
fn crane() {
    let site = Site::new(Transport::Tls);
    let crane = site.go("crane");
    for sign_in in ways(&site) {
        crane.run(["auth", "login", &site.host(), "-u", &sign_in.user, "-p", &sign_in.password]);
        let [own, other] = references(&site);
        let local = image(&site, &sign_in);

        crane.run(["push", &local, &own]);
        check_other(&sign_in, &crane, &["push", &local, &other]);
        crane.run(["pull", "--format=oci", &own, &format!("pulled-{local}")]);
    }
}

#[test]
fn oras() {
    let site = Site::new(Transport::Tls);
    let trust = "--plain-http=false";
    let oras = site.go("oras");
    for sign_in in ways(&site) {
        let login = ["login", trust, "--username", &sign_in.user, "--password-stdin", &site.host()];
        oras.run_with_input(login, &sign_in.password);
        let [own, other] = references(&site);
        site.file("report.txt", sign_in.kind);

        oras.run(["push", trust, &own, "report.txt:text/plain"]);
        check_other(&sign_in, &oras, &["push", trust, &other, "report.txt:text/plain"]);
        oras.run(["pull", trust, "--output", "pulled", &own]);
        assert_eq!(site.read_text("pulled/report.txt"), sign_in.kind);
    }
}

#[test]
fn helm() {
    let site = Site::new(Transport::Tls);
    let helm = site.go("helm");
    let trust = format!("--ca-file={}", site.ca().display());
    site.file("demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n");
    helm.run(["package", "demo"]);
    let repository = |name: &str| format!("oci://{}/{name}", site.host());
    for sign_in in ways(&site) {
        let login = ["registry", "login", &trust, "--username", &sign_in.user];
        let login = login.iter().copied().chain(["--password-stdin"]);
        helm.run_with_input(login.chain([&*site.host()]), &sign_in.password);

        helm.run(["push", &trust, "demo-1.0.0.tgz", &repository("team")]);
        check_other(&sign_in, &helm, &["push", &trust, "demo-1.0.0.tgz", &repository("other")]);
        helm.run(["pull", &trust, "--untar", "--untardir", sign_in.kind, &repository("team/demo")]);
    }
}

#[test]
fn ctr() {
    let site = Site::new(Transport::Tls);
    let (_daemon, ctr) = containerd(&site);
    let hosts = format!("--hosts-dir={}", site.path("hosts").display());
    for sign_in in ways(&site) {
        let user = format!("--user={}:{}", sign_in.user, sign_in.password);
        let [own, other] = references(&site);
        site.file("image.tar", Image::new("amd64", sign_in.kind).layout(&own).archive());
        ctr.run(["images", "import", "--no-unpack", "--digests", "image.tar"]);

        ctr.run(["images", "push", &hosts, &user, &own]);
        check_other(&sign_in, &ctr, &["images", "push", &hosts, &user, &other, &own]);
        ctr.run(["images", "remove", "--sync", &own]);
        ctr.run(["images", "pull", &hosts, &user, &own]);
    }
}

#[test]
fn cosign() {
    let site = Site::new(Transport::Tls);
    let cosign = site.go("cosign").env("COSIGN_PASSWORD", "");
    cosign.run(["generate-key-pair"]);
    let trust = format!("--registry-cacert={}", site.ca().display());
    for sign_in in ways(&site) {
        let image = Image::new("amd64", sign_in.kind);
        let reference = site.push(&image, &site.host(), "signed");
        let login = ["login", &site.host(), "--username", &sign_in.user, "--password-stdin"];
        cosign.run_with_input(login, &sign_in.password);

        cosign.run([
            "sign",
            &trust,
            "--yes",
            "--tlog-upload=false",
            "--use-signing-config=false",
            "--key=cosign.key",
            &reference,
        ]);
        cosign.run([
            "verify",
            &trust,
            "--insecure-ignore-tlog=true",
            "--key=cosign.pub",
            &reference,
        ]);
    }
}

/// What `kubectl create secret docker-registry` makes, and nodes read.
#[test]
fn a_secret_of_kubernetes_is_a_docker_configuration() {
    let site = Site::new(Transport::Tls);
    for sign_in in ways(&site) {
        let reference = site.push(&Image::new("amd64", sign_in.kind), &site.host(), "v1");
        let (user, password) = (&sign_in.user, &sign_in.password);
        let auth = STANDARD.encode(format!("{user}:{password}"));
        let entry = json!({ "username": user, "password": password, "auth": auth });
        let docker = json!({ "auths": { site.host(): entry } });
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": "registry" },
            "type": "kubernetes.io/dockerconfigjson",
            "data": { ".dockerconfigjson": STANDARD.encode(docker.to_string()) },
        });

        let data = secret["data"][".dockerconfigjson"].as_str().expect("it is text");
        let file = format!("{}/config.json", sign_in.kind);
        site.file(&file, STANDARD.decode(data).expect("it is base64"));
        let crane = site.go("crane").env("DOCKER_CONFIG", site.path(sign_in.kind));
        crane.run(["digest", &reference]);
    }
}

/// As from a CI system, or a tenant of Entra: whom the issuer's ids are good for as they stand.
#[test]
fn the_token_of_an_outside_issuer() {
    let issuer = Issuer::start();
    let trusted = json!([{
        "url": issuer.url(), "audiences": ["https://registry.example.com"], "subject_claim": "oid",
    }]);
    let trusted = trusted.to_string();
    let settings = issuer.settings();
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let settings = [&settings[..], &[("GANTRY_ISSUER", &trusted)]].concat();
    let site = Site::with(Transport::Tls, &settings);
    let cloud = Cloud::of(&site);
    let image = Image::new("amd64", "for people of elsewhere");
    let reference = site.push(&image, &site.host(), "v1");
    let person = "11111111-2222-3333-4444-555555555555";
    let token =
        issuer.token(json!({ "sub": "x", "oid": person, "aud": "https://registry.example.com" }));
    let crane = site.go("crane").env("DOCKER_CONFIG", site.path("person"));
    let password = cloud.exchange(&site.host(), &token);
    crane.run(["auth", "login", &site.host(), "-u", NOBODY, "-p", &password]);
    crane.fails(["digest", &reference]);
    assign(&cloud, person, "AcrPull");
    assert_eq!(crane.run_soon(&["digest", &reference]), image.digest());

    let for_another =
        issuer.token(json!({ "sub": "x", "oid": person, "aud": "https://else.example.com" }));
    let refused = cloud.post(
        &format!("{}/oauth2/exchange", cloud.base()),
        &[
            ("grant_type", "access_token"),
            ("service", &site.host()),
            ("access_token", &for_another),
        ],
    );
    assert!(refused["refresh_token"].is_null(), "{refused}");
}

/// Gives a role at the default registry.
fn assign(cloud: &Cloud, principal: &str, role: &str) {
    let authorization = format!("{}/providers/Microsoft.Authorization", cloud.registry("local"));
    let roles = cloud.manage("GET", &format!("{authorization}/roleDefinitions"), &Value::Null);
    let roles = roles["value"].as_array().expect("there are roles");
    let role = roles.iter().find(|one| one["properties"]["roleName"] == role).expect("it is there");
    let assignment = format!("{authorization}/roleAssignments/{principal}");
    cloud.manage(
        "PUT",
        &assignment,
        &json!({ "properties": {
        "principalId": principal,
        "principalType": "User",
        "roleDefinitionId": role["id"],
    } }),
    );
}

/// Each way to sign in, in a word that is also a directory's name. The token is good for repositories
/// under `team` alone.
fn ways(site: &Site) -> [SignIn; 4] {
    let cloud = Cloud::of(site);
    // Helm lists a chart's versions.
    let actions = ["content/read", "content/write", "metadata/read"];
    [
        cloud.scoped_token("builder", "team/*", &actions),
        cloud.service_principal(),
        cloud.person(),
        cloud.refresh_token(),
    ]
}

/// One in the repository of the token's, and one in another.
fn references(site: &Site) -> [String; 2] {
    ["team/app", "other/app"].map(|name| format!("{}/{name}:v1", site.host()))
}

/// The directory of an image.
fn image(site: &Site, sign_in: &SignIn) -> String {
    Image::new("amd64", sign_in.kind).layout("v1").write(&site.path(sign_in.kind));
    sign_in.kind.to_owned()
}

/// A token may not push to another's repository, and an owner may.
fn check_other(sign_in: &SignIn, client: &Client, push: &[&str]) {
    match sign_in.kind {
        "token" => drop(client.fails(push)),
        _ => drop(client.run(push)),
    }
}
