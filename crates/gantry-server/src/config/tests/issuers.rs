//! `[[issuer]]`

use super::*;

#[test]
fn issuers_that_everyone_could_use_are_mistakes() {
    let errors = from_file(
        r#"
[[issuer]]
audience = ["gantry"]

[[issuer]]
url = "http://issuer.example"
audiences = []
name_claim = "name"

[[issuer]]
url = "https://login.microsoftonline.com/common/v2.0"
audiences = ["gantry"]

[[issuer]]
url = "https://issuer.example"
audiences = ["", "gantry"]
subject_claim = ""
tenants = ["contoso"]

[[issuer]]
url = "https://issuer.example"
audiences = "gantry"

[outbound]
allowed_networks = ["all"]
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    12 mistakes in the configuration:
      issuer[1].url (gantry.toml:2): is missing
      issuer[1].audiences (gantry.toml:2): is missing
      issuer[1].audience (gantry.toml:3): no such setting; did you mean audiences?
      issuer[2].url (gantry.toml:6): "http://issuer.example": not an issuer; write it as its metadata does, like https://issuer.example.com/path
      issuer[2].audiences (gantry.toml:5): is missing
      issuer[3].tenants (gantry.toml:10): https://login.microsoftonline.com/common/v2.0 is everyone's: list the tenants that count
      issuer[4].audiences (gantry.toml:16): "": empty
      issuer[4].subject_claim (gantry.toml:17): "": empty
      issuer[4].tenants (gantry.toml:18): "contoso": not a tenant's id; write it like 72f988bf-86f1-41af-91ab-2d7cd011db47
      issuer[5].url (gantry.toml:20): https://issuer.example is taken
      issuer[5].audiences (gantry.toml:22): a text, where a list is wanted
      outbound.allowed_networks (gantry.toml:25): "all": not a network; write it like 10.0.0.0/8, fd00::/8 or 192.0.2.7
    "#);
}

#[test]
fn issuers_are_addresses_without_more() {
    for bad in [
        "issuer.example",
        "https://",
        "https://issuer.example?tenant=a",
        "https://issuer.example/#a",
        "https://user@issuer.example",
        "https://login.example/{tenantid}/v2.0",
        "https://issuer.example/a b",
        " https://issuer.example",
    ] {
        let file = format!("[[issuer]]\nurl = '{bad}'\naudiences = ['gantry']");
        let errors = from_file(&file).unwrap_err().to_string();
        assert!(errors.contains("issuer[1].url (gantry.toml:2)"), "{bad}: {errors}");
    }
}

#[test]
fn issuers_are_read_from_the_environment() {
    let json = r#"[{"url": "https://issuer.example", "audiences": ["gantry"]}]"#;
    let environment = [
        ("GANTRY_ISSUER", json),
        ("GANTRY_OUTBOUND_ALLOWED_NETWORKS", "10.0.0.0/8, 192.0.2.7"),
        ("GANTRY_OUTBOUND_CA_FILES", "a.pem,b.pem"),
    ];
    let config = from_environment(&environment).unwrap();
    assert_eq!(config.issuers[0].url, "https://issuer.example");
    assert_eq!(config.outbound.allowed_networks.len(), 2);
    assert_eq!(config.outbound.ca_files, [Path::new("a.pem"), Path::new("b.pem")]);
}
