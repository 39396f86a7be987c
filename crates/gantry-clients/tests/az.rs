//! Azure's command line, `az`, with the server as a cloud of its own.
//!
//! On HTTPS's own port, since that is where it looks a user up who signs in with a password. Each test
//! has its own configuration; all names are in `/etc/hosts` as the clients see it.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_clients::{
    Browser, Client, Cloud, Containers, Daemon, Engine, Image, Issuer, Site, TEAM, Transport,
    debian_tool,
};
use serde_json::{Value, json};

/// Whom a client signs in as that shows a refresh token.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

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

#[test]
fn makes_service_principals() {
    let (site, cloud, az) = signed_in();
    let registry = cloud.registry(TEAM);

    let made =
        json(&az, &format!("ad sp create-for-rbac --name ci --role AcrPull --scopes {registry}"));

    let [app, secret] = ["appId", "password"].map(|name| made[name].as_str().expect("it is told"));
    assert_eq!(made["tenant"], *cloud.tenant);
    let crane = site.go("crane");
    let host = format!("{TEAM}.acr.localhost");
    crane.run(["auth", "login", &host, "-u", app, "-p", secret]);
    let image = Image::new("amd64", "for service principals");
    let reference = push(&site, &cloud, &image, "hello:v1");
    assert_eq!(crane.run_soon(&["digest", &reference]), image.digest());
    image.layout("v1").write(&site.path("image"));
    let said = crane.fails_soon(&["push", "image", &format!("{host}/hello:v2")]);
    assert!(said.contains("requested access to the resource is denied"), "{said}");

    let list = format!("role assignment list --scope {registry} --query [].principalName");
    assert_eq!(json(&az, &list), json!([app]));
    az.run(words(&format!(
        "role assignment delete --assignee {app} --role AcrPull --scope {registry}"
    )));
    assert_eq!(json(&az, &list), json!([]));
    crane.fails_soon(&["digest", &reference]);
    az.run(words(&format!(
        "role assignment create --assignee {app} --role AcrPush --scope {registry}"
    )));
    crane.run_soon(&["push", "image", &format!("{host}/hello:v2")]);
    az.run(words(&format!("ad sp delete --id {app}")));
    crane.fails_soon(&["digest", &reference]);
}

#[test]
fn signs_docker_in() {
    let (site, _cloud, az) = signed_in();
    let engine = Engine::start(&site);
    let docker = engine.client(&site, &debian_tool("docker"), "config");
    let image = Image::new("amd64", "pushed by docker after az acr login");
    let reference = format!("{}/hello:v1", engine.registry);
    site.file("image.tar", image.docker_archive(&reference));
    docker.run(["load", "--quiet", "--input", "image.tar"]);
    docker.fails(["push", &reference]);

    let az = engine.settings(az).env("DOCKER_CONFIG", site.path("config"));
    az.run(words("acr login --name teamone"));

    docker.run(["push", &reference]);
    docker.run(["rmi", "--force", &image.id()]);
    docker.run(["pull", "--quiet", &reference]);
    assert_eq!(json(&az, "acr repository list --name teamone"), json!(["hello"]));

    // A token that may only pull, with passwords from both of the commands that make them.
    let made = json(
        &az,
        "acr token create --registry teamone --name puller --repository hello content/read",
    );
    let again =
        json(&az, "acr token credential generate --registry teamone --name puller --password1");
    let first = password(&made["credentials"], "password1");
    let [second, renewed] =
        [password(&made["credentials"], "password2"), password(&again, "password1")];
    let puller = engine.client(&site, &debian_tool("docker"), "config-puller");
    let login = ["login", "--username", "puller", "--password-stdin", &engine.registry];
    for password in [second, renewed] {
        puller.run_with_input(login, &password);
    }
    puller.run(["pull", "--quiet", &reference]);
    puller.run(["tag", &reference, &format!("{}/hello:v2", engine.registry)]);
    let said = puller.fails(["push", &format!("{}/hello:v2", engine.registry)]);
    assert!(said.contains("denied"), "{said}");
    let replaced = site.path("config-replaced");
    let said = puller.env("DOCKER_CONFIG", replaced).fails([
        "login",
        "--username",
        "puller",
        "--password",
        &first,
        &engine.registry,
    ]);
    assert!(said.contains("unauthorized"), "{said}");

    let said = both(&az, "acr check-health --name teamone --ignore-errors --yes");
    for line in [
        "DNS lookup to teamone.acr.localhost at IP",
        "Challenge endpoint https://teamone.acr.localhost/v2/ : OK",
        "Fetch refresh token for registry 'teamone.acr.localhost' : OK",
        "Fetch access token for registry 'teamone.acr.localhost' : OK",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn signs_podman_in() {
    let (site, _cloud, az) = signed_in();
    let podman = Containers::signed_out(&site, "podman", &Containers::storage(&site));
    let auth = site.path("auth.json");
    let az = az.env("DOCKER_COMMAND", "podman").env("REGISTRY_AUTH_FILE", auth);

    az.run(words("acr login --name teamone"));

    let image = Image::new("amd64", "pushed by podman after az acr login");
    image.layout("v1").write(&site.path("image"));
    let id = podman.client.run(["pull", "--quiet", "oci:image:v1"]);
    let reference = format!("{TEAM}.acr.localhost/hello:v1");
    podman.client.run(["push", "--quiet", &podman.trust(), &id, &reference]);
    podman.client.run(["rmi", "--all", "--force"]);
    assert_eq!(podman.client.run(["pull", "--quiet", &podman.trust(), &reference]), id);
}

#[test]
fn keeps_the_admin_account() {
    let (site, _cloud, az) = signed_in();
    let crane = site.go("crane");
    let login = |made: &Value, name: &str| {
        let host = format!("{TEAM}.acr.localhost");
        let password = password(made, name);
        ["auth", "login", &host, "-u", TEAM, "-p", &password].map(str::to_owned)
    };
    let catalog = ["catalog".to_owned(), format!("{TEAM}.acr.localhost")];
    let said = az.fails(words("acr credential show --name teamone"));
    assert!(said.contains("to enable admin first"), "{said}");

    let enabled = json(&az, "acr update --name teamone --admin-enabled true");
    assert_eq!(enabled["adminUserEnabled"], true);
    let shown = json(&az, "acr credential show --name teamone");
    assert_eq!(shown["username"], TEAM);
    for name in ["password", "password2"] {
        crane.run(login(&shown, name));
        crane.run_soon(&catalog);
    }

    let renewed = json(&az, "acr credential renew --name teamone --password-name password");
    crane.run(login(&renewed, "password2"));
    crane.run_soon(&catalog);
    crane.run(login(&renewed, "password"));
    crane.run_soon(&catalog);
    crane.run(login(&shown, "password"));
    crane.fails_soon(&catalog);

    az.run(words("acr update --name teamone --admin-enabled false"));
    crane.run(login(&renewed, "password"));
    crane.fails_soon(&catalog);
}

#[test]
fn keeps_scope_maps() {
    let (_site, _cloud, az) = signed_in();
    let actions = "--query actions";

    let created = json(
        &az,
        &format!(
            "acr scope-map create --registry teamone --name readers --repository hello content/read {actions}"
        ),
    );
    assert_eq!(created, json!(["repositories/hello/content/read"]));
    let updated = json(
        &az,
        &format!(
            "acr scope-map update --registry teamone --name readers --add-repository team/* metadata/read \
         --remove-repository hello content/read {actions}"
        ),
    );
    assert_eq!(updated, json!(["repositories/team/*/metadata/read"]));
    let names = || json(&az, "acr scope-map list --registry teamone --query [].name").to_string();
    assert!(names().contains("readers") && names().contains("_repositories_pull"), "{}", names());

    az.run(words("acr scope-map delete --registry teamone --name readers --yes"));
    assert!(!names().contains("readers"), "{}", names());

    az.run(words(
        "acr token create --registry teamone --name pusher --scope-map _repositories_push",
    ));
    let token =
        "acr token update --registry teamone --name pusher --status disabled --query status";
    assert_eq!(json(&az, token), "disabled");
    az.run(words("acr token delete --registry teamone --name pusher --yes"));
    assert_eq!(json(&az, "acr token list --registry teamone"), json!([]));
}

#[test]
fn changes_who_gets_in() {
    let (site, cloud, az) = signed_in();
    let anonymous = site.go("crane").env("DOCKER_CONFIG", site.path("nobody"));
    let image = Image::new("amd64", "for everyone");
    let reference = push(&site, &cloud, &image, "hello:v1");

    anonymous.fails(["digest", &reference]);
    let changed = json(&az, "acr update --name teamone --anonymous-pull-enabled true");
    assert_eq!(changed["anonymousPullEnabled"], true);
    assert_eq!(anonymous.run_soon(&["digest", &reference]), image.digest());
    az.run(words("acr update --name teamone --anonymous-pull-enabled false"));
    anonymous.fails_soon(&["digest", &reference]);

    let rules = "--query networkRuleSet.ipRules[].ipAddressOrRange";
    let added = format!("acr network-rule add --name teamone --ip-address 192.0.2.0/24 {rules}");
    assert_eq!(json(&az, &added), json!(["192.0.2.0/24"]));
    az.run(words("acr update --name teamone --default-action Deny"));
    let signed_in = signed_in_crane(&site, &cloud);
    let said = signed_in.fails_soon(&["digest", &reference]);
    assert!(said.contains("is not allowed access"), "{said}");
    let own = format!("acr network-rule add --name teamone --ip-address 127.0.0.0/8 {rules}");
    assert_eq!(json(&az, &own), json!(["192.0.2.0/24", "127.0.0.0/8"]));
    assert_eq!(signed_in.run_soon(&["digest", &reference]), image.digest());
    az.run(words("acr network-rule remove --name teamone --ip-address 192.0.2.0/24"));
    let listed =
        json(&az, "acr network-rule list --name teamone --query ipRules[].ipAddressOrRange");
    assert_eq!(listed, json!(["127.0.0.0/8"]));

    // A token of the directory's that is for the management API.
    let arm = az.clone().env("AZURE_ACR_AUDIENCE_RESOURCE", format!("{}/arm", cloud.base()));
    assert_can_pull(&arm);
    let status = "acr config authentication-as-arm update --registry teamone --status";
    assert_eq!(json(&az, &format!("{status} disabled"))["status"], "disabled");
    arm.fails_soon(&words("acr login --name teamone --expose-token"));
    assert_can_pull(&az);
    assert_eq!(json(&az, &format!("{status} enabled"))["status"], "enabled");
    assert_can_pull(&arm);
}

#[test]
fn assigns_roles() {
    let (site, cloud, az) = signed_in();
    let registry = cloud.registry(TEAM);
    for repository in ["team/app", "other/app"] {
        push(&site, &cloud, &Image::new("amd64", repository), &format!("{repository}:v1"));
    }
    let principal = object_id(&cloud);
    let assign = |role: &str, condition: &[&str]| {
        let assign = ["role", "assignment", "create", "--role", role, "--scope", &registry];
        let whom = ["--assignee-object-id", &principal];
        let kind = ["--assignee-principal-type", "ServicePrincipal"];
        let made = az.run([&assign[..], &whom, &kind, condition].concat());
        serde_json::from_str::<Value>(&made).expect("az prints JSON")
    };
    let roles = || {
        let list = format!("role assignment list --scope {registry} --fill-principal-name false");
        json(&az, &format!("{list} --query [].roleDefinitionName"))
    };

    let made = assign("AcrPull", &[]);
    assert_eq!(made["principalId"], *principal);
    assert_eq!(made["scope"], *registry);
    assert_eq!(roles(), json!(["AcrPull"]));
    let id = made["id"].as_str().expect("it has an id");
    az.run(["role", "assignment", "delete", "--ids", id]);
    assert_eq!(roles(), json!([]));

    // The owner's role has no data actions, so from here on what counts is the condition.
    let mode =
        "acr update --name teamone --role-assignment-mode rbac-abac --query roleAssignmentMode";
    assert_eq!(json(&az, mode), "AbacRepositoryPermissions");
    let reference = |repository: &str| format!("{TEAM}.acr.localhost/{repository}:v1");
    let denied = signed_in_crane(&site, &cloud);
    denied.fails_soon(&["digest", &reference("team/app")]);
    let condition = "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) \
        AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR \
        (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team/'))";
    let made = assign(
        "Container Registry Repository Reader",
        &["--condition", condition, "--condition-version", "2.0"],
    );
    assert_eq!(made["condition"], condition);

    let engine = Engine::start(&site);
    let docker = engine.client(&site, &debian_tool("docker"), "config");
    let az = engine.settings(az.clone()).env("DOCKER_CONFIG", site.path("config"));
    az.run(words("acr login --name teamone"));
    docker.run_soon(&["pull", "--quiet", &reference("team/app")]);
    let said = docker.fails(["pull", "--quiet", &reference("other/app")]);
    assert!(said.contains("denied"), "{said}");
}

/// A client that knows the server as its cloud.
fn registered(site: &Site) -> Client {
    registered_as(site, "az")
}

/// The same, with a configuration of that name.
fn registered_as(site: &Site, name: &str) -> Client {
    let az = site.az(name);
    let address = format!("https://{}", site.host());
    az.run(["cloud", "register", "--name", "Gantry", "--endpoint-resource-manager", &address]);
    az.run(words("cloud set --name Gantry"));
    az
}

/// A site and a client that has signed in as the first application.
fn signed_in() -> (Site, Cloud, Client) {
    let site = Site::on_443(&[]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    az.run(words(&login(&cloud, &cloud.secret)));
    (site, cloud, az)
}

/// How the first application signs in.
fn login(cloud: &Cloud, secret: &str) -> String {
    let (app, tenant) = (&cloud.app, &cloud.tenant);
    format!("login --service-principal --username {app} --password {secret} --tenant {tenant}")
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

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What a command prints.
fn json(az: &Client, line: &str) -> Value {
    let said = az.run(words(line));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("az {line}: {error} in {said}"))
}

/// All that a command says.
fn both(az: &Client, line: &str) -> String {
    let output = az.output(words(line), b"");
    String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr
}

/// Asserts that the sign-in is good for the registry [`TEAM`].
fn assert_can_pull(az: &Client) {
    let login = az.run_soon(&words("acr login --name teamone --expose-token"));
    let login: Value = serde_json::from_str(&login).expect("az prints JSON");
    assert_eq!(login["loginServer"], "teamone.acr.localhost");
    assert_eq!(login["username"], NOBODY);
    json(az, "acr repository list --name teamone");
}

/// The text of one of an account's passwords.
fn password(account: &Value, name: &str) -> String {
    let passwords = account["passwords"].as_array().expect("there are passwords");
    let found = passwords.iter().find(|password| password["name"] == name);
    found.and_then(|password| password["value"].as_str()).expect("it has a value").to_owned()
}

/// Pushes an image to the registry [`TEAM`].
fn push(site: &Site, cloud: &Cloud, image: &Image, name: &str) -> String {
    let directory = name.replace('/', "-");
    image.layout("v1").write(&site.path(&directory));
    let reference = format!("{TEAM}.acr.localhost/{name}");
    signed_in_crane(site, cloud).run(["push", &directory, &reference]);
    reference
}

/// `crane`, signed in to the registry [`TEAM`] as the first application.
fn signed_in_crane(site: &Site, cloud: &Cloud) -> Client {
    let crane = site.go("crane").env("DOCKER_CONFIG", site.path("application"));
    let host = format!("{TEAM}.acr.localhost");
    crane.run(["auth", "login", &host, "-u", &cloud.app, "-p", &cloud.secret]);
    crane
}

/// The first application's id as one that roles are given to.
fn object_id(cloud: &Cloud) -> String {
    let token = cloud.token(&format!("{}/arm/.default", cloud.base()));
    let claims = token.split('.').nth(1).expect("it is a JWT");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("it is base64");
    let claims: Value = serde_json::from_slice(&claims).expect("it is JSON");
    claims["oid"].as_str().expect("it says whom it is about").to_owned()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split(after).next().unwrap_or(rest)
}
