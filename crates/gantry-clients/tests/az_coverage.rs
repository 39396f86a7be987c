//! Every command of `az acr`, in one process: each does what it does, and is refused what it must be. The
//! list of those that this az has is compared with those that were run.

use gantry_clients::az::{json, login, push, registered, words};
use gantry_clients::{Client, Cloud, Image, Site, TEAM};
use serde_json::Value;

const RUN: &str = include_str!("az_coverage/run.py");
const COMMANDS: &str = include_str!("az_coverage/commands.txt");

#[test]
fn every_command_does_what_it_does() {
    let endpoint = r#"[{ "name": "office", "networks": ["192.0.2.0/24"] }]"#;
    let site = Site::on_443(&[("GANTRY_PRIVATE_ENDPOINT", endpoint)]);
    site.resolve(&["covered01", "absent01"]);
    let cloud = Cloud::of(&site);
    let az = registered(&site);
    az.run(words(&login(&cloud, &cloud.secret)));
    let image = Image::new("amd64", "for every command");
    push(&site, &cloud, &image, "hello:v1");
    push(&site, &cloud, &image, "hello:untagged");
    push(&site, &cloud, &image, "other:v1");
    push(&site, &cloud, &image, "third:v2");
    assert_eq!(json(&az, "acr repository list --name teamone").as_array().map(Vec::len), Some(3));

    let said =
        python(&site, &image).run([site.file("run.py", RUN), site.file("commands.txt", COMMANDS)]);

    let report: Value = serde_json::from_str(&said).expect("it prints JSON");
    let texts = |name: &str| {
        let all = report[name].as_array().expect("it is a list").iter();
        all.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    };
    eprintln!("{}\n{} commands", texts("table"), report["commands"]);
    assert!(texts("wrong").is_empty(), "{}", texts("wrong"));
    assert_eq!(texts("forgotten"), "");
}

/// The interpreter that az runs in, signed in as az is.
fn python(site: &Site, image: &Image) -> Client {
    let nodes = std::env::var("GANTRY_TEST_DEPLOYMENT").is_ok_and(|kind| kind != "embedded");
    let moments = if nodes { "3" } else { "1" };
    let python = site.az_python("az").env("MOMENTS", moments);
    python.env("TEAM", TEAM).env("DIGEST", image.digest())
}
