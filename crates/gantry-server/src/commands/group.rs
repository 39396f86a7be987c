//! `gantry group`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Confirm, Operator, OperatorClient, Row, Told, called, row};

/// Options of `gantry group`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a group
    Create {
        /// What it is called
        name: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Lists groups
    List,
    /// Shows a group
    Show {
        /// Name or object id
        group: String,
    },
    /// Deletes a group; its members stay
    Delete {
        /// Name or object id
        group: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Makes someone a member of a group
    Add {
        /// Name or object id
        group: String,
        /// A user's name, an application's id, a group's or identity's name, or any object id
        member: String,
    },
    /// Makes someone a member of a group no more
    Remove {
        /// Name or object id
        group: String,
        /// A user's name, an application's id, a group's or identity's name, or any object id
        member: String,
    },
    /// Lists the members of a group
    Members {
        /// Name or object id
        group: String,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| act(client, options.verb).await)
}

async fn act(client: &OperatorClient, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, description } => {
            let mut wanted = json!({
                "displayName": name, "mailEnabled": false, "securityEnabled": true,
            });
            if let Some(description) = description {
                wanted["description"] = json!(description);
            }
            Ok(Told::one(shown(&client.post("/graph/v1.0/groups", &wanted).await?)))
        }
        Verb::List => {
            let all = client.all("/graph/v1.0/groups?$top=999").await?;
            Ok(Told::sorted(all.iter().map(shown).collect()))
        }
        Verb::Show { group } => Ok(Told::one(shown(&client.group(&group).await?))),
        Verb::Delete { group, confirm } => {
            let found = client.group(&group).await?;
            let name = called(&found);
            confirm.ask(&format!("delete the group {name}"))?;
            client.delete(&path(&found)).await?;
            Ok(Told::done(format!("deleted the group {name}")))
        }
        Verb::Add { group, member } => {
            let (group, member) = both(client, &group, &member).await?;
            let id = member["id"].as_str().unwrap_or_default();
            let reference = json!({ "@odata.id": format!("directoryObjects/{id}") });
            client.post(&format!("{}/members/$ref", path(&group)), &reference).await?;
            let (member, group) = (called(&member), called(&group));
            Ok(Told::done(format!("{member} is a member of the group {group}")))
        }
        Verb::Remove { group, member } => {
            let (group, member) = both(client, &group, &member).await?;
            let id = member["id"].as_str().unwrap_or_default();
            client.delete(&format!("{}/members/{id}/$ref", path(&group))).await?;
            let (member, group) = (called(&member), called(&group));
            Ok(Told::done(format!("{member} is no member of the group {group} any more")))
        }
        Verb::Members { group } => {
            let found = client.group(&group).await?;
            let all = client.all(&format!("{}/members?$top=999", path(&found))).await?;
            Ok(Told::sorted(all.iter().map(member).collect()))
        }
    }
}

async fn both(
    client: &OperatorClient,
    group: &str,
    member: &str,
) -> anyhow::Result<(Value, Value)> {
    Ok((client.group(group).await?, client.principal(member).await?))
}

fn path(group: &Value) -> String {
    format!("/graph/v1.0/groups/{}", group["id"].as_str().unwrap_or_default())
}

fn shown(group: &Value) -> Row {
    row! {
        "name": group["displayName"],
        "description": group["description"],
        "createdAt": group["createdDateTime"],
        "id": group["id"],
    }
}

fn member(object: &Value) -> Row {
    let kind = object["@odata.type"].as_str().unwrap_or_default();
    row! {
        "name": called(object),
        "type": kind.rsplit('.').next().unwrap_or_default(),
        "appId": object["appId"],
        "id": object["id"],
    }
}
