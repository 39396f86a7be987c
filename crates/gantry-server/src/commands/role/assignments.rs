//! Who has which role where.

use std::collections::HashMap;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::operator::{OperatorClient, Row, Told, called, is_id, quoted, row, segment};
use super::{find, named, roles};
use crate::serving::control::Whereabouts;

/// What stands for the subscription.
const SUBSCRIPTION: &str = "subscription";
/// As many names are asked for at once as Graph has bounds for.
const NAMES: usize = 1000;

#[derive(Debug, Args)]
pub(super) struct To {
    /// Who: a user's name, an application's id, a group's or identity's name, or any object id
    #[arg(long, value_name = "WHO")]
    to: String,
    /// What they are, if another directory knows them: then WHO is their object id there
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    kind: Option<Kind>,
}

#[derive(Debug, Args)]
pub(super) struct At {
    /// At a registry [default: the default registry]
    #[arg(long, value_name = "NAME", conflicts_with = "scope")]
    registry: Option<String>,
    /// At a resource id, or at `subscription`: everywhere
    #[arg(long, value_name = "ID")]
    scope: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Everywhere {
    /// Only those that count at this registry
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
}

/// What someone is whom another directory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    User,
    Group,
    ServicePrincipal,
}

impl To {
    /// Their object id and what they are called.
    async fn find(&self, client: &OperatorClient) -> anyhow::Result<(String, String)> {
        if self.kind.is_some() && is_id(&self.to) {
            return Ok((self.to.to_ascii_lowercase(), self.to.clone()));
        }
        let found = client.principal(&self.to).await?;
        Ok((found["id"].as_str().unwrap_or_default().to_owned(), called(&found)))
    }
}

impl At {
    fn scope(&self, whereabouts: &Whereabouts) -> anyhow::Result<String> {
        match &self.scope {
            Some(word) if word == SUBSCRIPTION => Ok(whereabouts.subscription()?.to_owned()),
            Some(id) if id.starts_with('/') => Ok(id.trim_end_matches('/').to_owned()),
            Some(other) => bail!("{other} is neither a resource ID nor the word {SUBSCRIPTION}"),
            None => Ok(whereabouts.registry(self.registry.as_deref())?.id.clone()),
        }
    }
}

pub(super) async fn assign(
    client: &OperatorClient,
    role: &str,
    to: &To,
    at: &At,
    condition: Option<String>,
) -> anyhow::Result<Told> {
    let whereabouts = client.whereabouts().await?;
    let scope = at.scope(&whereabouts)?;
    let (role, (principal, name)) = (find(client, role).await?, to.find(client).await?);
    let kind = to.kind.map(|kind| match kind {
        Kind::User => "User",
        Kind::Group => "ForeignGroup",
        Kind::ServicePrincipal => "ServicePrincipal",
    });
    let wanted = json!({ "properties": {
        "roleDefinitionId": role["id"],
        "principalId": principal,
        "principalType": kind,
        "condition": condition,
    } });
    let path = format!("{}/{}", path(&scope), gantry_directory::new_id());
    let made = client.put(&path, &wanted).await?;
    Ok(Told::one(shown(&whereabouts, &made, &named(&role), &name)))
}

pub(super) async fn unassign(
    client: &OperatorClient,
    role: &str,
    to: &To,
    at: &At,
) -> anyhow::Result<Told> {
    let whereabouts = client.whereabouts().await?;
    let scope = at.scope(&whereabouts)?;
    let (role, (principal, name)) = (find(client, role).await?, to.find(client).await?);
    let filter = segment(&format!("principalId eq {}", quoted(&principal)));
    let all = client.all(&format!("{}?$filter={filter}", path(&scope))).await?;
    let is_it = |one: &&Value| {
        let properties = &one["properties"];
        let there = properties["scope"].as_str().unwrap_or_default().trim_end_matches('/');
        properties["roleDefinitionId"] == role["id"] && there.eq_ignore_ascii_case(&scope)
    };
    let (role, at) = (named(&role), short(&whereabouts, &scope));
    let Some(found) = all.iter().find(is_it) else {
        bail!("{name} doesn't have the role {role} assigned at {at}");
    };
    let id = found["name"].as_str().unwrap_or_default();
    client.delete(&format!("{}/{id}", path(&scope))).await?;
    Ok(Told::done(format!("{name} has the role {role} at {at} no more")))
}

pub(super) async fn list(
    client: &OperatorClient,
    to: Option<&str>,
    at: &Everywhere,
) -> anyhow::Result<Told> {
    let whereabouts = client.whereabouts().await?;
    let mut path = match &at.registry {
        Some(name) => path(&whereabouts.registry(Some(name))?.id),
        None => path(whereabouts.subscription()?),
    };
    if let Some(who) = to {
        let id = match client.principal(who).await {
            // Someone of another directory, perhaps.
            Err(_) if is_id(who) => who.to_owned(),
            found => found?["id"].as_str().unwrap_or_default().to_owned(),
        };
        path += &format!("?$filter={}", segment(&format!("assignedTo({})", quoted(&id))));
    }
    let all = client.all(&path).await?;
    let ids = all.iter().filter_map(|one| one["properties"]["principalId"].as_str());
    let people = names(client, ids.map(str::to_owned).collect()).await?;
    let known = client.all(&roles(client).await?).await?;
    let rows = all.iter().map(|one| {
        let role = known.iter().find(|role| role["id"] == one["properties"]["roleDefinitionId"]);
        let principal = one["properties"]["principalId"].as_str().unwrap_or_default();
        let name = people.get(principal).map_or("", String::as_str);
        shown(&whereabouts, one, &role.map_or_else(String::new, named), name)
    });
    Ok(Told::sorted(rows.collect()))
}

/// What those of these ids are called that the directory knows.
async fn names(
    client: &OperatorClient,
    ids: Vec<String>,
) -> anyhow::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    for ids in ids.chunks(NAMES) {
        let wanted = json!({ "ids": ids });
        let found = client.post("/graph/v1.0/directoryObjects/getByIds", &wanted).await?;
        for object in found["value"].as_array().into_iter().flatten() {
            let id = object["id"].as_str().unwrap_or_default().to_owned();
            names.insert(id, called(object));
        }
    }
    Ok(names)
}

fn path(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments")
}

/// A scope as people say it: a registry's name, or `subscription`.
fn short(whereabouts: &Whereabouts, scope: &str) -> String {
    let is = |id: &str| id.eq_ignore_ascii_case(scope.trim_end_matches('/'));
    let registry = whereabouts.registries.iter().find(|one| is(&one.id));
    match registry {
        Some(registry) => registry.name.clone(),
        None if is(&whereabouts.subscription) => SUBSCRIPTION.to_owned(),
        None => scope.to_owned(),
    }
}

fn shown(whereabouts: &Whereabouts, one: &Value, role: &str, name: &str) -> Row {
    let properties = &one["properties"];
    row! {
        "role": role,
        "to": name,
        "type": properties["principalType"],
        "at": short(whereabouts, properties["scope"].as_str().unwrap_or_default()),
        "condition": properties["condition"],
        "principalId": properties["principalId"],
        "id": one["name"],
    }
}
