//! `gantry admin`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Confirm, Operator, OperatorClient, Row, Told, Which, row};
use crate::serving::control::KnownRegistry;

/// Options of `gantry admin`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows user name and passwords of a registry's admin account
    Show {
        /// The registry [default: the default registry]
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// Makes one of the admin account's passwords anew, and ends what came by either
    Regenerate {
        /// The registry [default: the default registry]
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// Which of the two
        #[arg(long, value_enum, default_value = "1")]
        password: Which,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| match options.verb {
        Verb::Show { registry } => {
            let whereabouts = client.whereabouts().await?;
            let registry = whereabouts.registry(registry.as_deref())?;
            let path = format!("{}/listCredentials", registry.id);
            Ok(Told::one(shown(registry, &client.post(&path, &json!({})).await?)))
        }
        Verb::Regenerate { registry, password, confirm } => {
            let whereabouts = client.whereabouts().await?;
            let registry = whereabouts.registry(registry.as_deref())?;
            confirm.ask(&format!("end a password of the admin account of {}", registry.name))?;
            regenerate(client, registry, password).await
        }
    })
}

async fn regenerate(
    client: &OperatorClient,
    registry: &KnownRegistry,
    password: Which,
) -> anyhow::Result<Told> {
    let name = match password {
        Which::First => "password",
        Which::Second => "password2",
    };
    let path = format!("{}/regenerateCredential", registry.id);
    let made = client.post(&path, &json!({ "name": name })).await?;
    if let (Which::First, Some(text), Some(data)) =
        (password, made["passwords"][0]["value"].as_str(), client.data())
    {
        // The server keeps the first one there for its operator, and looks at its next start.
        let file = match registry.is_default {
            true => data.admin_password(),
            false => data.admin_password_of(&registry.name.parse()?),
        };
        data.keep_admin_password(&file, text)?;
    }
    Ok(Told::one(shown(registry, &made)))
}

fn shown(registry: &KnownRegistry, account: &Value) -> Row {
    let password = |at: usize| &account["passwords"][at]["value"];
    row! {
        "registry": registry.name,
        "username": account["username"],
        "password": password(0),
        "password2": password(1),
    }
}
