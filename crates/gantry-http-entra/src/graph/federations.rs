//! `applications/{id}/federatedIdentityCredentials`: whose tokens an application signs in with.

use axum::body::Body;
use gantry_arm::Guid;
use gantry_model::directory::{Application, FederatedCredential};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Graph;
use super::body::text;
use super::error::GraphError;
use super::list::ListQuery;
use super::reply::Reply;

/// Entra's own bounds.
const LONGEST: usize = 600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Created {
    name: String,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changed {
    /// It can't be changed, but may be sent.
    name: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    audiences: Option<Vec<String>>,
    description: Option<String>,
}

impl Graph<'_> {
    pub(super) async fn federations(
        &self,
        application: &Application,
        method: &str,
        path: &[&str],
        body: Body,
    ) -> Result<Reply, GraphError> {
        let directory = self.directory();
        match (method, path) {
            ("GET", []) => {
                let query = ListQuery::of(self)?;
                query.check_no_filter()?;
                let all = directory.list_federations(application.id).await?;
                let objects = all.iter().map(shape).collect();
                query.reply(self, "federatedIdentityCredentials", objects, None)
            }
            ("POST", []) => {
                let asked: Created = self.read(body).await?;
                let made = FederatedCredential {
                    id: gantry_directory::new_id(),
                    name: text("name", asked.name)?,
                    issuer: asked.issuer,
                    subject: asked.subject,
                    audiences: asked.audiences,
                    description: asked.description,
                };
                check(&made)?;
                directory.add_federation(application.id, made.clone()).await?;
                Ok(Reply::Created(self.entity("federatedIdentityCredentials", shape(&made))))
            }
            ("GET", [key]) => {
                let found = self.federation(application, key).await?;
                Ok(Reply::Found(self.entity("federatedIdentityCredentials", shape(&found))))
            }
            ("PATCH", [key]) => {
                let mut found = self.federation(application, key).await?;
                let asked: Changed = self.read(body).await?;
                if asked.name.is_some_and(|name| name != found.name) {
                    return Err(GraphError::unsupported("Another name of a federated credential"));
                }
                found.issuer = asked.issuer.unwrap_or(found.issuer);
                found.subject = asked.subject.unwrap_or(found.subject);
                found.audiences = asked.audiences.unwrap_or(found.audiences);
                found.description = asked.description.or(found.description);
                check(&found)?;
                directory.update_federation(application.id, found).await?;
                Ok(Reply::Done)
            }
            ("DELETE", [key]) => {
                let found = self.federation(application, key).await?;
                directory.remove_federation(application.id, found.id).await?;
                Ok(Reply::Done)
            }
            _ => Err(GraphError::no_segment(path.last().copied().unwrap_or_default())),
        }
    }

    /// By id or name.
    async fn federation(
        &self,
        application: &Application,
        key: &str,
    ) -> Result<FederatedCredential, GraphError> {
        let key = key.strip_prefix("name=").unwrap_or(key);
        let id = key.parse::<Guid>().ok();
        let all = self.directory().list_federations(application.id).await?;
        let found = all.into_iter().find(|one| id == Some(one.id) || one.name == key);
        found.ok_or_else(|| GraphError::missing(key))
    }
}

/// Its issuer will be asked for keys; who may be asked is decided when it is.
fn check(credential: &FederatedCredential) -> Result<(), GraphError> {
    let is_address = |text: &str| Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    let fits = |text: &str| !text.trim().is_empty() && text.len() <= LONGEST;
    if !fits(&credential.issuer) || !is_address(&credential.issuer) {
        return Err(GraphError::bad("issuer must be an https address."));
    }
    if !fits(&credential.subject) {
        return Err(GraphError::bad(format!("subject has 1 to {LONGEST} bytes.")));
    }
    if credential.description.as_deref().is_some_and(|words| words.len() > LONGEST) {
        return Err(GraphError::bad(format!("description has at most {LONGEST} bytes.")));
    }
    match credential.audiences.as_slice() {
        [one] if fits(one) => Ok(()),
        _ => Err(GraphError::bad("audiences must have one entry.")),
    }
}

fn shape(credential: &FederatedCredential) -> Value {
    json!({
        "id": credential.id,
        "name": credential.name,
        "issuer": credential.issuer,
        "subject": credential.subject,
        "audiences": credential.audiences,
        "description": credential.description,
    })
}
