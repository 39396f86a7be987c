//! `gantry app`

mod credentials;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::credentials::{CertificateVerb, FederationVerb, SecretVerb};
use super::operator::{Confirm, Operator, OperatorClient, Row, Told, from_now, row};
use crate::config::duration;

/// Options of `gantry app`
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    operator: Operator,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes an application that can sign in, with a secret that is printed this once
    Create {
        /// What it is called
        name: String,
        /// When its secret ends, such as 90d [default: after a year]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
        /// Make no secret: it will sign in by a certificate, or by another issuer's tokens
        #[arg(long, conflicts_with = "expires_in")]
        no_secret: bool,
    },
    /// Lists applications
    List,
    /// Shows an application
    Show {
        /// Application id, object id or name
        app: String,
    },
    /// Deletes an application, with its secrets and who acts for it
    Delete {
        /// Application id, object id or name
        app: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Lets an application sign in again
    Enable {
        /// Application id, object id or name
        app: String,
    },
    /// Lets an application sign in no more
    Disable {
        /// Application id, object id or name
        app: String,
    },
    /// The secrets that an application signs in with
    Secret {
        #[command(subcommand)]
        verb: SecretVerb,
    },
    /// The certificates that an application signs in with
    Certificate {
        #[command(subcommand)]
        verb: CertificateVerb,
    },
    /// Whose tokens an application signs in with: those of CI systems, clusters and other clouds
    Federation {
        #[command(subcommand)]
        verb: FederationVerb,
    },
}

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    options.operator.run(async |client| act(client, options.verb).await)
}

async fn act(client: &OperatorClient, verb: Verb) -> anyhow::Result<Told> {
    match verb {
        Verb::Create { name, expires_in, no_secret } => {
            let secret = (!no_secret).then(|| asked_secret(None, expires_in));
            create(client, &name, secret).await
        }
        Verb::List => {
            let all = client.all("/graph/v1.0/applications?$top=999").await?;
            Ok(Told::sorted(all.iter().map(listed).collect()))
        }
        Verb::Show { app } => show(client, &app).await,
        Verb::Delete { app, confirm } => {
            let found = client.application(&app).await?;
            let name = named(&found);
            confirm.ask(&format!("delete the application {name}"))?;
            client.delete(&path(&found)).await?;
            Ok(Told::done(format!("deleted the application {name}")))
        }
        Verb::Enable { app } => enable(client, &app, true).await,
        Verb::Disable { app } => enable(client, &app, false).await,
        Verb::Secret { verb } => credentials::secret(client, verb).await,
        Verb::Certificate { verb } => credentials::certificate(client, verb).await,
        Verb::Federation { verb } => credentials::federation(client, verb).await,
    }
}

/// What is asked for where a secret is to be made.
fn asked_secret(name: Option<String>, expires_in: Option<Duration>) -> Value {
    let mut asked = json!({});
    if let Some(name) = name {
        asked["displayName"] = json!(name);
    }
    if let Some(duration) = expires_in {
        asked["endDateTime"] = json!(from_now(duration));
    }
    asked
}

/// The application, its secret, and the service principal that acts for it: all of them or none.
async fn create(
    client: &OperatorClient,
    name: &str,
    secret: Option<Value>,
) -> anyhow::Result<Told> {
    let tenant = client.whereabouts().await?.tenant_id;
    let secrets: Vec<Value> = secret.into_iter().collect();
    let wanted = json!({ "displayName": name, "passwordCredentials": secrets });
    let made = client.post("/graph/v1.0/applications", &wanted).await?;
    let acts = json!({ "appId": made["appId"] });
    let acts = match client.post("/graph/v1.0/servicePrincipals", &acts).await {
        Ok(acts) => acts,
        Err(error) => {
            client.delete(&path(&made)).await?;
            return Err(error);
        }
    };
    let mut row = row! {
        "name": made["displayName"],
        "appId": made["appId"],
        "tenantId": tenant,
        "principalId": acts["id"],
        "id": made["id"],
    };
    let secret = &made["passwordCredentials"][0];
    if secret["secretText"].is_null() {
        return Ok(Told::one(row));
    }
    row.0.push(("secret", secret["secretText"].clone()));
    row.0.push(("secretEndsAt", secret["endDateTime"].clone()));
    Ok(Told::one(row).saying("the secret is shown this once"))
}

async fn show(client: &OperatorClient, app: &str) -> anyhow::Result<Told> {
    let found = client.application(app).await?;
    let app_id = found["appId"].as_str().unwrap_or_default();
    let acts = client.service_principal(app_id).await?.unwrap_or_default();
    let mut row = listed(&found);
    row.0.extend([
        ("enabled", acts["accountEnabled"].clone()),
        ("principalId", acts["id"].clone()),
        ("redirectUris", found["web"]["redirectUris"].clone()),
    ]);
    Ok(Told::one(row))
}

async fn enable(client: &OperatorClient, app: &str, enabled: bool) -> anyhow::Result<Told> {
    let found = client.application(app).await?;
    let (name, app_id) = (named(&found), found["appId"].as_str().unwrap_or_default());
    let acts = client.service_principal(app_id).await?;
    let acts = acts.ok_or_else(|| anyhow::anyhow!("nobody acts for the application {name}"))?;
    let path = format!("/graph/v1.0/servicePrincipals/{}", acts["id"].as_str().unwrap_or_default());
    client.patch(&path, &json!({ "accountEnabled": enabled })).await?;
    let done = if enabled { "enabled" } else { "disabled" };
    Ok(Told::done(format!("{done} the application {name}")))
}

fn path(app: &Value) -> String {
    format!("/graph/v1.0/applications/{}", app["id"].as_str().unwrap_or_default())
}

fn named(app: &Value) -> String {
    app["displayName"].as_str().unwrap_or_default().to_owned()
}

fn listed(app: &Value) -> Row {
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    row! {
        "name": app["displayName"],
        "appId": app["appId"],
        "secrets": count(&app["passwordCredentials"]),
        "certificates": count(&app["keyCredentials"]),
        "createdAt": app["createdDateTime"],
        "id": app["id"],
    }
}
