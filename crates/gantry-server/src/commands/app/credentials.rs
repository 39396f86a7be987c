//! What an application signs in with.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};

use super::super::operator::{Confirm, OperatorClient, Row, Told, row, segment};
use super::{asked_secret, named, path};
use crate::config::duration;

/// Whom tokens are for that applications sign in with, unless somebody says otherwise.
const EXCHANGE: &str = "api://AzureADTokenExchange";

#[derive(Debug, Subcommand)]
pub(super) enum SecretVerb {
    /// Makes a secret, and prints it this once
    Add {
        /// Application id, object id or name
        app: String,
        /// What the secret is called
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// When it ends, such as 90d [default: after a year]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
    },
    /// Lists an application's secrets, without their texts
    List {
        /// Application id, object id or name
        app: String,
    },
    /// Removes a secret
    Remove {
        /// Application id, object id or name
        app: String,
        /// The secret's id, as `list` shows it
        id: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CertificateVerb {
    /// Adds a certificate, whose key the application has
    Add {
        /// Application id, object id or name
        app: String,
        /// The certificate, in PEM form
        file: PathBuf,
        /// What it is called
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// Lists an application's certificates
    List {
        /// Application id, object id or name
        app: String,
    },
    /// Removes a certificate
    Remove {
        /// Application id, object id or name
        app: String,
        /// The certificate's id, as `list` shows it
        id: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum FederationVerb {
    /// Lets an application sign in with the tokens that an issuer makes about a subject
    Add {
        /// Application id, object id or name
        app: String,
        /// What that is called
        #[arg(long)]
        name: String,
        /// Who makes the tokens, such as `https://token.actions.githubusercontent.com`
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// Whom they are about, such as repo:contoso/app:ref:refs/heads/main
        #[arg(long, value_name = "TEXT")]
        subject: String,
        /// Whom they are for
        #[arg(long, value_name = "TEXT", default_value = EXCHANGE)]
        audience: String,
    },
    /// Lists whose tokens an application signs in with
    List {
        /// Application id, object id or name
        app: String,
    },
    /// Takes no tokens of that kind any more
    Remove {
        /// Application id, object id or name
        app: String,
        /// Its name or id, as `list` shows it
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn secret(client: &OperatorClient, verb: SecretVerb) -> anyhow::Result<Told> {
    match verb {
        SecretVerb::Add { app, name, expires_in } => {
            let app = client.application(&app).await?;
            let wanted = json!({ "passwordCredential": asked_secret(name, expires_in) });
            let made = client.post(&format!("{}/addPassword", path(&app)), &wanted).await?;
            let row = row! {
                "appId": app["appId"],
                "id": made["keyId"],
                "name": made["displayName"],
                "secret": made["secretText"],
                "endsAt": made["endDateTime"],
            };
            Ok(Told::one(row).saying("the secret is shown this once"))
        }
        SecretVerb::List { app } => {
            let app = client.application(&app).await?;
            Ok(Told::many(credentials(&app, "passwordCredentials", true)))
        }
        SecretVerb::Remove { app, id, confirm } => {
            let app = client.application(&app).await?;
            confirm.ask(&format!("remove a secret of the application {}", named(&app)))?;
            let wanted = json!({ "keyId": id });
            client.post(&format!("{}/removePassword", path(&app)), &wanted).await?;
            Ok(Told::done(format!("removed a secret of the application {}", named(&app))))
        }
    }
}

pub(super) async fn certificate(
    client: &OperatorClient,
    verb: CertificateVerb,
) -> anyhow::Result<Told> {
    match verb {
        CertificateVerb::Add { app, file, name } => {
            let app = client.application(&app).await?;
            let text = std::fs::read_to_string(&file);
            let text = text.with_context(|| format!("reading {}", file.display()))?;
            let before = kept(&app, |_| true);
            let mut sent = before.clone();
            sent.push(json!({
                "key": text,
                "displayName": name,
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
            }));
            client.patch(&path(&app), &json!({ "keyCredentials": sent })).await?;
            let after = client.get(&path(&app)).await?;
            let is_new = |row: &Row| !before.iter().any(|old| Some(&old["keyId"]) == id_of(row));
            let added = credentials(&after, "keyCredentials", false).into_iter().find(is_new);
            Ok(added.map_or_else(|| Told::done("it was there already"), Told::one))
        }
        CertificateVerb::List { app } => {
            let app = client.application(&app).await?;
            Ok(Told::many(credentials(&app, "keyCredentials", false)))
        }
        CertificateVerb::Remove { app, id, confirm } => {
            let app = client.application(&app).await?;
            let name = named(&app);
            let sent =
                kept(&app, |key| key.as_str().is_none_or(|key| !key.eq_ignore_ascii_case(&id)));
            let there = kept(&app, |_| true).len();
            anyhow::ensure!(sent.len() < there, "the application {name} has no certificate {id}");
            confirm.ask(&format!("remove a certificate of the application {name}"))?;
            client.patch(&path(&app), &json!({ "keyCredentials": sent })).await?;
            Ok(Told::done(format!("removed a certificate of the application {name}")))
        }
    }
}

pub(super) async fn federation(
    client: &OperatorClient,
    verb: FederationVerb,
) -> anyhow::Result<Told> {
    let at = |app: &Value| format!("{}/federatedIdentityCredentials", path(app));
    match verb {
        FederationVerb::Add { app, name, issuer, subject, audience } => {
            let app = client.application(&app).await?;
            let wanted = json!({
                "name": name, "issuer": issuer, "subject": subject, "audiences": [audience],
            });
            Ok(Told::one(federated(&client.post(&at(&app), &wanted).await?)))
        }
        FederationVerb::List { app } => {
            let app = client.application(&app).await?;
            Ok(Told::many(client.all(&at(&app)).await?.iter().map(federated).collect()))
        }
        FederationVerb::Remove { app, name, confirm } => {
            let app = client.application(&app).await?;
            let path = format!("{}/{}", at(&app), segment(&name));
            client.get(&path).await?;
            let what = format!("the federation {name} of the application {}", named(&app));
            confirm.ask(&format!("remove {what}"))?;
            client.delete(&path).await?;
            Ok(Told::done(format!("removed {what}")))
        }
    }
}

/// The certificates that stay, as they are sent back.
fn kept(app: &Value, stays: impl Fn(&Value) -> bool) -> Vec<Value> {
    let keys = app["keyCredentials"].as_array().into_iter().flatten();
    keys.map(|key| &key["keyId"]).filter(|id| stays(id)).map(|id| json!({ "keyId": id })).collect()
}

fn id_of(row: &Row) -> Option<&Value> {
    row.0.iter().find(|(name, _)| *name == "id").map(|(_, id)| id)
}

fn credentials(app: &Value, kind: &str, with_hint: bool) -> Vec<Row> {
    let shown = |one: &Value| {
        let mut row = row! {
            "id": one["keyId"],
            "name": one["displayName"],
            "startsAt": one["startDateTime"],
            "endsAt": one["endDateTime"],
        };
        if with_hint {
            row.0.push(("beginsWith", one["hint"].clone()));
        }
        row
    };
    app[kind].as_array().into_iter().flatten().map(shown).collect()
}

fn federated(one: &Value) -> Row {
    row! {
        "name": one["name"],
        "issuer": one["issuer"],
        "subject": one["subject"],
        "audience": one["audiences"][0],
        "id": one["id"],
    }
}
