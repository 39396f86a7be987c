//! `[acme]`

use super::*;

/// The names that certificates are asked for.
fn wanted(file: &str) -> Vec<String> {
    let config = from_file(file).unwrap();
    let registries = config.registries.iter().map(|registry| registry.name.as_str());
    let wanted =
        config.acme.unwrap().wanted(&config.names, &config.registries, registries, Vec::new());
    wanted.iter().map(ToString::to_string).collect()
}

const ACME: &str =
    "directory = 'https://acme.example.com/directory'\nterms_of_service_agreed = true";

#[test]
fn certificates_are_asked_for_the_names_in_the_dns() {
    let registry = "[[registry]]\nname = 'teamone'\nhosts = ['images.example.com']";
    let names = "hostnames = ['registry.example.com', '192.0.2.1', 'machine', 'a.localhost']";
    assert_eq!(
        wanted(&format!("{names}\n[acme]\n{ACME}\n{registry}")),
        ["registry.example.com", "images.example.com"]
    );
    let suffix = "suffix = 'registries.example.com'";
    assert_eq!(
        wanted(&format!("{suffix}\n[acme]\n{ACME}\nchallenge = 'tls-alpn-01'\n{registry}")),
        ["images.example.com", "local.registries.example.com", "teamone.registries.example.com"]
    );
    let dns = "challenge = 'dns-01'\ndns_webhook = 'http://127.0.0.1:9000'";
    assert_eq!(
        wanted(&format!("{suffix}\n[acme]\n{ACME}\n{dns}\n{registry}")),
        ["images.example.com", "*.registries.example.com"]
    );
    let listed = "names = ['One.example.com']";
    assert_eq!(wanted(&format!("{suffix}\n[acme]\n{ACME}\n{listed}")), ["one.example.com"]);
}

#[test]
fn without_a_directory_no_certificate_is_asked_for() {
    assert!(Case::default().load().unwrap().acme.is_none());
    let errors = from_file("[acme]\ncontacts = ['mailto:a@example.com']").unwrap_err().to_string();
    assert!(errors.contains("acme.directory: is missing"), "{errors}");
}

#[test]
fn mistakes_about_certificates_from_an_authority_are_told_by_key() {
    let file = r#"
[acme]
directory = "http://acme.example.com/directory"
contacts = ["admin@example.com"]
challenge = "dns-02"
names = ["192.0.2.1", "localhost", "a_b"]
dns_webhook = "http://dns.example.com/?secret"
"#;
    insta::assert_snapshot!(from_file(file).unwrap_err(), @r#"
    7 mistakes in the configuration:
      acme.directory (gantry.toml:3): "http://acme.example.com/directory": not a directory; write it like https://acme-v02.api.letsencrypt.org/directory
      acme.contacts (gantry.toml:4): "admin@example.com": not an address to write to; write it like mailto:admin@example.com
      acme.challenge (gantry.toml:5): "dns-02": there are http-01, tls-alpn-01 and dns-01
      acme.names (gantry.toml:6): "192.0.2.1": an address; certificates are asked for names
      acme.names (gantry.toml:6): "localhost": a name that no authority can look up; it takes one in the DNS, like registry.example.com
      acme.names (gantry.toml:6): "a_b": not a host name; write it like registry.example.com or *.registries.example.com
      acme.dns_webhook (gantry.toml:7): not a webhook; write it like https://dns.example.com/hook (http:// for 127.0.0.1 and [::1] alone)
    "#);
    let file = r#"
hostnames = ["192.0.2.1"]
[acme]
directory = "https://acme.example.com/directory"
challenge = "dns-01"
dns_webhook_secret_file = "secret"
external_account_key_id = "kid-1"
"#;
    insta::assert_snapshot!(from_file(file).unwrap_err(), @"
    4 mistakes in the configuration:
      acme.dns_webhook: is missing: the challenge dns-01 takes someone who sets records
      acme.external_account_key_file: is missing: an external account takes both
      acme.terms_of_service_agreed: the authority asks whether you agree to its terms of service: read them (the directory says where they are) and give true
      acme.names: there is nothing to ask for: none of hostnames, the registries' hosts and suffix is a name in the DNS
    ");
    let file = r#"
[acme]
directory = "https://acme.example.com/directory"
terms_of_service_agreed = true
names = ["*.registries.example.com"]
dns_webhook = "https://dns.example.com"
"#;
    insta::assert_snapshot!(from_file(file).unwrap_err(), @"
    2 mistakes in the configuration:
      acme.dns_webhook: the challenge http-01 sets no records: give dns-01
      acme.names (gantry.toml:5): *.registries.example.com: a wildcard takes the challenge dns-01
    ");
    let errors = from_file(&format!("hostnames = ['192.0.2.1']\n[acme]\n{ACME}")).unwrap_err();
    assert!(errors.to_string().contains("acme.names: there is nothing to ask for"), "{errors}");
}
