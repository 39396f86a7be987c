//! Secrets and certificates of applications.

use axum::body::Body;
use gantry_arm::Guid;
use gantry_model::directory::{Application, ApplicationCredential, Proof};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Graph;
use super::body::{text, time};
use super::error::GraphError;
use super::reply::{Reply, moment};

/// A secret that is asked for. Nobody brings their own: one that is made here can't be guessed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct PasswordCredential {
    display_name: Option<String>,
    end_date_time: Option<String>,
    start_date_time: Option<String>,
}

/// A certificate that is brought, or one that is there, by its id alone.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct KeyCredential {
    key: Option<String>,
    key_id: Option<Guid>,
    display_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    usage: Option<String>,
    // A certificate says that itself, and what was answered here comes back.
    #[serde(rename = "startDateTime")]
    _start_date_time: IgnoredAny,
    #[serde(rename = "endDateTime")]
    _end_date_time: IgnoredAny,
    #[serde(rename = "customKeyIdentifier")]
    _custom_key_identifier: IgnoredAny,
    #[serde(rename = "@odata.type")]
    _odata_type: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddPassword {
    #[serde(default)]
    password_credential: Option<PasswordCredential>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RemovePassword {
    key_id: Guid,
}

impl Graph<'_> {
    /// An application's secrets, and its certificates.
    pub(super) async fn credentials(
        &self,
        application: Guid,
    ) -> Result<(Vec<Value>, Vec<Value>), GraphError> {
        let (mut passwords, mut keys) = (Vec::new(), Vec::new());
        for credential in self.directory().list_credentials(application).await? {
            match &credential.proof {
                Proof::Secret { hint, .. } => passwords.push(password(&credential, hint)),
                Proof::Certificate { .. } => keys.push(key(&credential)),
            }
        }
        Ok((passwords, keys))
    }

    pub(super) async fn add_password(
        &self,
        application: &Application,
        body: Body,
    ) -> Result<Reply, GraphError> {
        let AddPassword { password_credential } = self.read(body).await?;
        let mut made =
            self.new_secret(application, password_credential.unwrap_or_default()).await?;
        made["@odata.context"] = json!(self.context("microsoft.graph.passwordCredential"));
        Ok(Reply::Found(made))
    }

    /// Makes a secret; its text is in the answer.
    pub(super) async fn new_secret(
        &self,
        application: &Application,
        asked: PasswordCredential,
    ) -> Result<Value, GraphError> {
        let name = asked.display_name.map(|name| text("displayName", name)).transpose()?;
        let ends_at = asked.end_date_time.map(|text| time("endDateTime", &text)).transpose()?;
        let starts_at =
            asked.start_date_time.map(|text| time("startDateTime", &text)).transpose()?;
        // It is good from now on; a client's clock may be a little ahead.
        let soon = self.call.now().plus(std::time::Duration::from_secs(300));
        if starts_at.is_some_and(|starts_at| starts_at > soon) {
            return Err(GraphError::unsupported("startDateTime in the future"));
        }
        let made = self.directory().add_secret(application.id, name, ends_at).await?;
        let hint: String = made.text.expose().chars().take(3).collect();
        let mut object = password(&made.credential, &hint);
        object["secretText"] = json!(made.text.expose());
        Ok(object)
    }

    pub(super) async fn remove_password(
        &self,
        application: &Application,
        body: Body,
    ) -> Result<Reply, GraphError> {
        let RemovePassword { key_id } = self.read(body).await?;
        let credentials = self.directory().list_credentials(application.id).await?;
        let is_it = |one: &ApplicationCredential| {
            one.id == key_id && matches!(one.proof, Proof::Secret { .. })
        };
        if !credentials.iter().any(is_it) {
            return Err(GraphError::bad(format!("No credentials found to be removed: {key_id}.")));
        }
        self.directory().remove_credential(application.id, key_id).await?;
        Ok(Reply::Done)
    }

    /// Makes the certificates those that are sent: new ones are added, and those that aren't sent any
    /// more are removed.
    pub(super) async fn set_certificates(
        &self,
        application: &Application,
        sent: Option<Vec<KeyCredential>>,
    ) -> Result<(), GraphError> {
        let Some(sent) = sent else { return Ok(()) };
        let present = self.directory().list_credentials(application.id).await?;
        let present: Vec<Guid> = present
            .iter()
            .filter(|one| matches!(one.proof, Proof::Certificate { .. }))
            .map(|one| one.id)
            .collect();
        let mut kept = Vec::new();
        for one in &sent {
            one.check()?;
            match (&one.key, one.key_id.filter(|id| present.contains(id))) {
                (_, Some(id)) => kept.push(id),
                (Some(_), None) => {}
                (None, None) => return Err(GraphError::bad("A keyCredential has no key.")),
            }
        }
        for one in sent {
            if one.key_id.is_some_and(|id| kept.contains(&id)) {
                continue;
            }
            let name = one.display_name.map(|name| text("displayName", name)).transpose()?;
            let certificate = one.key.unwrap_or_default();
            self.directory().add_certificate(application.id, name, &certificate).await?;
        }
        for id in present.into_iter().filter(|id| !kept.contains(id)) {
            self.directory().remove_credential(application.id, id).await?;
        }
        Ok(())
    }
}

impl KeyCredential {
    fn check(&self) -> Result<(), GraphError> {
        if self.kind.as_deref().is_some_and(|kind| kind != "AsymmetricX509Cert") {
            return Err(GraphError::unsupported(
                "A keyCredential of a type but AsymmetricX509Cert",
            ));
        }
        if self.usage.as_deref().is_some_and(|usage| usage != "Verify") {
            return Err(GraphError::unsupported("A keyCredential of a usage but Verify"));
        }
        Ok(())
    }
}

fn password(credential: &ApplicationCredential, hint: &str) -> Value {
    json!({
        "keyId": credential.id,
        "displayName": credential.display_name,
        "hint": hint,
        "secretText": null,
        "customKeyIdentifier": null,
        "startDateTime": moment(credential.starts_at),
        "endDateTime": moment(credential.ends_at),
    })
}

fn key(credential: &ApplicationCredential) -> Value {
    json!({
        "keyId": credential.id,
        "displayName": credential.display_name,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": null,
        "customKeyIdentifier": null,
        "startDateTime": moment(credential.starts_at),
        "endDateTime": moment(credential.ends_at),
    })
}
