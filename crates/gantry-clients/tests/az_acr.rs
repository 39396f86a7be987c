//! `az acr` and `az role`: what they change, and what that lets in. Docker and podman, signed in by
//! `az acr login`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_clients::az::{assert_can_pull, json, push, signed_in, signed_in_crane, words};
use gantry_clients::{Client, Cloud, Containers, Engine, Image, Site, TEAM, debian_tool};
use serde_json::{Value, json};

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

/// All that a command says.
fn both(az: &Client, line: &str) -> String {
    let output = az.output(words(line), b"");
    String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr
}

/// The text of one of an account's passwords.
fn password(account: &Value, name: &str) -> String {
    let passwords = account["passwords"].as_array().expect("there are passwords");
    let found = passwords.iter().find(|password| password["name"] == name);
    found.and_then(|password| password["value"].as_str()).expect("it has a value").to_owned()
}

/// The first application's id as one that roles are given to.
fn object_id(cloud: &Cloud) -> String {
    let token = cloud.token(&format!("{}/arm/.default", cloud.base()));
    let claims = token.split('.').nth(1).expect("it is a JWT");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("it is base64");
    let claims: Value = serde_json::from_slice(&claims).expect("it is JSON");
    claims["oid"].as_str().expect("it says whom it is about").to_owned()
}
