//! `gantry webhook`

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::operator::{Confirm, OfRegistry, OperatorClient, Row, Told, row, segment};

/// Options of `gantry webhook`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a webhook: who is to be told of what happens to content
    Create {
        /// Its name: 5 to 50 letters and digits
        name: String,
        #[command(flatten)]
        change: Change,
    },
    /// Lists webhooks
    List,
    /// Shows a webhook, but not whom it tells
    Show {
        /// Its name
        name: String,
    },
    /// Shows whom a webhook tells, and with which headers
    Target {
        /// Its name
        name: String,
    },
    /// Changes a webhook
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        change: Change,
    },
    /// Deletes a webhook
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Args)]
struct Change {
    /// Whom it tells: an address of HTTP or HTTPS
    #[arg(long, value_name = "URL")]
    uri: Option<String>,
    /// What it tells of; repeatable
    #[arg(long, value_enum)]
    action: Vec<Action>,
    /// Of which content: repository:tag, repository:* or, if empty, all
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// A header of each request, NAME=VALUE; repeatable, and those that were there go
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Whether anyone is told
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    Push,
    Delete,
    Quarantine,
    ChartPush,
    ChartDelete,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run(async |client, registry| act(client, registry, verb).await)
}

async fn act(client: &OperatorClient, registry: &str, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, change } => {
            let is_whole = change.uri.is_some() && !change.action.is_empty();
            ensure!(is_whole, "a webhook needs --uri and at least one --action");
            let path = path(registry, &name);
            let present = client.find(&path).await?;
            ensure!(
                present.is_none(),
                "the webhook {name} is there already: gantry webhook update"
            );
            let made = client.put(&path, &wanted(&change)?).await?;
            Ok(Told::one(shown(&made))
                .saying("nothing is sent yet: events come with a later release"))
        }
        Verb::List => {
            let all = client.all(&format!("{registry}/webhooks")).await?;
            Ok(Told::many(all.iter().map(shown).collect()))
        }
        Verb::Show { name } => Ok(Told::one(shown(&client.get(&path(registry, &name)).await?))),
        Verb::Target { name } => {
            let path = format!("{}/getCallbackConfig", path(registry, &name));
            let target = client.post(&path, &json!({})).await?;
            let row = row! { "uri": target["serviceUri"], "headers": target["customHeaders"] };
            Ok(Told::one(row))
        }
        Verb::Update { name, change } => {
            let changed = client.patch(&path(registry, &name), &wanted(&change)?).await?;
            Ok(Told::one(shown(&changed)))
        }
        Verb::Delete { name, confirm } => {
            let path = path(registry, &name);
            client.get(&path).await?;
            confirm.ask(&format!("delete the webhook {name}"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("deleted the webhook {name}")))
        }
    }
}

fn path(registry: &str, name: &str) -> String {
    format!("{registry}/webhooks/{}", segment(name))
}

/// What the flags wish, as a body.
fn wanted(change: &Change) -> anyhow::Result<Value> {
    let mut properties = Map::new();
    if let Some(uri) = &change.uri {
        properties.insert("serviceUri".into(), uri.as_str().into());
    }
    if let Some(scope) = &change.scope {
        properties.insert("scope".into(), scope.as_str().into());
    }
    if let Some(enabled) = change.enabled {
        let status = if enabled { "enabled" } else { "disabled" };
        properties.insert("status".into(), status.into());
    }
    if !change.action.is_empty() {
        let name = |action: &Action| match action {
            Action::Push => "push",
            Action::Delete => "delete",
            Action::Quarantine => "quarantine",
            Action::ChartPush => "chart_push",
            Action::ChartDelete => "chart_delete",
        };
        properties.insert("actions".into(), change.action.iter().map(name).collect());
    }
    if !change.header.is_empty() {
        let mut headers = Map::new();
        for header in &change.header {
            let (name, value) =
                header.split_once('=').with_context(|| format!("{header}: write NAME=VALUE"))?;
            headers.insert(name.to_owned(), value.into());
        }
        properties.insert("customHeaders".into(), headers.into());
    }
    Ok(json!({ "properties": properties }))
}

fn shown(webhook: &Value) -> Row {
    let properties = &webhook["properties"];
    row! {
        "name": webhook["name"],
        "status": properties["status"],
        "actions": properties["actions"],
        "scope": properties["scope"],
    }
}
