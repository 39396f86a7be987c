//! `[[tier]]`

use std::collections::BTreeSet;

use gantry_model::{Tier, TierLimits, Tiers};

use super::reader::Reader;
use super::units::Bytes;

/// How settings tell their default, which is another for each tier.
const ACRS: &str = "as in ACR";

/// Reads what tiers allow; what isn't given is as in ACR.
pub(super) fn read(reader: &mut Reader) -> Tiers {
    let mut tiers = Tiers::default();
    let mut taken = BTreeSet::new();
    reader.tables("tier", |table, source| {
        let name = table.required::<Tier>("name", source);
        if let Some(tier) = name
            && !taken.insert(tier.as_str())
        {
            let problem = format!("{} is there twice", tier.as_str());
            table.mistake("name", Some(source.clone()), problem);
        }
        let default = *tiers.of(name.unwrap_or(Tier::Premium));
        let limits = read_limits(table, default);
        match name? {
            Tier::Basic => tiers.basic = limits,
            Tier::Standard => tiers.standard = limits,
            Tier::Premium => tiers.premium = limits,
        }
        Some(())
    });
    tiers
}

fn read_limits(table: &mut Reader, acr: TierLimits) -> TierLimits {
    let mut bytes = |name: &str, acr| table.optional::<Bytes>(name, ACRS).map_or(acr, |it| it.0);
    let included_bytes = bytes("included_bytes", acr.included_bytes);
    let most_bytes = bytes("most_bytes", acr.most_bytes);
    let mut count = |name: &str, acr| table.optional::<u64>(name, ACRS).unwrap_or(acr);
    let tokens = count("tokens", acr.tokens);
    let scope_maps = count("scope_maps", acr.scope_maps);
    let network_rules = count("network_rules", acr.network_rules);
    let private_endpoints = count("private_endpoints", acr.private_endpoints);
    let webhooks = count("webhooks", acr.webhooks);
    let cache_rules = count("cache_rules", acr.cache_rules);
    let mut has = |name: &str, acr| table.optional::<bool>(name, ACRS).unwrap_or(acr);
    TierLimits {
        included_bytes,
        most_bytes,
        tokens,
        scope_maps,
        network_rules,
        private_endpoints,
        webhooks,
        cache_rules,
        anonymous_pull: has("anonymous_pull", acr.anonymous_pull),
        private_network: has("private_network", acr.private_network),
        export_policy: has("export_policy", acr.export_policy),
        replications: acr.replications,
    }
}
