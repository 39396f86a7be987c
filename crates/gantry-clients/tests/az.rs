//! Azure's command line, `az`, with the server as a cloud of its own: each way to sign in.
//!
//! On HTTPS's own port, since that is where it looks a user up who signs in with a password. All names
//! are in `/etc/hosts` as the clients see it.

use std::fs;

use gantry_clients::az::{
    NOBODY, assert_can_pull, json, login, registered, registered_as, signed_in, words,
};
use gantry_clients::{Browser, Client, Cloud, Daemon, Image, Issuer, Site, TEAM, Transport};
use serde_json::{Value, json};

#[test]
fn registers_the_cloud_and_signs_in_with_a_secret() {
    let site = Site::on_443(&[]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);

    let said = az.fails(words(&login(&cloud, "wrong")));
    assert!(said.contains("AADSTS7000215"), "{said}");
    az.run(words(&login(&cloud, &cloud.secret)));

    let account = json(&az, "account show");
    assert_eq!(account["id"], *cloud.subscription);
    assert_eq!(account["tenantId"], *cloud.tenant);
    assert_eq!(account["user"], json!({ "name": cloud.app, "type": "servicePrincipal" }));
    let listed = json(&az, "acr list --query [].loginServer");
    assert_eq!(listed, json!(["localhost", "teamone.acr.localhost"]));
    let shown = json(&az, "acr show --name teamone --query {id:id,sku:sku.name}");
    assert_eq!(shown, json!({ "id": cloud.registry(TEAM), "sku": "Premium" }));
}

/// As docs/azure-cli.md has it: from nothing to an image in a registry, and someone who may pull it.
#[test]
fn a_newcomer_follows_the_guide() {
    let site = Site::on_443(&[]);
    site.resolve(&["contoso01"]);
    let cloud = Cloud::of(&site);
    let server = format!("https://{}", site.host());
    let ca = site.ca().display().to_string();

    let said =
        site.gantry("newcomer").run(["az-setup", "--write", "--server", &server, "--ca", &ca]);

    assert!(said.contains("export REQUESTS_CA_BUNDLE="), "{said}");
    let az = site.az_as_set_up("newcomer");
    az.run(words(&login(&cloud, &cloud.secret)));
    az.run(words("group create --name team --location local"));
    az.run(words("acr create --name contoso01 --resource-group team --sku Standard"));
    let expose = json(&az, "acr login --name contoso01 --expose-token");
    let [host, token] = ["loginServer", "accessToken"].map(|name| expose[name].as_str());
    let (host, token) = (host.expect("it is told"), token.expect("it is told"));
    let image = Image::new("amd64", "a newcomer's");
    image.layout("v1").write(&site.path("image"));
    let crane = site.go("crane").env("DOCKER_CONFIG", site.path("newcomer"));
    crane.run(["auth", "login", host, "-u", NOBODY, "-p", token]);
    crane.run(["push", "image", &format!("{host}/hello:v1")]);
    let tags = json(&az, "acr repository show-tags --name contoso01 --repository hello");
    assert_eq!(tags, json!(["v1"]));
    let id = json(&az, "acr show --name contoso01 --query id");
    let id = id.as_str().expect("it has an id");
    let made = json(&az, "ad sp create-for-rbac --name puller");
    let app = made["appId"].as_str().expect("it is told");
    az.run(words(&format!("role assignment create --role AcrPull --assignee {app} --scope {id}")));
    let list = format!("role assignment list --scope {id} --query [].roleDefinitionName");
    assert_eq!(json(&az, &list), json!(["AcrPull"]));
    // Set up again, it stays as it is.
    site.gantry("newcomer").run(["az-setup", "--write", "--server", &server, "--ca", &ca]);
    az.run(words("acr delete --name contoso01 --yes"));
}

/// All but the sign-in with user and password, and `az acr check-health`.
#[test]
fn works_on_any_port() {
    let site = Site::new(Transport::Tls);
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    az.run(words(&login(&cloud, &cloud.secret)));

    let shown = json(&az, "acr show --name local");
    assert_eq!(shown["loginServer"], site.host());
    let login = json(&az, "acr login --name local --expose-token");
    let refresh_token = login["refreshToken"].as_str().expect("there is one");
    let crane = site.go("crane");
    crane.run(["auth", "login", &site.host(), "-u", NOBODY, "-p", refresh_token]);
    Image::new("amd64", "pushed with what az shows").layout("v1").write(&site.path("image"));
    crane.run(["push", "image", &format!("{}/hello:v1", site.host())]);
    assert_eq!(json(&az, "acr repository list --name local"), json!(["hello"]));
}

#[test]
fn signs_in_with_user_and_password() {
    let site = Site::on_443(&[]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);

    az.run(["login", "--username", &cloud.user, "--password", &cloud.password]);

    let account = json(&az, "account show");
    assert_eq!(account["user"], json!({ "name": cloud.user, "type": "user" }));
    assert_eq!(account["id"], *cloud.subscription);
    assert_can_pull(&az);
    let said = az.fails(["login", "--username", &cloud.user, "--password", "wrong"]);
    assert!(said.contains("AADSTS50126"), "{said}");
}

#[test]
fn signs_in_with_a_device_code() {
    let site = Site::on_443(&[]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    let log = site.path("login.log");
    let said = || fs::read_to_string(&log).unwrap_or_default();

    let login = az.command(["login", "--use-device-code"]);
    let login = Daemon::start(&login, &log, || said().contains("enter the code"));

    let said = said();
    let code = between(&said, "enter the code ", " ").to_owned();
    let page = between(&said, "open the page ", " ").to_owned();
    let mut browser = Browser::open(&cloud, &page);
    browser.fill_in(&[("user_code", &code)]);
    browser.fill_in(&[("username", &cloud.user), ("password", &cloud.password)]);
    browser.fill_in(&[("decision", "approve")]);
    login.finish();

    let account = json(&az, "account show");
    assert_eq!(account["user"], json!({ "name": cloud.user, "type": "user" }));
    assert_can_pull(&az);
}

#[test]
fn signs_in_with_a_certificate() {
    let (site, cloud, az) = signed_in();
    let app = application(&az, &cloud, "AcrPull");
    let openssl = site.debian("openssl");
    openssl.run(words(
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ci -keyout key.pem -out cert.pem",
    ));
    site.file("both.pem", [site.read("key.pem"), site.read("cert.pem")].concat());

    az.run(words(&format!("ad app credential reset --id {app} --cert @cert.pem --append")));

    let ci = registered_as(&site, "ci");
    let login = format!("login --service-principal --username {app} --tenant {}", cloud.tenant);
    ci.run(words(&format!("{login} --certificate both.pem")));
    assert_eq!(json(&ci, "account show")["user"]["name"], *app);
    assert_can_pull(&ci);

    openssl.run(words(
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ci -keyout other.pem -out other.pem",
    ));
    let said =
        registered_as(&site, "other").fails(words(&format!("{login} --certificate other.pem")));
    assert!(said.contains("AADSTS"), "{said}");
}

#[test]
fn signs_in_with_the_token_of_a_ci_system() {
    let issuer = Issuer::start();
    let settings = issuer.settings();
    let site = Site::on_443(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    az.run(words(&login(&cloud, &cloud.secret)));
    let app = application(&az, &cloud, "AcrPush");
    let subject = "repo:octo/app:ref:refs/heads/main";
    let trusted = json!({
        "name": "main", "issuer": issuer.url(), "subject": subject,
        "audiences": ["api://AzureADTokenExchange"],
    });
    site.file("credential.json", trusted.to_string());

    az.run(words(&format!(
        "ad app federated-credential create --id {app} --parameters @credential.json"
    )));

    let token = |subject: &str| {
        issuer.token(json!({ "sub": subject, "aud": "api://AzureADTokenExchange" }))
    };
    let ci = registered_as(&site, "ci");
    let login = ["login", "--service-principal", "--username", &app, "--tenant", &cloud.tenant];
    let other = token("repo:octo/app:ref:refs/heads/other");
    let said = ci.fails(login.iter().chain(&["--federated-token", &other]));
    assert!(said.contains("AADSTS70021"), "{said}");
    ci.run(login.iter().chain(&["--federated-token", &token(subject)]));
    assert_eq!(json(&ci, "account show")["user"]["name"], *app);
    assert_can_pull(&ci);
}

#[test]
fn signs_in_as_a_managed_identity() {
    let (site, cloud, az) = signed_in();
    let ask = |path: &str, body: Value| {
        let address = format!("{}/graph/gantry/{path}", cloud.base());
        let resource = format!("{}/graph", cloud.base());
        let body = body.to_string();
        let made = az.run([
            "rest",
            "--method",
            "post",
            "--uri",
            &address,
            "--resource",
            &resource,
            "--body",
            &body,
        ]);
        serde_json::from_str::<Value>(&made).expect("az prints JSON")
    };
    let identity = ask("identities", json!({ "displayName": "builder" }));
    let id = identity["id"].as_str().expect("it has an id");
    let workload = ask(&format!("identities/{id}/workloads"), json!({}));
    let secret = workload["secret"].as_str().expect("the secret is shown");
    az.run(words(&format!(
        "role assignment create --role AcrPull --scope {} --assignee-object-id {id} \
         --assignee-principal-type ServicePrincipal",
        cloud.registry(TEAM)
    )));

    let builder = registered_as(&site, "builder")
        .env("IDENTITY_ENDPOINT", format!("{}/msi/token", cloud.base()))
        .env("IDENTITY_HEADER", secret);
    builder.run(["login", "--identity"]);

    let user = json(&builder, "account show --query user");
    assert_eq!(user["type"], "servicePrincipal");
    assert_can_pull(&builder);
    let client = identity["clientId"].as_str().expect("it has a client id");
    builder.run(["login", "--identity", "--client-id", client]);
    builder.env("IDENTITY_HEADER", "wrong").fails(["login", "--identity", "--object-id", id]);

    // As on a virtual machine, whose metadata service is somewhere else here.
    let machine =
        registered_as(&site, "machine").env("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.base());
    machine.fails(["login", "--identity"]);
    ask(&format!("identities/{id}/workloads"), json!({ "network": "127.0.0.0/8" }));
    machine.run_soon(&["login", "--identity"]);
    assert_can_pull(&machine);
}

/// An application that may do what the role says in the registry [`TEAM`], and has no secret yet.
fn application(az: &Client, cloud: &Cloud, role: &str) -> String {
    let app = json(az, "ad app create --display-name ci --query appId");
    let app = app.as_str().expect("it has an id").to_owned();
    az.run(["ad", "sp", "create", "--id", &app]);
    let assign = ["role", "assignment", "create", "--role", role, "--assignee", &app];
    az.run([&assign[..], &["--scope", &cloud.registry(TEAM)]].concat());
    app
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split(after).next().unwrap_or(rest)
}
