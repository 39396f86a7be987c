//! What people call things, found.

use anyhow::{bail, ensure};
use gantry_arm::Guid;
use serde_json::Value;

use super::{OperatorClient, segment};
use crate::serving::control::{KnownRegistry, Whereabouts};

impl Whereabouts {
    /// The resource id of the subscription, for whoever has a role in it.
    pub(crate) fn subscription(&self) -> anyhow::Result<&str> {
        ensure!(!self.subscription.is_empty(), "you have no role on this server");
        Ok(&self.subscription)
    }

    /// The registry of that name, or the default one.
    pub(crate) fn registry(&self, name: Option<&str>) -> anyhow::Result<&KnownRegistry> {
        let is_it = |one: &&KnownRegistry| match name {
            Some(name) => one.name.eq_ignore_ascii_case(name),
            None => one.is_default,
        };
        let hidden = if self.is_whole { "" } else { ", or no role shows it to you" };
        let missing = || match name {
            Some(name) => anyhow::anyhow!("there is no registry {name}{hidden}"),
            None => {
                anyhow::anyhow!("there is no default registry{hidden}: name one with --registry")
            }
        };
        self.registries.iter().find(is_it).ok_or_else(missing)
    }
}

impl OperatorClient {
    /// The address of the user: by id, by name, or by the part of the name before the `@`.
    pub(crate) async fn user_path(&self, user: &str) -> anyhow::Result<String> {
        let name = match is_id(user) {
            true => user.to_owned(),
            false => self.whereabouts().await?.user_name(user),
        };
        Ok(format!("/graph/v1.0/users/{}", segment(&name)))
    }

    /// The group of that id or name.
    pub(crate) async fn group(&self, group: &str) -> anyhow::Result<Value> {
        if is_id(group) {
            return self.get(&format!("/graph/v1.0/groups/{group}")).await;
        }
        one(self.called("groups", group).await?, "group", group)
    }

    /// The application of that application id, object id or name.
    pub(crate) async fn application(&self, app: &str) -> anyhow::Result<Value> {
        if is_id(app) {
            let by_app_id = format!("/graph/v1.0/applications(appId='{app}')");
            return match self.find(&by_app_id).await? {
                Some(found) => Ok(found),
                None => self.get(&format!("/graph/v1.0/applications/{app}")).await,
            };
        }
        one(self.called("applications", app).await?, "application", app)
    }

    /// Who acts for the application, if someone does.
    pub(crate) async fn service_principal(&self, app_id: &str) -> anyhow::Result<Option<Value>> {
        self.find(&format!("/graph/v1.0/servicePrincipals(appId='{}')", segment(app_id))).await
    }

    /// The managed identity of that object id, client id or name.
    pub(crate) async fn identity(&self, identity: &str) -> anyhow::Result<Value> {
        let path = |id: &str| format!("/graph/gantry/identities/{}", segment(id));
        if !is_id(identity) {
            let mut found = self.called("servicePrincipals", identity).await?;
            found.retain(|one| one["servicePrincipalType"] == "ManagedIdentity");
            let found = one(found, "managed identity", identity)?;
            return self.get(&path(found["id"].as_str().unwrap_or_default())).await;
        }
        if let Some(found) = self.find(&path(identity)).await? {
            return Ok(found);
        }
        let behind = self.service_principal(identity).await?;
        let id = behind.as_ref().and_then(|found| found["id"].as_str()).unwrap_or(identity);
        self.get(&path(id)).await
    }

    /// Whoever roles may be assigned to: a user by name, an application by its id, an identity, a
    /// group, by name or object id.
    pub(crate) async fn principal(&self, who: &str) -> anyhow::Result<Value> {
        if is_id(who) {
            let found = self.find(&format!("/graph/v1.0/directoryObjects/{who}")).await?;
            let app_id = match &found {
                Some(found) if found["@odata.type"] == "#microsoft.graph.application" => {
                    found["appId"].as_str().unwrap_or(who).to_owned()
                }
                Some(_) => return Ok(found.unwrap_or_default()),
                None => who.to_owned(),
            };
            return match self.service_principal(&app_id).await? {
                Some(found) => Ok(found),
                None => bail!("nobody has the id {who}"),
            };
        }
        let user = self.find(&self.user_path(who).await?).await?;
        if who.contains('@') {
            return user.ok_or_else(|| anyhow::anyhow!("there is no user {who}"));
        }
        let mut found: Vec<Value> = user.into_iter().collect();
        found.extend(self.called("groups", who).await?);
        found.extend(self.called("servicePrincipals", who).await?);
        one(found, "user, group, application or managed identity", who)
    }

    /// The objects of a set that are called so.
    async fn called(&self, set: &str, name: &str) -> anyhow::Result<Vec<Value>> {
        let filter = segment(&format!("displayName eq {}", quoted(name)));
        self.all(&format!("/graph/v1.0/{set}?$filter={filter}")).await
    }
}

impl Whereabouts {
    /// A user's whole name: one without a domain is of ours.
    pub(crate) fn user_name(&self, name: &str) -> String {
        match name.contains('@') {
            true => name.to_owned(),
            false => format!("{name}@{}", self.domain),
        }
    }
}

/// What an object of the directory is called: a user by what they sign in with.
pub(crate) fn called(object: &Value) -> String {
    let name = object["userPrincipalName"].as_str().or(object["displayName"].as_str());
    name.unwrap_or_default().to_owned()
}

/// Whether the text is an object's id.
pub(crate) fn is_id(text: &str) -> bool {
    text.parse::<Guid>().is_ok()
}

/// A text in a filter.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The only one found.
fn one(mut found: Vec<Value>, what: &str, name: &str) -> anyhow::Result<Value> {
    ensure!(found.len() < 2, "{} are called {name}: name one by its id: {}", found.len(), {
        let ids = found.iter().filter_map(|one| one["appId"].as_str().or(one["id"].as_str()));
        ids.collect::<Vec<_>>().join(", ")
    });
    found.pop().ok_or_else(|| anyhow::anyhow!("there is no {what} called {name}"))
}
