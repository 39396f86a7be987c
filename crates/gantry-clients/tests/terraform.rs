//! Terraform's provider for Azure, `azurerm`, run by OpenTofu. What it makes is in
//! `terraform/main.tf`, beside this file.

use std::os::unix::fs::symlink;

use gantry_clients::{Client, Cloud, Site, Transport};
use gantry_testkit::programs::go_tool;
use serde_json::Value;

const MAIN: &str = include_str!("terraform/main.tf");
/// By which all of it is other.
const CHANGED: &str = "-var=changed=true";

#[test]
fn azurerm_makes_changes_takes_over_and_removes() {
    let site = Site::new(Transport::Tls);
    let cloud = Cloud::of(&site);
    let tofu = tofu(&site, &cloud);
    tofu.run(["init"]);

    tofu.run(["apply", "-auto-approve"]);
    is_settled(&tofu, &[]);
    let host = tofu.run(["output", "-raw", "login_server"]);
    let password = tofu.run(["output", "-raw", "password"]);
    assert_eq!(host, format!("terraformed.acr.localhost:{}", site.port()));
    assert_eq!(sign_in(&cloud, &host, &password), "200");

    tofu.run(["apply", "-auto-approve", CHANGED]);
    is_settled(&tofu, &[CHANGED]);
    // Its rules let in nobody from here.
    assert_eq!(sign_in(&cloud, &host, &password), "403");

    let registry = "azurerm_container_registry.team";
    let id = tofu.run(["output", "-raw", "id"]);
    tofu.run(["state", "rm", registry]);
    tofu.run(["import", CHANGED, registry, &id]);
    is_settled(&tofu, &[CHANGED]);

    tofu.run(["destroy", "-auto-approve", CHANGED]);
    assert_eq!(tofu.run(["state", "list"]), "");
    let registries = "providers/Microsoft.ContainerRegistry/registries";
    let registries = format!("/subscriptions/{}/{registries}", cloud.subscription);
    let left = cloud.manage("GET", &registries, &Value::Null);
    let left = left["value"].as_array().expect("it is a list").iter();
    assert_eq!(left.map(|one| &one["name"]).collect::<Vec<_>>(), ["local"]);
}

/// Asserts that nothing is left to do.
fn is_settled(tofu: &Client, variables: &[&str]) {
    // It ends with 2 where something is.
    tofu.run([&["plan", "-detailed-exitcode"], variables].concat());
}

/// The status that the registry's token and this password are answered with.
fn sign_in(cloud: &Cloud, host: &str, password: &str) -> String {
    let user = format!("robot:{password}");
    let token =
        format!("https://{host}/oauth2/token?service={host}&scope=repository:team/app:pull");
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}", "--user", &user, &token];
    cloud.curl().run(status)
}

/// OpenTofu, which has the provider of a directory and none of anybody's registry.
fn tofu(site: &Site, cloud: &Cloud) -> Client {
    site.file("terraform/main.tf", MAIN);
    let provider = "providers/terraform.local/hashicorp/azurerm/5.2.0/linux_amd64";
    let provider = site.file(&format!("{provider}/README"), "");
    symlink(go_tool("azurerm"), provider.with_file_name("terraform-provider-azurerm"))
        .expect("the home is writable");
    let mirror = site.path("providers");
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"
    );
    site.go("tofu")
        .option("-chdir=terraform")
        .env("TF_CLI_CONFIG_FILE", site.file("tofu.rc", settings))
        .env("TF_CLI_ARGS", "-no-color")
        .env("TF_INPUT", "0")
        .env("ARM_METADATA_HOSTNAME", site.host())
        .env("ARM_TENANT_ID", &cloud.tenant)
        .env("ARM_SUBSCRIPTION_ID", &cloud.subscription)
        .env("ARM_CLIENT_ID", &cloud.app)
        .env("ARM_CLIENT_SECRET", &cloud.secret)
}
