//! Azure's command line with the server as its cloud.

use serde_json::Value;

use crate::{Client, Cloud, Site};

/// Whom a client signs in as that shows a refresh token.
pub const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A client that knows the server as its cloud.
pub fn registered(site: &Site) -> Client {
    registered_as(site, "az")
}

/// The same, with a configuration of that name.
pub fn registered_as(site: &Site, name: &str) -> Client {
    let az = site.az(name);
    let address = format!("https://{}", site.host());
    az.run(["cloud", "register", "--name", "Gantry", "--endpoint-resource-manager", &address]);
    az.run(words("cloud set --name Gantry"));
    az
}

/// A site and a client that has signed in as the first application.
pub fn signed_in() -> (Site, Cloud, Client) {
    let site = Site::on_443(&[]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    az.run(words(&login(&cloud, &cloud.secret)));
    (site, cloud, az)
}

/// How the first application signs in.
pub fn login(cloud: &Cloud, secret: &str) -> String {
    let (app, tenant) = (&cloud.app, &cloud.tenant);
    format!("login --service-principal --username {app} --password {secret} --tenant {tenant}")
}

/// Asserts that the sign-in is good for the registry [`TEAM`](crate::TEAM).
pub fn assert_can_pull(az: &Client) {
    let login = az.run_soon(&words("acr login --name teamone --expose-token"));
    let login: Value = serde_json::from_str(&login).expect("az prints JSON");
    assert_eq!(login["loginServer"], "teamone.acr.localhost");
    assert_eq!(login["username"], NOBODY);
    json(az, "acr repository list --name teamone");
}

/// The words of a command.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What a command prints.
pub fn json(az: &Client, line: &str) -> Value {
    let said = az.run(words(line));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("az {line}: {error} in {said}"))
}
