//! The resources of a deployment by what a template calls them.

use std::collections::BTreeMap;

use crate::json::same;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::resource_name;

/// Finds resources by symbolic name, by id whole or from the provider on, by name, and by
/// the name of their loop. The case of letters doesn't count.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    all: Vec<Target>,
    /// Symbolic names and loops, which stand for all of their resources.
    groups: BTreeMap<String, Vec<usize>>,
    /// Ids and names, which stand for one.
    names: BTreeMap<String, Vec<usize>>,
}

/// What is to know of a resource that is referred to.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) api_version: String,
    is_existing: bool,
}

impl Targets {
    pub(crate) fn new(resources: &[Resource]) -> Self {
        let mut targets = Self::default();
        for (index, resource) in resources.iter().enumerate() {
            targets.add(index, resource);
        }
        targets
    }

    fn add(&mut self, index: usize, resource: &Resource) {
        let Resource { id, resource_type, name, api_version, declared, turns, .. } = resource;
        let mut group = |name: &str| {
            self.groups.entry(name.to_ascii_lowercase()).or_default().push(index);
        };
        let turn = turns.last().filter(|_| declared.copy.is_some());
        if let Some(symbol) = &declared.symbol {
            group(symbol);
            if let Some(turn) = turn {
                group(&format!("{symbol}[{}]", turn.index));
            }
        }
        if let Some(turn) = turn.filter(|t| declared.symbol.as_ref() != Some(&t.name)) {
            group(&turn.name);
        }
        let names: Vec<_> = name.split('/').collect();
        let from_provider = resource_name::id("", resource_type, &names).unwrap_or_default();
        let from_provider = from_provider.trim_start_matches("/providers/");
        for called in [id, name, &format!("{resource_type}/{name}"), from_provider] {
            let named = self.names.entry(called.to_ascii_lowercase()).or_default();
            if !named.contains(&index) {
                named.push(index);
            }
        }
        self.all.push(Target {
            id: id.clone(),
            api_version: api_version.clone(),
            is_existing: declared.is_existing,
        });
    }

    /// The places of the resources that something can depend on by this text.
    pub(crate) fn many(&self, called: &str) -> Result<&[usize], Problem> {
        let key = called.to_ascii_lowercase();
        if let Some(group) = self.groups.get(&key) {
            return Ok(group);
        }
        let named = self.names.get(&key).map_or(&[][..], Vec::as_slice);
        let Some(&first) = named.first() else {
            return Err(Problem::ResourceUndefined(called.into()));
        };
        let id = &self.all[first].id;
        if named.iter().any(|&index| !same(&self.all[index].id, id)) {
            return Err(Problem::ResourceAmbiguous(called.into()));
        }
        // What is made counts before what is only referred to by the same id.
        let made = named.iter().position(|&index| !self.all[index].is_existing).unwrap_or(0);
        Ok(&named[made..=made])
    }

    /// The one resource of this text, or `None` for the id of another.
    pub(crate) fn one(&self, called: &str) -> Result<Option<&Target>, Problem> {
        match self.many(called) {
            Ok(&[found]) => Ok(Some(&self.all[found])),
            Ok(_) => Err(Problem::ResourceAmbiguous(called.into())),
            Err(Problem::ResourceUndefined(_)) if called.starts_with('/') => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}
