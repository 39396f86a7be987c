//! `gantry token`

mod allowed;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::allowed::Allowed;
use super::operator::{
    Confirm, OfRegistry, OperatorClient, Row, Told, Which, from_now, row, segment,
};
use super::scope_map;
use crate::config::duration;

/// Options of `gantry token`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    registry: OfRegistry,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a token for some repositories, and its first password, which is printed this once
    Create {
        /// Its name, which is its user name: 5 to 50 letters, digits, hyphens and underscores
        name: String,
        #[command(flatten)]
        allowed: Allowed,
        /// When the password ends, such as 30d [default: never]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
    },
    /// Lists tokens
    List,
    /// Shows a token
    Show {
        /// Its name
        name: String,
    },
    /// Makes one of a token's two passwords anew, and prints it this once; what it was ends
    Generate {
        /// The token's name
        name: String,
        /// Which of the two
        #[arg(long, value_enum, default_value = "1")]
        password: Which,
        /// When it ends, such as 30d [default: never]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
    },
    /// Lets a token sign in again
    Enable {
        /// Its name
        name: String,
    },
    /// Lets a token sign in no more
    Disable {
        /// Its name
        name: String,
    },
    /// Deletes a token; its scope map stays
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { registry, verb } = options;
    registry.run(async |client, registry| act(client, registry, verb).await)
}

async fn act(client: &OperatorClient, registry: &str, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, allowed, expires_in } => {
            create(client, registry, &name, allowed).await?;
            generate(client, registry, &name, Which::First, expires_in).await
        }
        Verb::List => {
            let all = client.all(&format!("{registry}/tokens")).await?;
            Ok(Told::many(all.iter().map(shown).collect()))
        }
        Verb::Show { name } => Ok(Told::one(shown(&client.get(&path(registry, &name)).await?))),
        Verb::Generate { name, password, expires_in } => {
            generate(client, registry, &name, password, expires_in).await
        }
        Verb::Enable { name } => set_status(client, registry, &name, "enabled").await,
        Verb::Disable { name } => set_status(client, registry, &name, "disabled").await,
        Verb::Delete { name, confirm } => {
            let path = path(registry, &name);
            client.get(&path).await?;
            confirm.ask(&format!("delete the token {name}"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("deleted the token {name}")))
        }
    }
}

/// The token, with a scope map of its own where repositories were named: both or neither.
async fn create(
    client: &OperatorClient,
    registry: &str,
    name: &str,
    allowed: Allowed,
) -> anyhow::Result<()> {
    let path = path(registry, name);
    let present = client.find(&path).await?;
    ensure!(present.is_none(), "the token {name} is there already: gantry token generate");
    let token =
        |map: &str| json!({ "properties": { "scopeMapId": scope_map::path(registry, map) } });
    let actions = match allowed {
        Allowed::ScopeMap(map) => {
            client.put(&path, &token(&map)).await?;
            return Ok(());
        }
        Allowed::Repositories(actions) => actions,
    };
    let map = format!("{name}-scope-map");
    let description = Some(format!("What the token {name} may do"));
    scope_map::create(client, registry, &map, &actions, description).await?;
    if let Err(error) = client.put(&path, &token(&map)).await {
        client.delete(&scope_map::path(registry, &map)).await?;
        return Err(error);
    }
    Ok(())
}

async fn generate(
    client: &OperatorClient,
    registry: &str,
    name: &str,
    which: Which,
    expires_in: Option<Duration>,
) -> anyhow::Result<Told> {
    let which = match which {
        Which::First => "password1",
        Which::Second => "password2",
    };
    let mut wanted = json!({ "tokenId": path(registry, name), "name": which });
    if let Some(duration) = expires_in {
        wanted["expiry"] = json!(from_now(duration));
    }
    let made = client.post(&format!("{registry}/generateCredentials"), &wanted).await?;
    let password = &made["passwords"][0];
    let row = row! {
        "username": made["username"],
        "name": password["name"],
        "password": password["value"],
        "endsAt": password["expiry"],
    };
    Ok(Told::one(row).saying("the password is shown this once"))
}

async fn set_status(
    client: &OperatorClient,
    registry: &str,
    name: &str,
    status: &str,
) -> anyhow::Result<Told> {
    let wanted = json!({ "properties": { "status": status } });
    client.patch(&path(registry, name), &wanted).await?;
    Ok(Told::done(format!("{status} the token {name}")))
}

fn path(registry: &str, name: &str) -> String {
    format!("{registry}/tokens/{}", segment(name))
}

fn shown(token: &Value) -> Row {
    let properties = &token["properties"];
    let map = properties["scopeMapId"].as_str().and_then(|id| id.rsplit('/').next());
    let passwords = properties["credentials"]["passwords"].as_array().into_iter().flatten();
    let passwords = passwords.map(|one| {
        let name = one["name"].as_str().unwrap_or_default();
        match one["expiry"].as_str() {
            Some(end) => format!("{name} until {end}"),
            None => name.to_owned(),
        }
    });
    row! {
        "name": token["name"],
        "status": properties["status"],
        "scopeMap": map,
        "passwords": passwords.collect::<Vec<_>>(),
        "createdAt": properties["creationDate"],
    }
}
