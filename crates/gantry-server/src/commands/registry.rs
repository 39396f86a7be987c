//! `gantry registry`

use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::operator::{Confirm, Operator, OperatorClient, Row, Told, row, segment};
use crate::serving::control::Whereabouts;

/// Where registries are made that nobody says a group of.
const FIRST_GROUP: &str = "default";

/// Options of `gantry registry`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a registry
    Create {
        /// Its name: 5 to 50 letters and digits, the first label of its login server
        name: String,
        /// Its service tier
        #[arg(long, value_enum, ignore_case = true, default_value_t = Tier::Premium)]
        tier: Tier,
        /// The resource group that it is in
        #[arg(long, value_name = "NAME", default_value = FIRST_GROUP)]
        resource_group: String,
        #[command(flatten)]
        change: Change,
    },
    /// Lists registries
    List,
    /// Shows a registry
    Show {
        /// Its name
        name: String,
    },
    /// Changes a registry's settings, at once
    Update {
        /// Its name
        name: String,
        /// Its service tier
        #[arg(long, value_enum, ignore_case = true)]
        tier: Option<Tier>,
        #[command(flatten)]
        change: Change,
    },
    /// Shows how much of what its tier allows a registry uses
    Usage {
        /// Its name
        name: String,
    },
    /// Tells whether a name can be used
    CheckName {
        /// The name
        name: String,
    },
    /// Deletes a registry; for seven days it can be brought back
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Lists registries that were deleted and can be brought back
    ListDeleted,
    /// Brings a deleted registry back, without the passwords that it had
    Undelete {
        /// The name that it had, or its id in the list of deleted ones
        name: String,
    },
    /// Clears a deleted registry away before its time
    Purge {
        /// The name that it had, or its id in the list of deleted ones
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tier {
    Basic,
    Standard,
    Premium,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Answer {
    Allow,
    Deny,
}

#[derive(Debug, Args)]
struct Change {
    /// Whether the admin account may sign in
    #[arg(long, value_name = "BOOL")]
    admin_enabled: Option<bool>,
    /// Whether anyone may pull
    #[arg(long, value_name = "BOOL")]
    anonymous_pull: Option<bool>,
    /// Whether those are answered who don't come by a private endpoint
    #[arg(long, value_name = "BOOL")]
    public_access: Option<bool>,
    /// Whether blobs are downloaded from a host of their own
    #[arg(long, value_name = "BOOL")]
    data_endpoint: Option<bool>,
    /// What whoever comes from an address that no rule names may do
    #[arg(long, value_name = "ANSWER", value_enum)]
    network_default: Option<Answer>,
    /// A network that is let in, as an address or a CIDR; repeatable, and instead of those before
    #[arg(long, value_name = "NETWORK", conflicts_with = "no_network_rules")]
    network_rule: Vec<String>,
    /// Takes all rules of networks away
    #[arg(long)]
    no_network_rules: bool,
    /// A tag, NAME=VALUE; repeatable, and instead of those before
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { operator, verb } = options;
    operator.run(async |client| {
        let whereabouts = client.whereabouts().await?;
        act(client, &whereabouts, verb).await
    })
}

async fn act(client: &OperatorClient, at: &Whereabouts, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, tier, resource_group, change } => {
            let path = path(at, &resource_group, &name)?;
            let present = client.find(&path).await?;
            ensure!(
                present.is_none(),
                "the registry {name} is there already: gantry registry update"
            );
            let made = client.put(&path, &wanted(Some(tier), &change)?).await?;
            Ok(Told::one(shown(&made)))
        }
        Verb::List => {
            let all = client.all(&provider(at, "registries")?).await?;
            Ok(Told::many(all.iter().map(listed).collect()))
        }
        Verb::Show { name } => {
            let path = &at.registry(Some(&name))?.id;
            Ok(Told::one(shown(&client.get(path).await?)))
        }
        Verb::Update { name, tier, change } => {
            let path = &at.registry(Some(&name))?.id;
            let changed = client.patch(path, &wanted(tier, &change)?).await?;
            Ok(Told::one(shown(&changed)))
        }
        Verb::Usage { name } => {
            let path = format!("{}/listUsages", at.registry(Some(&name))?.id);
            let all = client.all(&path).await?;
            Ok(Told::many(all.iter().map(usage).collect()))
        }
        Verb::CheckName { name } => {
            let kind = "Microsoft.ContainerRegistry/registries";
            let body = json!({ "name": name, "type": kind });
            let said = client.post(&provider(at, "checkNameAvailability")?, &body).await?;
            let row = row! {
                "name": name,
                "available": said["nameAvailable"],
                "loginServer": said["availableLoginServerName"],
                "reason": said["message"],
            };
            Ok(Told::one(row))
        }
        Verb::Delete { name, confirm } => {
            let path = &at.registry(Some(&name))?.id;
            confirm.ask(&format!("delete the registry {name} with all that is in it"))?;
            client.delete(path).await?;
            let word = format!("deleted the registry {name}: gantry registry undelete {name}");
            Ok(Told::done(word))
        }
        Verb::ListDeleted => {
            let all = client.all(&provider(at, "deletedRegistries")?).await?;
            Ok(Told::many(all.iter().map(deleted).collect()))
        }
        Verb::Undelete { name } => {
            let path = find_deleted(client, at, &name).await?;
            let revived = client.post(&format!("{path}/restore"), &json!({})).await?;
            Ok(Told::one(shown(&revived)))
        }
        Verb::Purge { name, confirm } => {
            let path = find_deleted(client, at, &name).await?;
            confirm.ask(&format!("clear the deleted registry {name} away"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("the next collection clears {name} away: gantry gc")))
        }
    }
}

fn provider(at: &Whereabouts, rest: &str) -> anyhow::Result<String> {
    Ok(format!("{}/providers/Microsoft.ContainerRegistry/{rest}", at.subscription()?))
}

fn path(at: &Whereabouts, group: &str, name: &str) -> anyhow::Result<String> {
    Ok(format!(
        "{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
        at.subscription()?,
        segment(group),
        segment(name)
    ))
}

/// What the flags wish, as a body.
fn wanted(tier: Option<Tier>, change: &Change) -> anyhow::Result<Value> {
    let mut properties = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value);
        }
    };
    set("adminUserEnabled", change.admin_enabled.map(Value::from));
    set("anonymousPullEnabled", change.anonymous_pull.map(Value::from));
    set("dataEndpointEnabled", change.data_endpoint.map(Value::from));
    let word = |on: bool| Value::from(if on { "Enabled" } else { "Disabled" });
    set("publicNetworkAccess", change.public_access.map(word));
    let rules = network_rules(change);
    set("networkRuleSet", (!rules.is_empty()).then(|| rules.into()));
    let mut body = json!({ "properties": properties });
    if let Some(tier) = tier {
        let name = match tier {
            Tier::Basic => "Basic",
            Tier::Standard => "Standard",
            Tier::Premium => "Premium",
        };
        body["sku"] = json!({ "name": name });
    }
    if !change.tag.is_empty() {
        let mut tags = Map::new();
        for tag in &change.tag {
            let Some((name, value)) = tag.split_once('=') else { bail!("{tag}: write NAME=VALUE") };
            tags.insert(name.to_owned(), value.into());
        }
        body["tags"] = tags.into();
    }
    Ok(body)
}

/// What the flags wish of the registry's rules of networks.
fn network_rules(change: &Change) -> Map<String, Value> {
    let mut rules = Map::new();
    if let Some(answer) = change.network_default {
        let word = match answer {
            Answer::Allow => "Allow",
            Answer::Deny => "Deny",
        };
        rules.insert("defaultAction".to_owned(), word.into());
    }
    if change.no_network_rules || !change.network_rule.is_empty() {
        let rule = |network: &String| json!({ "action": "Allow", "value": network });
        rules.insert("ipRules".to_owned(), change.network_rule.iter().map(rule).collect());
    }
    rules
}

/// The path of the deleted registry of that id, or of that name where there is only one.
async fn find_deleted(
    client: &OperatorClient,
    at: &Whereabouts,
    name: &str,
) -> anyhow::Result<String> {
    let all = client.all(&provider(at, "deletedRegistries")?).await?;
    let is_it = |one: &&Value| {
        let called =
            |text: &Value| text.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name));
        called(&one["name"]) || called(&one["properties"]["registryName"])
    };
    let found: Vec<&Value> = all.iter().filter(is_it).collect();
    match found[..] {
        [] => bail!("there is no deleted registry {name}: gantry registry list-deleted"),
        [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
        _ => bail!(
            "{name} was deleted more than once: name one by its id, gantry registry list-deleted"
        ),
    }
}

fn shown(registry: &Value) -> Row {
    let (properties, mut row) = (&registry["properties"], listed(registry));
    let rules = properties["networkRuleSet"]["ipRules"].as_array().into_iter().flatten();
    let tags = registry["tags"].as_object().into_iter().flatten();
    let tags = tags.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    row.0.extend(
        row! {
            "location": registry["location"],
            "dataEndpoint": properties["dataEndpointEnabled"],
            "networkDefault": properties["networkRuleSet"]["defaultAction"],
            "networkRules": rules.map(|rule| &rule["value"]).collect::<Vec<_>>(),
            "tags": tags.collect::<Vec<_>>(),
            "id": registry["id"],
        }
        .0,
    );
    row
}

fn listed(registry: &Value) -> Row {
    let properties = &registry["properties"];
    row! {
        "name": registry["name"],
        "resourceGroup": group(&registry["id"]),
        "tier": registry["sku"]["name"],
        "loginServer": properties["loginServer"],
        "adminEnabled": properties["adminUserEnabled"],
        "anonymousPull": properties["anonymousPullEnabled"],
        "publicAccess": properties["publicNetworkAccess"],
        "createdAt": properties["creationDate"],
    }
}

fn group(id: &Value) -> &str {
    id.as_str().and_then(|id| id.split('/').nth(4)).unwrap_or_default()
}

fn usage(usage: &Value) -> Row {
    row! {
        "name": usage["name"],
        "used": usage["currentValue"],
        "limit": usage["limit"],
        "unit": usage["unit"],
    }
}

fn deleted(deleted: &Value) -> Row {
    let properties = &deleted["properties"];
    row! {
        "name": properties["registryName"],
        "id": deleted["name"],
        "resourceGroup": group(&properties["registryId"]),
        "deletedAt": properties["deletionDate"],
        "goneAt": properties["scheduledPurgeDate"],
    }
}
