//! Mistakes, all of which are told at once.

use super::*;

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
