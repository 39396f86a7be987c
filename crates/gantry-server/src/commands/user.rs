//! `gantry user`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use gantry_secrets::Generated;
use serde_json::{Value, json};

use super::operator::{
    Confirm, Operator, OperatorClient, Row, Told, password_from_stdin, row, segment,
};

/// Options of `gantry user`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a user; a password that isn't given is made, and printed this once
    Create {
        /// What they sign in with: NAME@DOMAIN, or NAME in the server's own domain
        name: String,
        /// What they are called
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// Read the password from stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists users
    List,
    /// Shows a user
    Show {
        /// Name or object id
        name: String,
    },
    /// Deletes a user
    Delete {
        /// Name or object id
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Sets a user's password and signs them out; one that isn't given is made, and printed this once
    Password {
        /// Name or object id
        name: String,
        /// Read the password from stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lets a user sign in again
    Enable {
        /// Name or object id
        name: String,
    },
    /// Lets a user sign in no more
    Disable {
        /// Name or object id
        name: String,
    },
    /// Asks for a code of an authenticator app besides the password; prints the app's secret this once
    Totp {
        /// Name or object id
        name: String,
        /// Ask for no code any more
        #[arg(long)]
        off: bool,
    },
    /// Ends all sign-ins of a user
    SignOut {
        /// Name or object id
        name: String,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| act(client, options.verb).await)
}

async fn act(client: &OperatorClient, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, display_name, password_stdin } => {
            create(client, &name, display_name, password_stdin).await
        }
        Verb::List => {
            let all = client.all("/graph/v1.0/users?$top=999").await?;
            Ok(Told::sorted(all.iter().map(shown).collect()))
        }
        Verb::Show { name } => {
            Ok(Told::one(shown(&client.get(&client.user_path(&name).await?).await?)))
        }
        Verb::Delete { name, confirm } => {
            let (path, name) = find(client, &name).await?;
            confirm.ask(&format!("delete the user {name}"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("deleted the user {name}")))
        }
        Verb::Password { name, password_stdin } => password(client, &name, password_stdin).await,
        Verb::Enable { name } => enable(client, &name, true).await,
        Verb::Disable { name } => enable(client, &name, false).await,
        Verb::Totp { name, off } => totp(client, &name, off).await,
        Verb::SignOut { name } => {
            let found = client.get(&client.user_path(&name).await?).await?;
            let id = found["id"].as_str().unwrap_or_default();
            client.post(&format!("/graph/gantry/principals/{id}/signOut"), &json!({})).await?;
            Ok(Told::done(format!("signed {} out everywhere", named(&found))))
        }
    }
}

async fn create(
    client: &OperatorClient,
    name: &str,
    display_name: Option<String>,
    password_stdin: bool,
) -> anyhow::Result<Told> {
    let name = client.whereabouts().await?.user_name(name);
    let mut wanted = json!({ "userPrincipalName": name, "accountEnabled": true });
    if let Some(display_name) = display_name {
        wanted["displayName"] = json!(display_name);
    }
    if password_stdin {
        wanted["passwordProfile"] = json!({ "password": password_from_stdin()? });
    }
    let made = client.post("/graph/v1.0/users", &wanted).await?;
    let mut row = shown(&made);
    Ok(match &made["passwordProfile"]["password"] {
        Value::String(password) => {
            row.0.push(("password", json!(password)));
            Told::one(row).saying("the password is shown this once")
        }
        _ => Told::one(row),
    })
}

async fn password(client: &OperatorClient, name: &str, stdin: bool) -> anyhow::Result<Told> {
    let (path, name) = find(client, name).await?;
    let password = match stdin {
        true => password_from_stdin()?,
        false => Generated::secret().expose().to_owned(),
    };
    client.patch(&path, &json!({ "passwordProfile": { "password": password } })).await?;
    Ok(match stdin {
        true => Told::done(format!("set the password of {name}, and signed them out everywhere")),
        false => Told::one(row! { "name": name, "password": password }).saying(
            "the password is shown this once; whoever was signed in with another is signed out",
        ),
    })
}

async fn enable(client: &OperatorClient, name: &str, enabled: bool) -> anyhow::Result<Told> {
    let (path, name) = find(client, name).await?;
    client.patch(&path, &json!({ "accountEnabled": enabled })).await?;
    let done = if enabled { "enabled" } else { "disabled" };
    Ok(Told::done(format!("{done} the user {name}")))
}

async fn totp(client: &OperatorClient, name: &str, off: bool) -> anyhow::Result<Told> {
    let (_, name) = find(client, name).await?;
    let path = format!("/graph/gantry/users/{}/totp", segment(&name));
    if off {
        client.delete(&path).await?;
        return Ok(Told::done(format!("{name} signs in with the password alone")));
    }
    let made = client.post(&path, &json!({})).await?;
    let row = row! { "name": name, "secret": made["secret"], "address": made["address"] };
    Ok(Told::one(row).saying(
        "from now on a code is asked for; the secret for the authenticator app is shown this once",
    ))
}

/// The user's address and name.
async fn find(client: &OperatorClient, user: &str) -> anyhow::Result<(String, String)> {
    let path = client.user_path(user).await?;
    let name = named(&client.get(&path).await?);
    Ok((path, name))
}

fn named(user: &Value) -> String {
    user["userPrincipalName"].as_str().unwrap_or_default().to_owned()
}

fn shown(user: &Value) -> Row {
    row! {
        "name": user["userPrincipalName"],
        "displayName": user["displayName"],
        "enabled": user["accountEnabled"],
        "createdAt": user["createdDateTime"],
        "id": user["id"],
    }
}
