mod acme;
mod every_setting;
mod issuers;
mod mistakes;
mod rate_limits;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use gantry_edge::{Entrance, ListenAddress, Peers, TlsMinimum};
use gantry_model::{Category, Tier, TierLimits};
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

/// What a registry that isn't there yet would get.
fn settings_of(wishes: &SettingWishes) -> gantry_model::RegistrySettings {
    let mut settings = gantry_model::RegistrySettings::default();
    wishes.apply(&mut settings);
    settings
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

[[tier]]
name = "basic"
most_bytes = "20GiB"
included_bytes = "1GiB"
tokens = 5
scope_maps = 6
network_rules = 7
private_endpoints = 8
webhooks = 9
cache_rules = 10
anonymous_pull = true
private_network = true
export_policy = true

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
