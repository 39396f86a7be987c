//! Every setting: as the file has it, and as the document lists it.

use super::*;

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
    let basic = TierLimits {
        included_bytes: 1 << 30,
        most_bytes: 20 << 30,
        tokens: 5,
        scope_maps: 6,
        network_rules: 7,
        private_endpoints: 8,
        webhooks: 9,
        cache_rules: 10,
        anonymous_pull: true,
        private_network: true,
        export_policy: true,
        replications: false,
    };
    assert_eq!(config.tiers, Tiers { basic, ..Tiers::default() });
    assert_eq!(config.limits.blob_bytes, 1 << 30);
    assert_eq!(config.limits.header_bytes, 32 * 1024);
    assert_eq!(config.tokens.access_token_lifetime, Duration::from_secs(75 * 60));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.level, "info,gantry_edge=debug");
    assert!(!config.log.access);
    assert_eq!(config.metrics.networks, Peers::from_networks(["10.9.0.0/16".parse().unwrap()]));
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
        let tables = [
            "registry.",
            "rate_limit.",
            "tls.certificates.",
            "private_endpoint.",
            "issuer.",
            "tier.",
        ];
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
