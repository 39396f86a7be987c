//! `servicePrincipals`. Their credentials are those of the application behind.

use axum::body::Body;
use gantry_access::DbError;
use gantry_arm::{Field, Guid, Term};
use gantry_directory::{ApplicationError, Directory, Page};
use gantry_model::directory::{Application, ServicePrincipal, ServicePrincipalKind};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Graph;
use super::body::id;
use super::credentials::KeyCredential;
use super::error::GraphError;
use super::list::{Listed, same, starts};
use super::reply::{Reply, moment};

const MOST_OF_ONE_NAME: usize = 999;
/// How many applications are read to find one by a name of its own.
const READ: usize = 500;
const READS: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Created {
    app_id: String,
    account_enabled: Option<bool>,
    #[serde(default, rename = "tags")]
    _tags: IgnoredAny,
    #[serde(default, rename = "displayName")]
    _display_name: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changed {
    account_enabled: Option<bool>,
    key_credentials: Option<Vec<KeyCredential>>,
    #[serde(default, rename = "tags")]
    _tags: IgnoredAny,
}

impl Graph<'_> {
    /// The one of that object id, or, as `appId=…`, of that application.
    pub(super) async fn service_principal(
        &self,
        key: &str,
    ) -> Result<ServicePrincipal, GraphError> {
        let found = match key.strip_prefix("appId=") {
            Some(app_id) => self.directory().find_service_principal_by_app_id(id(app_id)?).await?,
            None => self.directory().find_service_principal(id(key)?).await?,
        };
        found.ok_or_else(|| GraphError::missing(key))
    }

    /// The application behind it; a managed identity has none.
    pub(super) async fn application_behind(&self, key: &str) -> Result<Application, GraphError> {
        let found = self.service_principal(key).await?;
        let application = self.directory().find_application_by_app_id(found.app_id).await?;
        application.ok_or_else(|| GraphError::unsupported("A credential of a managed identity"))
    }

    pub(super) async fn show_service_principal(&self, key: &str) -> Result<Reply, GraphError> {
        let object = shape(self, &self.service_principal(key).await?).await?;
        Ok(Reply::Found(self.entity("servicePrincipals", object)))
    }

    pub(super) async fn create_service_principal(&self, body: Body) -> Result<Reply, GraphError> {
        let asked: Created = self.read(body).await?;
        let no_application = || {
            GraphError::bad(format!(
                "The appId '{}' of the service principal does not reference a valid application \
                 object.",
                asked.app_id.escape_debug()
            ))
        };
        let app_id = asked.app_id.parse().map_err(|_| no_application())?;
        let made = self.directory().create_service_principal(app_id).await;
        let mut made = match made {
            Err(ApplicationError::Missing) => return Err(no_application()),
            made => made?,
        };
        if asked.account_enabled == Some(false) {
            made = self.directory().enable_service_principal(made.id, false).await?;
        }
        Ok(Reply::Created(self.entity("servicePrincipals", shape(self, &made).await?)))
    }

    pub(super) async fn change_service_principal(
        &self,
        key: &str,
        body: Body,
    ) -> Result<Reply, GraphError> {
        let found = self.service_principal(key).await?;
        let asked: Changed = self.read(body).await?;
        if asked.key_credentials.is_some() {
            let application = self.application_behind(key).await?;
            self.set_certificates(&application, asked.key_credentials).await?;
        }
        if let Some(enabled) = asked.account_enabled {
            self.directory().enable_service_principal(found.id, enabled).await?;
        }
        Ok(Reply::Done)
    }

    pub(super) async fn delete_service_principal(&self, key: &str) -> Result<Reply, GraphError> {
        let found = self.service_principal(key).await?;
        self.directory().delete_service_principal(found.id).await?;
        Ok(Reply::Done)
    }
}

impl Listed for ServicePrincipal {
    const SET: &'static str = "servicePrincipals";

    fn id(&self) -> Guid {
        self.id
    }

    async fn page(directory: &Directory, after: &str, limit: usize) -> Result<Page<Self>, DbError> {
        directory.list_service_principals(after, limit).await
    }

    async fn find(directory: &Directory, term: &Term) -> Result<Option<Vec<Self>>, DbError> {
        let app_id = match term {
            Term::Equals(Field::AppId, name) => name.parse().ok(),
            Term::HasServicePrincipalName(name) => match name.parse() {
                Ok(app_id) => Some(app_id),
                Err(_) => named(directory, name).await?,
            },
            Term::Equals(Field::DisplayName, name) => {
                return Ok(Some(
                    directory.find_service_principals_called(name, MOST_OF_ONE_NAME).await?,
                ));
            }
            _ => return Ok(None),
        };
        Ok(Some(match app_id {
            Some(app_id) => {
                directory.find_service_principal_by_app_id(app_id).await?.into_iter().collect()
            }
            None => Vec::new(),
        }))
    }

    fn fits(&self, term: &Term) -> Option<bool> {
        match term {
            Term::Equals(Field::AppId, name) | Term::HasServicePrincipalName(name) => {
                Some(same(&self.app_id.to_string(), name))
            }
            Term::Equals(Field::DisplayName, name) => Some(*self.display_name == **name),
            Term::StartsWith(Field::DisplayName, name) => Some(starts(&self.display_name, name)),
            _ => None,
        }
    }

    fn knows(term: &Term) -> bool {
        matches!(
            term,
            Term::Equals(Field::AppId | Field::DisplayName, _)
                | Term::StartsWith(Field::DisplayName, _)
                | Term::HasServicePrincipalName(_)
        )
    }

    async fn shape(&self, graph: &Graph<'_>) -> Result<Value, GraphError> {
        shape(graph, self).await
    }
}

/// The application that has this among its identifiers.
async fn named(directory: &Directory, uri: &str) -> Result<Option<Guid>, DbError> {
    let mut after = String::new();
    for _ in 0..READS {
        let Page { items, more } = directory.list_applications(&after, READ).await?;
        let is_it = |one: &&Application| one.details.identifier_uris.iter().any(|u| same(u, uri));
        if let Some(found) = items.iter().find(is_it) {
            return Ok(Some(found.app_id));
        }
        match items.last() {
            Some(last) if more => after = last.id.to_string(),
            _ => break,
        }
    }
    Ok(None)
}

pub(super) async fn shape(
    graph: &Graph<'_>,
    found: &ServicePrincipal,
) -> Result<Value, GraphError> {
    let application = graph.directory().find_application_by_app_id(found.app_id).await?;
    let (passwords, keys) = match &application {
        Some(application) => graph.credentials(application.id).await?,
        None => (Vec::new(), Vec::new()),
    };
    let mut names = application.map_or(Vec::new(), |behind| behind.details.identifier_uris);
    names.insert(0, found.app_id.to_string());
    Ok(json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": found.id,
        "appId": found.app_id,
        "displayName": found.display_name,
        "appDisplayName": found.display_name,
        "accountEnabled": found.enabled,
        "servicePrincipalType": match found.kind {
            ServicePrincipalKind::Application => "Application",
            ServicePrincipalKind::ManagedIdentity => "ManagedIdentity",
        },
        "servicePrincipalNames": names,
        "appOwnerOrganizationId": graph.directory().tenant().id,
        "createdDateTime": moment(found.created_at),
        "passwordCredentials": passwords,
        "keyCredentials": keys,
        "alternativeNames": [],
        "appRoles": [],
        "tags": [],
    }))
}
