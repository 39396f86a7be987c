//! `gantry role`

mod assignments;
mod definition;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::assignments::{At, Everywhere, To};
use super::operator::{Confirm, Operator, OperatorClient, Row, Told, is_id, quoted, row, segment};

/// Options of `gantry role`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists roles
    List {
        /// Only those that were made here
        #[arg(long)]
        custom: bool,
    },
    /// Shows a role with all that it allows
    Show {
        /// Name or id
        role: String,
    },
    /// Makes a role from a file, in the form of `az role definition create`
    Create {
        /// The file
        file: PathBuf,
    },
    /// Deletes a role that nobody has
    Delete {
        /// Name or id
        role: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Gives someone a role, at the default registry unless something else is said
    Assign {
        /// The role's name or id, such as AcrPull
        role: String,
        #[command(flatten)]
        to: To,
        #[command(flatten)]
        at: At,
        /// On which content only, in Azure's language of conditions
        #[arg(long, value_name = "TEXT")]
        condition: Option<String>,
    },
    /// Takes a role from someone that they have there, at the default registry unless something else
    /// is said
    Unassign {
        /// The role's name or id
        role: String,
        #[command(flatten)]
        to: To,
        #[command(flatten)]
        at: At,
    },
    /// Lists who has which role where
    Assignments {
        /// Only those of this user, application, identity or group; also those through groups
        #[arg(long, value_name = "WHO")]
        to: Option<String>,
        #[command(flatten)]
        at: Everywhere,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| act(client, options.verb).await)
}

async fn act(client: &OperatorClient, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::List { custom } => {
            let mut all = client.all(&roles(client).await?).await?;
            all.retain(|role| !custom || role["properties"]["type"] == "CustomRole");
            Ok(Told::sorted(all.iter().map(listed).collect()))
        }
        Verb::Show { role } => Ok(Told::one(shown(&find(client, &role).await?))),
        Verb::Create { file } => {
            let text = std::fs::read_to_string(&file);
            let text = text.with_context(|| format!("reading {}", file.display()))?;
            let subscription = client.whereabouts().await?.subscription()?.to_owned();
            let wanted = definition::read(&text, &subscription)
                .with_context(|| format!("{}", file.display()))?;
            let path = format!("{}/{}", roles(client).await?, gantry_directory::new_id());
            Ok(Told::one(shown(&client.put(&path, &wanted).await?)))
        }
        Verb::Delete { role, confirm } => {
            let found = find(client, &role).await?;
            let name = named(&found);
            confirm.ask(&format!("delete the role {name}"))?;
            let id = found["name"].as_str().unwrap_or_default();
            client.delete(&format!("{}/{id}", roles(client).await?)).await?;
            Ok(Told::done(format!("deleted the role {name}")))
        }
        Verb::Assign { role, to, at, condition } => {
            assignments::assign(client, &role, &to, &at, condition).await
        }
        Verb::Unassign { role, to, at } => assignments::unassign(client, &role, &to, &at).await,
        Verb::Assignments { to, at } => assignments::list(client, to.as_deref(), &at).await,
    }
}

/// The address of roles.
async fn roles(client: &OperatorClient) -> anyhow::Result<String> {
    let subscription = client.whereabouts().await?.subscription()?.to_owned();
    Ok(format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions"))
}

/// The role of that name or id.
async fn find(client: &OperatorClient, role: &str) -> anyhow::Result<Value> {
    let roles = roles(client).await?;
    if is_id(role) {
        return client.get(&format!("{roles}/{role}")).await;
    }
    let filter = segment(&format!("roleName eq {}", quoted(role)));
    let found = client.all(&format!("{roles}?$filter={filter}")).await?;
    let missing = || anyhow::anyhow!("there is no role {role}: gantry role list shows all");
    found.into_iter().next().ok_or_else(missing)
}

fn named(role: &Value) -> String {
    role["properties"]["roleName"].as_str().unwrap_or_default().to_owned()
}

fn listed(role: &Value) -> Row {
    let properties = &role["properties"];
    row! {
        "name": properties["roleName"],
        "type": properties["type"],
        "id": role["name"],
        "description": properties["description"],
    }
}

fn shown(role: &Value) -> Row {
    let permissions = role["properties"]["permissions"].as_array();
    let of = |kind: &str| {
        let each = permissions.into_iter().flatten();
        let all = each.flat_map(|set| set[kind].as_array().into_iter().flatten());
        json!(all.collect::<Vec<_>>())
    };
    let mut row = listed(role);
    row.0.extend([
        ("actions", of("actions")),
        ("notActions", of("notActions")),
        ("dataActions", of("dataActions")),
        ("notDataActions", of("notDataActions")),
        ("assignableScopes", role["properties"]["assignableScopes"].clone()),
    ]);
    row
}
