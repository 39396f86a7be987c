//! Azure's command line with the server as its cloud.

use serde_json::Value;

use crate::{Client, Cloud, Image, Site, TEAM};

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

/// Asserts that the sign-in is good for the registry [`TEAM`].
pub fn assert_can_pull(az: &Client) {
    let login = az.run_soon(&words("acr login --name teamone --expose-token"));
    let login: Value = serde_json::from_str(&login).expect("az prints JSON");
    assert_eq!(login["loginServer"], "teamone.acr.localhost");
    assert_eq!(login["username"], NOBODY);
    json(az, "acr repository list --name teamone");
}

/// Pushes `image` as `name` (with its tag) to the registry [`TEAM`], by crane as the first application;
/// tells by which reference it is there.
pub fn push(site: &Site, cloud: &Cloud, image: &Image, name: &str) -> String {
    let directory = name.replace('/', "-");
    image.layout("v1").write(&site.path(&directory));
    let reference = format!("{TEAM}.acr.localhost/{name}");
    signed_in_crane(site, cloud).run(["push", &directory, &reference]);
    reference
}

/// `crane`, signed in to the registry [`TEAM`] as the first application.
pub fn signed_in_crane(site: &Site, cloud: &Cloud) -> Client {
    let crane = site.go("crane").env("DOCKER_CONFIG", site.path("application"));
    let host = format!("{TEAM}.acr.localhost");
    crane.run(["auth", "login", &host, "-u", &cloud.app, "-p", &cloud.secret]);
    crane
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
