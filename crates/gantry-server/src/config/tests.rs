use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use gantry_edge::{Entrance, ListenAddress, Peers, TlsMinimum};
use gantry_model::{Category, Tier};
use gantry_throttle::{Preset, Rate, Requester, Rule};

use super::env::env_name;
use super::*;

/// Flags, environment and file of one case.
#[derive(Default)]
struct Case<'a> {
    flags: Flags,
    environment: &'a [(&'a str, &'a str)],
    file: &'a str,
}

impl Case<'_> {
    fn load(self) -> Result<Config, ConfigErrors> {
        let mut flags = self.flags;
        if !self.file.is_empty() {
            flags.config = Some("gantry.toml".into());
        }
        let environment = self.environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::load(flags, environment, |path| {
            assert_eq!(path, Path::new("gantry.toml"));
            Ok(self.file.to_owned())
        })
    }
}

fn from_file(file: &str) -> Result<Config, ConfigErrors> {
    Case { file, ..Case::default() }.load()
}

fn from_environment(environment: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Case { environment, ..Case::default() }.load()
}

fn required(address: &str) -> ListenAddress {
    ListenAddress::required(address.parse::<SocketAddr>().unwrap())
}

#[test]
fn nothing_given_is_a_working_configuration() {
    let config = Case::default().load().unwrap();
    assert_eq!(config.data, Path::new("./data"));
    assert_eq!(config.network.listen, ListenAddress::loopback(5000));
    assert_eq!(config.names.suffix.as_str(), "acr.localhost");
    assert_eq!(config.network.drain, Duration::from_secs(30));
    assert_eq!(config.limits.blob_bytes, 200 << 30);
    assert_eq!(config.collection.grace, Duration::from_secs(24 * 3600));
    assert_eq!(config.secrets.master_key, MasterKeySource::DataDirectory);
    assert!(config.secrets.admin_password.is_none());
    assert!(config.registries.is_empty());
}

#[test]
fn flags_beat_environment_beats_file_beats_default() {
    let file = "data = 'from-file'\nlocation = 'here'\nlisten = ['127.0.0.1:1']\n[limits]\nconnections = 100\n";
    let environment = [("GANTRY_DATA", "from-env"), ("GANTRY_LISTEN", "[::1]:2, 127.0.0.1:2")];
    let config = Case { file, ..Case::default() }.load().unwrap();
    assert_eq!((config.data.to_str(), config.limits.connections), (Some("from-file"), 100));
    assert_eq!(config.network.listen, [required("127.0.0.1:1")]);

    let config = Case { file, environment: &environment, ..Case::default() }.load().unwrap();
    assert_eq!(config.data, Path::new("from-env"));
    assert_eq!(config.location, "here");
    assert_eq!(config.network.listen, [required("[::1]:2"), required("127.0.0.1:2")]);

    let flags = Flags {
        data: Some("from-flag".into()),
        listen: vec!["127.0.0.1:3".into(), "localhost:4".into()],
        config: None,
        ..Flags::default()
    };
    let config = Case { flags, file, environment: &environment }.load().unwrap();
    assert_eq!(config.data, Path::new("from-flag"));
    let mut expected = vec![required("127.0.0.1:3")];
    expected.extend(ListenAddress::loopback(4));
    assert_eq!(config.network.listen, expected);
}

#[test]
fn every_kind_of_setting_is_read_from_the_file() {
    let config = from_file(EVERY_SETTING).unwrap();
    assert_eq!(config.names.hostnames[0].as_str(), "registry.example.com");
    assert_eq!(config.network.trusted_proxies[0].to_string(), "10.0.0.0/8");
    assert_eq!(config.network.trusted_proxies[1].to_string(), "192.0.2.7/32");
    assert!(config.network.insecure_http);
    assert!(config.network.proxy_protocol.include("10.2.3.4".parse().unwrap()));
    let office = Entrance::Private("office".into());
    let own = required("10.0.0.5:5001").as_entrance(office.clone());
    assert_eq!(config.network.listen, [required("0.0.0.0:443"), own]);
    let entrance = |client: &str| config.network.private_networks.entrance(client.parse().unwrap());
    assert_eq!(entrance("10.7.1.1"), office);
    assert_eq!(entrance("10.8.1.1"), Entrance::Private("Lab-2".into()));
    assert_eq!(entrance("192.0.2.1"), Entrance::Public);
    assert_eq!(config.limits.connections_per_address, None);
    assert_eq!(config.limits.handshake_timeout, Duration::from_secs(5));
    assert_eq!(config.tls.certificates[0].certificate, Path::new("a.pem"));
    assert_eq!(config.tls.minimum, TlsMinimum::Tls13);
    let default = settings_of(&config.default_registry);
    assert!(default.anonymous_pull && !default.sparse_content);
    let team = &config.registries[0];
    assert_eq!((team.name.as_str(), settings_of(&team.settings).tier), ("teamone", Tier::Basic));
    assert_eq!(team.hosts[0].as_str(), "images.example.com");
    let settings = settings_of(&team.settings);
    assert!(settings.admin_enabled && settings.sparse_content);
    assert!(!settings_of(&config.registries[1].settings).admin_enabled);
    let [entra, actions] = &config.issuers[..] else { panic!("two issuers") };
    assert_eq!(entra.audiences, ["https://registry.example.com", "api://gantry"]);
    assert_eq!((entra.subject_claim.as_str(), entra.groups_claim.as_str()), ("oid", "roles"));
    assert_eq!(entra.name_claim.as_deref(), Some("upn"));
    assert_eq!(entra.tenants[0].to_string(), "72f988bf-86f1-41af-91ab-2d7cd011db47");
    assert_eq!(
        *actions,
        TrustedIssuer::new("https://token.actions.example.com/", vec!["gantry".to_owned()])
    );
    let allowed: Vec<_> =
        config.outbound.allowed_networks.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["10.2.0.0/16", "fd00::7/128"]);
    assert_eq!(config.outbound.ca_files, [Path::new("ca.pem")]);
    assert_eq!(config.limits.blob_bytes, 1 << 30);
    assert_eq!(config.limits.header_bytes, 32 * 1024);
    assert_eq!(config.tokens.access_token_lifetime, Duration::from_secs(75 * 60));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.level, "info,gantry_edge=debug");
    assert!(!config.log.access);
    assert_eq!(config.metrics.networks, Peers::from_networks(["10.9.0.0/16".parse().unwrap()]));
}

#[test]
fn rate_limits_are_off_or_acrs_or_the_operators() {
    assert!(from_file("").unwrap().rate_limits.are_empty());
    let acr = from_file("rate_limits = 'acr'").unwrap().rate_limits;
    assert_eq!(acr, Rules { preset: Preset::Acr, own: vec![] });
    assert_eq!(from_environment(&[("GANTRY_RATE_LIMITS", "acr")]).unwrap().rate_limits, acr);

    let config = from_file(EVERY_SETTING).unwrap();
    let rules = [
        Rule {
            registry: Some("teamone".parse().unwrap()),
            of: Requester::One("token:ci".to_owned()),
            category: Category::DataplaneWrite,
            rate: Some(Rate::per_minute(6).with_burst(2)),
        },
        Rule {
            registry: None,
            of: Requester::Class("token:".to_owned()),
            category: Category::DataplaneRead,
            rate: None,
        },
    ];
    assert_eq!(config.rate_limits, Rules { preset: Preset::Acr, own: rules.to_vec() });

    let whole = r#"[{"category": "oauth", "per_minute": 1}]"#;
    let environment = [("GANTRY_RATE_LIMITS", "own"), ("GANTRY_RATE_LIMIT", whole)];
    let rules = from_environment(&environment).unwrap().rate_limits;
    assert_eq!((rules.preset, &rules.own[0].of), (Preset::Unlimited, &Requester::Registry));
}

#[test]
fn mistakes_in_rate_limits_are_explained() {
    let errors = from_file(
        r#"
rate_limits = "azure"

[[rate_limit]]
registry = "x"
identity = "token*"
category = "pull"
per_minute = 0

[[rate_limit]]
identity = "*"
category = "oauth"
per_minute = "many"
burst = "unlimited"

[[rate_limit]]
category = "read"
per_minute = 10

[[rate_limit]]
registry = "*"
category = "read"
per_minute = 2000000
minute = 1

[[rate_limit]]
registry = "*"
category = "read"
per_minute = 20
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    12 mistakes in the configuration:
      rate_limits (gantry.toml:2): "azure": write off, acr or own
      rate_limit[1].registry (gantry.toml:5): "x": a registry's name is 5 to 50 letters and digits
      rate_limit[1].identity (gantry.toml:6): "token*": an identity is like anonymous, admin or token:NAME, all of a kind like token:*, and each one *
      rate_limit[1].category (gantry.toml:7): "pull": a category is read, write, delete, referrers or oauth
      rate_limit[1].per_minute (gantry.toml:8): 0 is not between 1 and 1000000
      rate_limit[2].per_minute (gantry.toml:13): "many" is neither a number nor unlimited
      rate_limit[2].burst (gantry.toml:14): a text, where a whole number is wanted
      rate_limit[2].identity (gantry.toml:10): requests for tokens are counted for the registry as a whole: they are made before anyone knows by whom
      rate_limit[4].per_minute (gantry.toml:23): 2000000 is not between 1 and 1000000
      rate_limit[4].minute (gantry.toml:24): no such setting
      rate_limit[5].category (gantry.toml:26): another has the same registry, identity and category
      rate_limits: no [[rate_limit]] counts unless this is own, or acr for its figures besides
    "#);
}

#[test]
fn environment_takes_tables_in_json_and_toml() {
    for registries in [
        r#"[{"name": "teamone", "tier": "basic", "hosts": ["images.example.com"]}]"#,
        r#"[{ name = "teamone", tier = "basic", hosts = ["images.example.com"] }]"#,
    ] {
        let config = from_environment(&[("GANTRY_REGISTRY", registries)]).unwrap();
        let team = &config.registries[0];
        assert_eq!(
            (team.name.as_str(), settings_of(&team.settings).tier),
            ("teamone", Tier::Basic)
        );
        assert_eq!(team.hosts[0].as_str(), "images.example.com");
    }
}

#[test]
fn empty_variables_count_as_absent() {
    let config = from_environment(&[("GANTRY_ADMIN_PASSWORD", ""), ("GANTRY_LISTEN", "")]).unwrap();
    assert!(config.secrets.admin_password.is_none());
    assert_eq!(config.network.listen, ListenAddress::loopback(5000));
}

#[test]
fn file_is_named_by_the_environment_too() {
    let environment = [("GANTRY_CONFIG".to_owned(), "/etc/gantry.toml".to_owned())];
    let config = Config::load(Flags::default(), environment, |path| {
        assert_eq!(path, Path::new("/etc/gantry.toml"));
        Ok("location = 'westeurope'".to_owned())
    });
    assert_eq!(config.unwrap().location, "westeurope");
}

#[test]
fn secrets_are_never_shown() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let config =
        from_environment(&[("GANTRY_MASTER_KEY", key), ("GANTRY_ADMIN_PASSWORD", "s3cret")])
            .unwrap();
    let password = config.secrets.admin_password.as_ref().unwrap();
    assert_eq!(password.expose(), "s3cret");
    let MasterKeySource::Given(bytes) = &config.secrets.master_key else {
        panic!("the key was given")
    };
    assert_eq!(bytes.expose()[31], 31);
    let shown = format!("{config:?}");
    assert!(shown.contains("[redacted]") && !shown.contains("s3cret"), "{shown}");

    let errors = from_environment(&[
        ("GANTRY_MASTER_KEY", "tooshort"),
        ("GANTRY_ADMIN_PASSWORD", "with\ncontrol"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    2 mistakes in the configuration:
      master_key (GANTRY_MASTER_KEY): not the base64 text of 32 bytes; make one with: openssl rand -base64 32
      admin_password (GANTRY_ADMIN_PASSWORD): a password has 1 to 256 characters and no control characters
    "#);

    let both = [("GANTRY_MASTER_KEY", key), ("GANTRY_MASTER_KEY_FILE", "master-key")];
    insta::assert_snapshot!(from_environment(&both).unwrap_err(), @r#"
    a mistake in the configuration:
      master_key: give master_key or master_key_file, not both
    "#);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let flags = Flags { listen: vec!["5000".into()], ..Flags::default() };
    let environment = [
        ("GANTRY_LOG_FORMAT", "xml"),
        ("GANTRY_LIMITS_CONNECTIONS", "many"),
        ("GANTRY_TRUSTED_PROXIES", "10.0.0.0/8, everyone"),
        ("GANTRY_LOG_LEVLE", "debug"),
        ("GANTRY_NONSENSE", "1"),
    ];
    let file = r#"
data = 7
suffix = "localhost"
hostname = ["a.example"]
insecure_http = "yes"

[limits]
manifest_bytes = "5MiB"
blob_bytes = -1
upload_idle = "a week"
page_size = 1.5

[tokens]
access_token_lifetime = "2h"

[metrics]
networks = ["all"]
open = true
"#;
    let errors = Case { flags, environment: &environment, file }.load().unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    17 mistakes in the configuration:
      suffix (gantry.toml:3): a suffix is a name of two labels or more, like acr.localhost
      data (gantry.toml:2): a number, where a path is wanted
      listen (--listen): "5000": not an address with a port; write it like 127.0.0.1:5000, [::]:5000 or localhost:5000
      trusted_proxies (GANTRY_TRUSTED_PROXIES): "everyone": not a network; write it like 10.0.0.0/8, fd00::/8 or 192.0.2.7
      insecure_http (gantry.toml:5): a text, where true or false is wanted
      limits.manifest_bytes (gantry.toml:8): 5MiB is not between 1KiB and 4MiB
      limits.blob_bytes (gantry.toml:9): -1 is negative
      limits.upload_idle (gantry.toml:10): "a week": not a duration; write it like 90s, 10m, 24h or 7d
      limits.page_size (gantry.toml:11): a number with a point, where a whole number is wanted
      limits.connections (GANTRY_LIMITS_CONNECTIONS): "many" is not a whole number
      tokens.access_token_lifetime (gantry.toml:14): 2h is not between 1s and 75m
      log.format (GANTRY_LOG_FORMAT): "xml": write text or json
      metrics.networks (gantry.toml:17): "all": not a network; write it like 10.0.0.0/8, fd00::/8 or 192.0.2.7
      hostname (gantry.toml:4): no such setting; did you mean hostnames?
      metrics.open (gantry.toml:18): no such setting
      GANTRY_LOG_LEVLE: no such setting; did you mean GANTRY_LOG_LEVEL?
      GANTRY_NONSENSE: no such setting
    "#);
}

#[test]
fn mistakes_in_tables_name_the_entry() {
    let errors = from_file(
        r#"
hostnames = ["registry.example.com", "x.acr.localhost"]

[[registry]]
tier = "gold"

[[registry]]
name = "local"

[[registry]]
name = "teamone"
hosts = ["registry.example.com", "a.acr.localhost", "localhost", "https://x"]

[[registry]]
name = "TeamOne"
anonymous = true

[[registry]]
name = "x"

[[tls.certificates]]
cert = "a.pem"

[default_registry]
tier = "basic"
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    13 mistakes in the configuration:
      hostnames (gantry.toml:2): x.acr.localhost is under the suffix, where registries' names are
      registry[1].name (gantry.toml:4): is missing
      registry[1].tier (gantry.toml:5): "gold": a tier is basic, standard or premium
      registry[2].name (gantry.toml:7): local is the default registry: its settings are in [default_registry]
      registry[3].hosts (gantry.toml:12): "https://x": not a host name; write it without scheme, port and path, like registry.example.com
      registry[3].hosts (gantry.toml:12): registry.example.com is taken
      registry[3].hosts (gantry.toml:12): a.acr.localhost is under the suffix, where registries' names are
      registry[3].hosts (gantry.toml:12): localhost is the default registry's
      registry[4].name (gantry.toml:14): teamone is taken
      registry[4].anonymous (gantry.toml:16): no such setting
      registry[5].name (gantry.toml:19): "x": a registry's name is 5 to 50 letters and digits
      tls.certificates[1].key (gantry.toml:21): is missing
      default_registry.tier (gantry.toml:25): no such setting
    "#);
}

#[test]
fn mistakes_in_private_endpoints_are_told() {
    let errors = from_file(
        r#"
listen = ["0.0.0.0:443", "[::1]:80"]

[[private_endpoint]]
listen = ["10.0.0.5:443"]

[[private_endpoint]]
name = "of fice"
networks = ["10.0.0.0/8"]

[[private_endpoint]]
name = "office"

[[private_endpoint]]
name = "OFFICE"
listen = ["10.0.0.5:443", "[::]:80", "127.0.0.1:80", "[::1]:443", "0.0.0.0:0", "0.0.0.0:0"]

[[private_endpoint]]
name = "lab"
listen = ["10.0.0.5"]
networks = ["10.0.0.0/33"]

[[private_endpoint]]
name = "other"
listen = ["127.0.0.1:8080"]
network = ["10.0.0.0/8"]
"#,
    )
    .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    10 mistakes in the configuration:
      private_endpoint[1].name (gantry.toml:4): is missing
      private_endpoint[2].name (gantry.toml:8): "of fice": a private endpoint's name is up to 64 letters, digits and hyphens
      private_endpoint[3].listen (gantry.toml:11): has neither networks nor an address to listen on
      private_endpoint[4].name (gantry.toml:14): OFFICE is taken
      private_endpoint[4].listen (gantry.toml:16): 10.0.0.5:443 is taken
      private_endpoint[4].listen (gantry.toml:16): [::]:80 is taken
      private_endpoint[5].listen (gantry.toml:20): "10.0.0.5": not an address with a port; write it like 127.0.0.1:5000, [::]:5000 or localhost:5000
      private_endpoint[5].networks (gantry.toml:21): "10.0.0.0/33": not a network; write it like 10.0.0.0/8, fd00::/8 or 192.0.2.7
      private_endpoint[5].listen (gantry.toml:18): has neither networks nor an address to listen on
      private_endpoint[6].network (gantry.toml:26): no such setting; did you mean networks?
    "#);
}

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

#[test]
fn tables_of_the_wrong_shape_are_explained() {
    insta::assert_snapshot!(from_file("[registry]\nname = 'teamone'").unwrap_err(), @r#"
    a mistake in the configuration:
      registry.name (gantry.toml:2): registry is a list of tables: write [[registry]]
    "#);
    insta::assert_snapshot!(from_file("registry = ['teamone']").unwrap_err(), @r#"
    a mistake in the configuration:
      registry (gantry.toml:1): entry 1: a text, where a table is wanted
    "#);
    insta::assert_snapshot!(from_environment(&[("GANTRY_REGISTRY", "teamone")]).unwrap_err(), @r#"
    a mistake in the configuration:
      registry (GANTRY_REGISTRY): neither JSON nor TOML: invalid boolean, expected `true`
    "#);
}

#[test]
fn syntax_errors_have_their_line_and_hide_no_other_mistake() {
    let errors =
        from_file("location = \n[limits]\nconnections = 1\nconnections = 2\n").unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    4 mistakes in the configuration:
      gantry.toml:1: string values must be quoted, expected literal string
      gantry.toml:4: duplicate key
      location (gantry.toml:1): a location is up to 64 lower-case letters and digits
      limits.connections (gantry.toml:3): 1 is not between 16 and 1000000
    "#);
}

#[test]
fn unreadable_file_is_a_mistake_of_its_setting() {
    let flags = Flags { config: Some("gantry.toml".into()), ..Flags::default() };
    let absent = |_: &Path| Err(io::Error::from_raw_os_error(2));
    let errors = Config::load(flags, [], absent).unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    a mistake in the configuration:
      config (--config): gantry.toml: No such file or directory (os error 2)
    "#);
}

/// Each setting of the code, with its default.
fn settings() -> BTreeMap<String, String> {
    let mut reader = Reader::new([]);
    reader.open_file(Some("gantry.toml".into()), |_| Ok(EVERY_SETTING.to_owned()));
    Config::read(&mut reader);
    let known = reader.known().clone();
    reader.finish().unwrap();
    known
}

#[test]
fn no_two_settings_share_a_variable() {
    let settings = settings();
    let names: BTreeSet<String> = settings.keys().map(|key| env_name(key)).collect();
    assert_eq!(names.len(), settings.len());
    for name in names {
        assert!(
            env::is_setting(&name),
            "{name} is taken for a variable of Kubernetes or of a tool"
        );
    }
}

/// What a registry that isn't there yet would get.
fn settings_of(wishes: &SettingWishes) -> gantry_model::RegistrySettings {
    let mut settings = gantry_model::RegistrySettings::default();
    wishes.apply(&mut settings);
    settings
}

#[test]
fn document_has_every_setting_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let document = std::fs::read_to_string(path).unwrap();
    // | `limits.blob_bytes` | `200GiB` | `GANTRY_LIMITS_BLOB_BYTES` | meaning |
    let rows: BTreeMap<String, Vec<String>> = document
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<String> = line
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().replace('`', ""))
                .collect();
            (cells[0].clone(), cells)
        })
        .collect();
    for (key, default) in settings() {
        let row = rows.get(&key).unwrap_or_else(|| panic!("docs/settings.md lacks {key}"));
        assert_eq!(row[1], default, "default of {key}");
        let tables =
            ["registry.", "rate_limit.", "tls.certificates.", "private_endpoint.", "issuer."];
        let in_a_table = tables.iter().any(|table| key.starts_with(table));
        if !in_a_table {
            assert_eq!(row[2], env_name(&key), "variable of {key}");
        }
        assert!(row[3].len() > 10, "meaning of {key}");
    }
    let known = settings();
    for key in rows.keys() {
        assert!(known.contains_key(key), "docs/settings.md has {key}, which is no setting");
    }
}

const EVERY_SETTING: &str = r#"
data = "/var/lib/gantry"
location = "local"
listen = ["0.0.0.0:443"]
hostnames = ["registry.example.com"]
suffix = "registries.example.com"
trusted_proxies = ["10.1.2.3/8", "192.0.2.7"]
proxy_protocol = ["10.2.0.0/16"]
insecure_http = true
drain_seconds = 60
admin_password = "a password"
master_key_file = "/run/secrets/master-key"
rate_limits = "acr"

[tls]
min_version = "1.3"

[[tls.certificates]]
cert = "a.pem"
key = "a.key"

[acme]
directory = "https://acme.example.com/directory"
contacts = ["mailto:admin@example.com"]
challenge = "dns-01"
names = ["registry.example.com", "*.registries.example.com"]
terms_of_service_agreed = true
dns_webhook = "https://dns.example.com/hook"
dns_webhook_secret_file = "/run/secrets/dns-webhook"
dns_propagation = "30s"
ca_file = "acme-ca.pem"
external_account_key_id = "kid-1"
external_account_key_file = "/run/secrets/eab"

[default_registry]
anonymous_pull = true
sparse_content = false
admin_enabled = true

[[private_endpoint]]
name = "office"
listen = ["10.0.0.5:5001"]
networks = ["10.7.0.0/16"]

[[private_endpoint]]
name = "Lab-2"
networks = ["10.0.0.0/8"]

[[registry]]
name = "teamone"
hosts = ["images.example.com"]
tier = "basic"
sparse_content = true

[[registry]]
name = "teamtwo"
admin_enabled = false

[[issuer]]
url = "https://login.microsoftonline.com/organizations/v2.0"
audiences = ["https://registry.example.com", "api://gantry"]
subject_claim = "oid"
name_claim = "upn"
groups_claim = "roles"
tenants = ["72f988bf-86f1-41af-91ab-2d7cd011db47"]

[[issuer]]
url = "https://token.actions.example.com/"
audiences = ["gantry"]

[outbound]
allowed_networks = ["10.2.3.4/16", "fd00::7"]
ca_files = ["ca.pem"]


[limits]
header_bytes = 32768
manifest_bytes = "2MiB"
blob_bytes = "1GiB"
page_size = 500
uploads_per_actor = 50
upload_idle = "1d"
header_timeout = "10s"
body_timeout = "20s"
send_timeout = "30s"
idle_timeout = "75s"
connections = 1000
connections_per_address = 0
handshake_timeout = "5s"

[[rate_limit]]
registry = "teamone"
identity = "token:ci"
category = "write"
per_minute = 6
burst = 2

[[rate_limit]]
identity = "token:*"
category = "read"
per_minute = "unlimited"

[collection]
grace = "2s"
interval = "100ms"

[tokens]
access_token_lifetime = "75m"

[log]
format = "json"
level = "info, gantry_edge=debug"
access = false

[metrics]
networks = ["10.9.0.0/16"]
"#;
