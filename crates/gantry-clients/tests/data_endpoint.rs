//! Clients that download from a registry's dedicated data endpoint, over TLS.

use gantry_clients::az::{json, push, signed_in, signed_in_crane, words};
use gantry_clients::{Engine, Image, TEAM, debian_tool};
use serde_json::json;

#[test]
fn crane_and_docker_follow_to_the_data_endpoint() {
    let (site, cloud, az) = signed_in();
    let image = Image::new("amd64", "downloaded from a data endpoint");
    let reference = push(&site, &cloud, &image, "hello:v1");

    json(&az, "acr update --name teamone --data-endpoint-enabled true");
    let host = format!("{TEAM}.local.data.acr.localhost");
    let shown = json(&az, "acr show-endpoints --name teamone");
    assert_eq!(shown["loginServer"], format!("{TEAM}.acr.localhost"));
    assert_eq!(shown["dataEndpoints"][0]["endpoint"], *host);

    let crane = signed_in_crane(&site, &cloud);
    crane.run(["pull", "--format=oci", &reference, "pulled"]);
    image.layout("v1").assert_in(&site.path("pulled"));
    let talked = crane.output(["-v", "pull", "--format=oci", &reference, "again"], b"");
    let said = talked.stderr;
    assert!(said.contains(&format!("https://{host}/v2/hello/blobs/sha256:")), "{said}");

    let engine = Engine::start(&site);
    let docker = engine.client(&site, &debian_tool("docker"), "config");
    let az = engine.settings(az).env("DOCKER_CONFIG", site.path("config"));
    az.run(words("acr login --name teamone"));
    let reference = format!("{}/hello:v1", engine.registry);
    docker.run(["pull", "--quiet", &reference]);
    assert_eq!(docker.run(["inspect", "--format={{.Id}}", &reference]), image.id());

    json(&az, "acr update --name teamone --data-endpoint-enabled false");
    assert_eq!(json(&az, "acr show --name teamone --query dataEndpointHostNames"), json!([]));
}

#[test]
fn az_signs_in_to_a_regional_endpoint() {
    let (site, cloud, az) = signed_in();
    let image = Image::new("amd64", "pulled in its location");
    push(&site, &cloud, &image, "hello:v1");

    json(&az, "acr update --name teamone --regional-endpoints enabled");
    let host = format!("{TEAM}.local.geo.acr.localhost");
    let hosts = json(&az, "acr show --name teamone --query regionalEndpointHostNames");
    assert_eq!(hosts, json!([host]));
    let crane = site.go("crane").env("DOCKER_CONFIG", site.path("regional"));
    crane.run(["auth", "login", &host, "-u", &cloud.app, "-p", &cloud.secret]);
    assert_eq!(crane.run(["digest", &format!("{host}/hello:v1")]), image.digest());
}
