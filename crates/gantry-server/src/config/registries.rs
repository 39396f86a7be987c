//! `[[registry]]`

use std::collections::BTreeSet;

use gantry_model::{BlobReads, RegistryName};

use super::hosts::HostName;
use super::names::Names;
use super::reader::Reader;
use super::registry_settings::SettingWishes;
use super::setting::TextSetting;

/// The default registry's name, which no other may have.
const DEFAULT: &str = "local";

/// A registry besides the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedRegistry {
    /// Its name.
    pub(crate) name: RegistryName,
    /// Custom domains it answers on besides `<name>.<suffix>`.
    pub(crate) hosts: Vec<HostName>,
    /// What the operator sets on it.
    pub(crate) settings: SettingWishes,
}

/// Reads `[[registry]]`.
pub(super) fn read(
    reader: &mut Reader,
    names: &Names,
    blob_reads: Option<BlobReads>,
) -> Vec<NamedRegistry> {
    let mut taken = BTreeSet::new();
    let mut hosts: BTreeSet<HostName> = names.hostnames.iter().cloned().collect();
    reader.tables("registry", |table, source| {
        let name = table.required::<RegistryName>("name", source);
        if let Some(name) = &name {
            if name.as_str() == DEFAULT {
                let problem =
                    "local is the default registry: its settings are in [default_registry]";
                table.mistake("name", Some(source.clone()), problem.to_owned());
            } else if !taken.insert(name.to_string()) {
                table.mistake("name", Some(source.clone()), format!("{name} is taken"));
            }
        }
        let hosts = read_hosts(table, names, &mut hosts);
        let settings = SettingWishes::read(table, "", blob_reads).with_tier(table);
        Some(NamedRegistry { name: name?, hosts, settings })
    })
}

fn read_hosts(table: &mut Reader, names: &Names, taken: &mut BTreeSet<HostName>) -> Vec<HostName> {
    let given = table.list::<HostName>("hosts", "none").unwrap_or_default();
    for (host, source) in &given {
        let problem = if host.is_address() || host.as_str() == "localhost" {
            format!("{host} is the default registry's")
        } else if host.is_within(&names.suffix) {
            format!("{host} is under the suffix, where registries' names are")
        } else if !taken.insert(host.clone()) {
            format!("{host} is taken")
        } else {
            continue;
        };
        table.mistake("hosts", Some(source.clone()), problem);
    }
    given.into_iter().map(|(host, _)| host).collect()
}

impl TextSetting for RegistryName {
    const WANTED: &'static str = "a registry's name";
}
