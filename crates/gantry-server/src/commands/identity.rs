//! `gantry identity`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Confirm, Operator, OperatorClient, Row, Told, row, segment};

/// Options of `gantry identity`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a managed identity: workloads that may have it get its tokens without signing in
    Create {
        /// What it is called
        name: String,
    },
    /// Lists managed identities
    List,
    /// Deletes a managed identity
    Delete {
        /// Name, client id or object id
        identity: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// The workloads that may have an identity's tokens
    Workload {
        #[command(subcommand)]
        verb: WorkloadVerb,
    },
}

#[derive(Debug, Subcommand)]
enum WorkloadVerb {
    /// Gives workloads of a network, or one that has a secret, an identity's tokens
    Add {
        /// Name, client id or object id
        identity: String,
        #[command(flatten)]
        known_by: KnownBy,
    },
    /// Lists the workloads of an identity
    List {
        /// Name, client id or object id
        identity: String,
    },
    /// Gives a workload an identity's tokens no more
    Remove {
        /// Name, client id or object id
        identity: String,
        /// The workload's id, as `list` shows it
        id: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct KnownBy {
    /// From where they ask, such as 10.1.2.0/24
    #[arg(long, value_name = "CIDR")]
    network: Option<String>,
    /// Make a secret that the workload shows, and print it this once
    #[arg(long)]
    secret: bool,
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| act(client, options.verb).await)
}

async fn act(client: &OperatorClient, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name } => {
            let wanted = json!({ "displayName": name });
            Ok(Told::one(shown(&client.post("/graph/gantry/identities", &wanted).await?)))
        }
        Verb::List => {
            let all = client.all("/graph/gantry/identities?$top=999").await?;
            Ok(Told::sorted(all.iter().map(shown).collect()))
        }
        Verb::Delete { identity, confirm } => {
            let found = client.identity(&identity).await?;
            let name = named(&found);
            confirm.ask(&format!("delete the managed identity {name}"))?;
            client.delete(&path(&found)).await?;
            Ok(Told::done(format!("deleted the managed identity {name}")))
        }
        Verb::Workload { verb } => workload(client, verb).await,
    }
}

async fn workload(client: &OperatorClient, verb: WorkloadVerb) -> anyhow::Result<Told> {
    match verb {
        WorkloadVerb::Add { identity, known_by } => {
            let found = client.identity(&identity).await?;
            let wanted = match known_by.network {
                Some(network) => json!({ "network": network }),
                None => json!({}),
            };
            let made = client.post(&format!("{}/workloads", path(&found)), &wanted).await?;
            let mut row = workload_shown(&made);
            if made["secret"].is_null() {
                return Ok(Told::one(row));
            }
            row.0.push(("secret", made["secret"].clone()));
            Ok(Told::one(row).saying("the secret is shown this once"))
        }
        WorkloadVerb::List { identity } => {
            let found = client.identity(&identity).await?;
            let all = client.all(&format!("{}/workloads", path(&found))).await?;
            Ok(Told::sorted(all.iter().map(workload_shown).collect()))
        }
        WorkloadVerb::Remove { identity, id, confirm } => {
            let found = client.identity(&identity).await?;
            let what = format!("a workload of the managed identity {}", named(&found));
            confirm.ask(&format!("remove {what}"))?;
            client.delete(&format!("{}/workloads/{}", path(&found), segment(&id))).await?;
            Ok(Told::done(format!("removed {what}")))
        }
    }
}

fn path(identity: &Value) -> String {
    format!("/graph/gantry/identities/{}", identity["id"].as_str().unwrap_or_default())
}

fn named(identity: &Value) -> String {
    identity["displayName"].as_str().unwrap_or_default().to_owned()
}

fn shown(identity: &Value) -> Row {
    row! {
        "name": identity["displayName"],
        "clientId": identity["clientId"],
        "enabled": identity["enabled"],
        "createdAt": identity["createdDateTime"],
        "id": identity["id"],
    }
}

fn workload_shown(workload: &Value) -> Row {
    row! {
        "id": workload["id"],
        "knownBy": workload["knownBy"],
        "network": workload["network"],
    }
}
