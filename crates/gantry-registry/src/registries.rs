//! The registries of the server: found by the request's host, with nothing shared between them.

mod change;
mod clear;
mod create;
mod delete;
mod revive;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use arc_swap::ArcSwap;
use gantry_catalog::{Catalog, DbError, Durability, Kept, Transaction};
use gantry_model::resource::name_key;
use gantry_model::{
    BlobReads, EpochSubject, Registry, RegistryId, RegistryName, RegistrySettings, Tiers,
};

pub use change::ChangeError;
pub use create::NewRegistry;
pub use delete::DeleteError;
pub use revive::ReviveError;

/// A registry that the configuration asks for.
#[derive(Clone, Debug)]
pub struct WantedRegistry {
    /// Its name.
    pub name: RegistryName,
    /// What it sets: brings what is there, or the default, to what is wished.
    pub settings: Wishes,
    /// Custom domains it answers on.
    pub domains: Vec<String>,
}

/// What somebody wishes of a registry; the rest stays as it is.
#[derive(Clone)]
pub struct Wishes(Arc<dyn Fn(&mut Registry) + Send + Sync>);

impl Wishes {
    /// What this does to a registry: to what operators set on it, and nothing that it is known by.
    pub fn new(apply: impl Fn(&mut Registry) + Send + Sync + 'static) -> Self {
        Self(Arc::new(apply))
    }

    /// What this does to a registry's settings.
    pub fn of_settings(apply: impl Fn(&mut RegistrySettings) + Send + Sync + 'static) -> Self {
        Self::new(move |registry| apply(&mut registry.settings))
    }

    /// The registry with what is wished.
    pub fn applied_to(&self, registry: &Registry) -> Registry {
        let mut registry = registry.clone();
        (self.0)(&mut registry);
        registry
    }
}

impl From<RegistrySettings> for Wishes {
    fn from(all: RegistrySettings) -> Self {
        Self::of_settings(move |settings| *settings = all.clone())
    }
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wishes")
    }
}

/// How hosts name registries.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// `<name>.<suffix>` is the login server of registry `<name>`.
    pub suffix: String,
    /// Names on which the default registry answers besides: `localhost`, and what the operator
    /// lists.
    pub default_names: Vec<String>,
    /// The default registry.
    pub default_registry: RegistryName,
}

/// All registries, by host and by id; kept in memory and replaced as a whole when one changes. They
/// count for as long as their epoch does ([`Registries::be_current`]). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registries(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plan: ArcSwap<Plan>,
    directory: Kept<Directory>,
    subject: EpochSubject,
    tiers: Tiers,
}

/// What the configuration says about registries.
#[derive(Debug, Default)]
struct Plan {
    location: String,
    wanted: Vec<WantedRegistry>,
    hosts: Option<Hosts>,
}

type ByName = BTreeMap<RegistryName, Arc<Registry>>;

#[derive(Debug, Default)]
struct Directory {
    /// Of the registries, before they were read.
    epoch: i64,
    by_id: HashMap<RegistryId, Arc<Registry>>,
    by_name: ByName,
    /// By the key of their group.
    by_group: HashMap<String, ByName>,
    by_host: HashMap<String, Arc<Registry>>,
    by_data_host: HashMap<String, Arc<Registry>>,
    default: Option<Arc<Registry>>,
}

impl Registries {
    /// No registries yet. What each may have its tier says.
    pub fn none(tiers: Tiers) -> Self {
        Self(Arc::new(Inner {
            tiers,
            plan: ArcSwap::default(),
            directory: Kept::new(Directory::default()),
            subject: EpochSubject::registries(),
        }))
    }

    /// What each tier allows.
    pub fn tiers(&self) -> &Tiers {
        &self.0.tiers
    }

    /// Makes the registries that `wanted` asks for where they aren't there, brings their settings
    /// to what it says, and finds each by its hosts from then on.
    pub async fn establish(
        &self,
        catalog: &Catalog,
        location: &str,
        wanted: Vec<WantedRegistry>,
        hosts: Hosts,
    ) -> Result<(), DbError> {
        let first = location.to_owned();
        let group = Registry::FIRST_GROUP;
        catalog
            .transaction(Durability::Power, move |tx| tx.resource_group_establish(group, &first))
            .await?;
        let present = catalog.registry_list().await?;
        for want in &wanted {
            match present.iter().find(|registry| registry.name == want.name) {
                None => create(catalog, location, want).await?,
                Some(registry) => {
                    change::establish(catalog, registry.id, want.settings.clone()).await?;
                }
            }
        }
        self.0.plan.store(Arc::new(Plan {
            location: location.to_owned(),
            wanted,
            hosts: Some(hosts),
        }));
        self.refresh(catalog).await
    }

    /// Brings what is kept in memory up to the catalog.
    pub async fn refresh(&self, catalog: &Catalog) -> Result<(), DbError> {
        let begun = self.0.directory.begin();
        let epoch = catalog.epoch(&self.0.subject).await?;
        let registries = catalog.registry_list().await?;
        let directory = Directory::new(epoch, registries, &self.0.plan.load());
        self.0.directory.store(begun, directory);
        Ok(())
    }

    /// Brings what is kept in memory of one registry up to the catalog, after this node has changed it, or
    /// removed it from sight: `present` is what it is now, `epoch` the registries' since. What others have
    /// changed meanwhile is read too, and everything with it.
    async fn follow(
        &self,
        catalog: &Catalog,
        id: RegistryId,
        present: Option<&Registry>,
        epoch: i64,
    ) -> Result<(), DbError> {
        let begun = self.0.directory.begin();
        let before = self.0.directory.load();
        if before.epoch >= epoch {
            return Ok(());
        }
        if before.epoch + 1 < epoch {
            return self.refresh(catalog).await;
        }
        let mut directory = Directory { epoch, ..before.copy() };
        let plan = self.0.plan.load();
        directory.remove(id, &plan);
        if let Some(present) = present {
            directory.add(present.clone(), &plan);
        }
        self.0.directory.store(begun, directory);
        // A whole reading that began before this and knows more may have been stored meanwhile.
        self.be_current(catalog).await
    }

    /// Sees to it that what is in memory is what is in the catalog, before it says who gets in. Costs
    /// no query while nothing has changed and other nodes' changes are followed; where they can't be,
    /// one for each request.
    pub async fn be_current(&self, catalog: &Catalog) -> Result<(), DbError> {
        if catalog.epoch_known(&self.0.subject) == Some(self.0.directory.load().epoch) {
            return Ok(());
        }
        let present = catalog.epoch(&self.0.subject).await?;
        match present == self.0.directory.load().epoch {
            true => Ok(()),
            false => self.refresh(catalog).await,
        }
    }

    /// The registry that answers on `host` (a host name or address, without a port or brackets)
    /// to a connection that reached the server at `local`. The default registry answers on any
    /// loopback address and on the address that was reached.
    pub fn by_host(&self, host: &str, local: IpAddr) -> Option<Arc<Registry>> {
        let directory = self.0.directory.load();
        if let Some(registry) = directory.by_host.get(host) {
            return Some(Arc::clone(registry));
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            let own = address.is_loopback() || address == local;
            return own.then(|| directory.default.clone()).flatten();
        }
        directory.by_host.get(&host.to_ascii_lowercase()).cloned()
    }

    /// The registry whose blobs are downloaded from `host`.
    pub fn by_data_host(&self, host: &str) -> Option<Arc<Registry>> {
        self.0.directory.load().by_data_host.get(&host.to_ascii_lowercase()).cloned()
    }

    /// Whether any registry's blobs are downloaded from a host of their own.
    pub fn has_data_hosts(&self) -> bool {
        !self.0.directory.load().by_data_host.is_empty()
    }

    /// The name that login servers end with.
    pub fn suffix(&self) -> String {
        let plan = self.0.plan.load();
        plan.hosts.as_ref().map(|hosts| hosts.suffix.clone()).unwrap_or_default()
    }

    /// The location that registries of this server have their home in.
    pub fn location(&self) -> String {
        self.0.plan.load().location.clone()
    }

    /// The registry that answers where no other is named.
    pub fn default_registry(&self) -> Option<Arc<Registry>> {
        self.0.directory.load().default.clone()
    }

    /// The registry of that id.
    pub fn by_id(&self, id: RegistryId) -> Option<Arc<Registry>> {
        self.0.directory.load().by_id.get(&id).cloned()
    }

    /// The registry of that name.
    pub fn by_name(&self, name: &RegistryName) -> Option<Arc<Registry>> {
        self.0.directory.load().by_name.get(name).cloned()
    }

    /// Every registry, by name.
    pub fn all(&self) -> Vec<Arc<Registry>> {
        self.0.directory.load().by_name.values().cloned().collect()
    }

    /// Up to `limit` registries behind the name `after` that `wanted` takes, by name.
    pub fn page(
        &self,
        after: &str,
        limit: usize,
        wanted: impl Fn(&Registry) -> bool,
    ) -> Vec<Arc<Registry>> {
        let directory = self.0.directory.load();
        let behind = directory.by_name.range::<str, _>((Excluded(after), Unbounded));
        behind.map(|(_, one)| one).filter(|one| wanted(one)).take(limit).cloned().collect()
    }

    /// The same of the registries in one resource group.
    pub fn page_of_group(
        &self,
        group: &str,
        after: &str,
        limit: usize,
        wanted: impl Fn(&Registry) -> bool,
    ) -> Vec<Arc<Registry>> {
        let directory = self.0.directory.load();
        let Some(in_group) = directory.by_group.get(&name_key(group)) else { return Vec::new() };
        let behind = in_group.range::<str, _>((Excluded(after), Unbounded));
        behind.map(|(_, one)| one).filter(|one| wanted(one)).take(limit).cloned().collect()
    }

    /// Whether the registry allows sparse content. One that is gone doesn't.
    pub(crate) fn allows_sparse_content(&self, id: RegistryId) -> bool {
        self.by_id(id).is_some_and(|registry| registry.settings.sparse_content)
    }

    /// How many bytes the registry may store. Of one that is gone nobody hears.
    pub(crate) fn most_bytes(&self, id: RegistryId) -> u64 {
        self.by_id(id)
            .map_or(u64::MAX, |registry| self.tiers().of(registry.settings.tier).most_bytes)
    }

    /// How the registry's blobs reach clients.
    pub(crate) fn blob_reads(&self, id: RegistryId) -> BlobReads {
        self.by_id(id).map(|registry| registry.settings.blob_reads).unwrap_or_default()
    }
}

async fn create(catalog: &Catalog, location: &str, want: &WantedRegistry) -> Result<(), DbError> {
    let defaults = RegistrySettings::default();
    let registry = Registry::new(want.name.clone(), location, defaults, catalog.now());
    let registry = want.settings.applied_to(&registry);
    let insert = move |tx: &mut Transaction<'_, '_>| tx.registry_insert(&registry).map(drop);
    catalog.transaction(Durability::Power, insert).await
}

impl Directory {
    fn new(epoch: i64, registries: Vec<Registry>, plan: &Plan) -> Self {
        let mut directory = Self { epoch, ..Self::default() };
        registries.into_iter().for_each(|registry| directory.add(registry, plan));
        directory
    }

    /// The same, to be changed: registries are shared.
    fn copy(&self) -> Self {
        Self {
            epoch: self.epoch,
            by_id: self.by_id.clone(),
            by_name: self.by_name.clone(),
            by_group: self.by_group.clone(),
            by_host: self.by_host.clone(),
            by_data_host: self.by_data_host.clone(),
            default: self.default.clone(),
        }
    }

    fn add(&mut self, registry: Registry, plan: &Plan) {
        let registry = Arc::new(registry);
        for host in plan.hosts_of(&registry) {
            self.by_host.insert(host.to_ascii_lowercase(), Arc::clone(&registry));
        }
        if let Some(host) = plan.data_host_of(&registry) {
            self.by_data_host.insert(host.to_ascii_lowercase(), Arc::clone(&registry));
        }
        if plan.is_default(&registry.name) {
            self.default = Some(Arc::clone(&registry));
        }
        let group = self.by_group.entry(name_key(&registry.resource_group)).or_default();
        group.insert(registry.name.clone(), Arc::clone(&registry));
        self.by_name.insert(registry.name.clone(), Arc::clone(&registry));
        self.by_id.insert(registry.id, registry);
    }

    fn remove(&mut self, id: RegistryId, plan: &Plan) {
        let Some(registry) = self.by_id.remove(&id) else { return };
        for host in plan.hosts_of(&registry) {
            self.by_host.remove(&host.to_ascii_lowercase());
        }
        if let Some(host) = plan.data_host_of(&registry) {
            self.by_data_host.remove(&host.to_ascii_lowercase());
        }
        self.default.take_if(|default| default.id == id);
        if let Some(group) = self.by_group.get_mut(&name_key(&registry.resource_group)) {
            group.remove(&registry.name);
        }
        self.by_name.remove(&registry.name);
    }
}

/// The epoch of registries, as this transaction leaves it.
fn epoch_of(tx: &mut Transaction<'_, '_>) -> Result<i64, DbError> {
    tx.epoch(&EpochSubject::registries())
}

impl Plan {
    /// Whether the registry is there because the configuration says so.
    fn wants(&self, name: &RegistryName) -> bool {
        self.is_default(name) || self.wanted.iter().any(|want| want.name == *name)
    }

    fn is_default(&self, name: &RegistryName) -> bool {
        self.hosts.as_ref().is_some_and(|hosts| hosts.default_registry == *name)
    }

    /// The hosts on which the registry answers.
    fn hosts_of(&self, registry: &Registry) -> Vec<String> {
        let Some(hosts) = &self.hosts else { return Vec::new() };
        let name = &registry.name;
        let mut names = vec![format!("{}.{}", registry.host_label(), hosts.suffix)];
        if registry.settings.network.regional_endpoint {
            names.push(registry.regional_host(&hosts.suffix));
        }
        if self.is_default(name) {
            names.extend_from_slice(&hosts.default_names);
        }
        if let Some(want) = self.wanted.iter().find(|want| want.name == *name) {
            names.extend_from_slice(&want.domains);
        }
        names
    }

    /// The host that the registry's blobs are downloaded from, if they have one of their own.
    fn data_host_of(&self, registry: &Registry) -> Option<String> {
        let hosts = self.hosts.as_ref()?;
        registry.settings.network.data_endpoint.then(|| registry.data_host(&hosts.suffix))
    }
}

#[cfg(test)]
mod tests {
    use gantry_model::Timestamp;

    use super::*;

    fn registry(name: &str, has_hosts: bool) -> Registry {
        let mut settings = RegistrySettings::default();
        settings.network.data_endpoint = has_hosts;
        settings.network.regional_endpoint = has_hosts;
        let now = Timestamp::from_micros(1);
        Registry::new(name.parse().unwrap(), "local", settings, now)
    }

    /// All that is found, by what.
    fn found(directory: &Directory) -> Vec<String> {
        let mut found: Vec<String> =
            directory.by_host.iter().map(|(host, one)| format!("{host} {}", one.name)).collect();
        found.extend(
            directory.by_data_host.iter().map(|(host, one)| format!("{host} {}", one.name)),
        );
        found.extend(directory.by_name.iter().map(|(name, one)| format!("{name} {}", one.epoch)));
        for (group, all) in directory.by_group.iter().filter(|(_, all)| !all.is_empty()) {
            found.extend(all.keys().map(|name| format!("{group} {name}")));
        }
        found.extend(directory.default.iter().map(|one| format!("default {}", one.epoch)));
        found.sort();
        found
    }

    #[test]
    fn what_follows_a_change_is_what_would_be_read() {
        let hosts = Hosts {
            suffix: "acr.localhost".into(),
            default_names: vec!["localhost".into()],
            default_registry: "local".parse().unwrap(),
        };
        let plan = Plan { hosts: Some(hosts), ..Plan::default() };
        let [local, mut team, gone] =
            [registry("local", false), registry("team1", true), registry("gone1", true)];
        let before = Directory::new(1, vec![local.clone(), team.clone(), gone.clone()], &plan);
        let mut after = before.copy();
        after.remove(gone.id, &plan);
        team.settings.network.regional_endpoint = false;
        team.resource_group = "other".into();
        team.epoch = 7;
        after.remove(team.id, &plan);
        after.add(team.clone(), &plan);
        let made = registry("made1", true);
        after.remove(made.id, &plan);
        after.add(made.clone(), &plan);
        let read = Directory::new(2, vec![local, team, made], &plan);
        assert_eq!(found(&after), found(&read));
    }
}
