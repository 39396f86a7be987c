//! `gantry scope-map`

use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Confirm, OfRegistry, OperatorClient, Row, Told, row, segment};

/// Options of `gantry scope-map`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a scope map: what tokens that have it may do
    Create {
        /// Its name: 5 to 50 letters, digits, hyphens and underscores
        name: String,
        /// An action, such as repositories/team/*/content/read; repeatable
        #[arg(long, value_name = "ACTION", required = true)]
        action: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Lists scope maps
    List,
    /// Shows a scope map
    Show {
        /// Its name
        name: String,
    },
    /// Changes what a scope map allows, at once for all tokens that have it
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        change: Change,
    },
    /// Deletes a scope map that no token has
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Change {
    /// An action to allow; repeatable
    #[arg(long, value_name = "ACTION")]
    add: Vec<String>,
    /// An action to allow no more; repeatable
    #[arg(long, value_name = "ACTION")]
    remove: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run(async |client, registry| act(client, registry, verb).await)
}

async fn act(client: &OperatorClient, registry: &str, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, action, description } => {
            Ok(Told::one(shown(&create(client, registry, &name, &action, description).await?)))
        }
        Verb::List => {
            let all = client.all(&format!("{registry}/scopeMaps")).await?;
            Ok(Told::many(all.iter().map(shown).collect()))
        }
        Verb::Show { name } => Ok(Told::one(shown(&client.get(&path(registry, &name)).await?))),
        Verb::Update { name, change } => update(client, &path(registry, &name), change).await,
        Verb::Delete { name, confirm } => {
            let path = path(registry, &name);
            client.get(&path).await?;
            confirm.ask(&format!("delete the scope map {name}"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("deleted the scope map {name}")))
        }
    }
}

/// Makes a scope map that is not there yet.
pub(super) async fn create(
    client: &OperatorClient,
    registry: &str,
    name: &str,
    actions: &[String],
    description: Option<String>,
) -> anyhow::Result<Value> {
    let path = path(registry, name);
    let present = client.find(&path).await?;
    ensure!(present.is_none(), "the scope map {name} is there already: gantry scope-map update");
    let wanted = json!({ "properties": { "actions": actions, "description": description } });
    client.put(&path, &wanted).await
}

async fn update(client: &OperatorClient, path: &str, change: Change) -> anyhow::Result<Told> {
    let present = client.get(path).await?;
    let actions = present["properties"]["actions"].as_array().into_iter().flatten();
    let mut actions: Vec<String> = actions.filter_map(Value::as_str).map(str::to_owned).collect();
    for gone in &change.remove {
        ensure!(actions.contains(gone), "the scope map doesn't allow {gone}");
    }
    actions.retain(|action| !change.remove.contains(action));
    actions.extend(change.add);
    let mut wanted = json!({ "properties": { "actions": actions } });
    if let Some(description) = change.description {
        wanted["properties"]["description"] = json!(description);
    }
    Ok(Told::one(shown(&client.patch(path, &wanted).await?)))
}

/// The address of a scope map.
pub(super) fn path(registry: &str, name: &str) -> String {
    format!("{registry}/scopeMaps/{}", segment(name))
}

fn shown(map: &Value) -> Row {
    let properties = &map["properties"];
    row! {
        "name": map["name"],
        "type": properties["type"],
        "createdAt": properties["creationDate"],
        "description": properties["description"],
        "actions": properties["actions"],
    }
}
