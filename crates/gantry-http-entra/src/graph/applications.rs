//! `applications`.

use axum::body::Body;
use gantry_access::DbError;
use gantry_arm::{Field, Guid, Term};
use gantry_directory::sign_in::is_sound_redirect;
use gantry_directory::{Audience, Directory, Page};
use gantry_model::directory::{Application, ApplicationDetails};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Graph;
use super::body::text;
use super::credentials::{KeyCredential, PasswordCredential};
use super::error::GraphError;
use super::list::{Listed, same, starts};
use super::reply::{Reply, moment};

const MOST_OF_ONE_NAME: usize = 999;
/// Entra's own bounds.
const MOST_ADDRESSES: usize = 256;
const LONGEST_ADDRESS: usize = 256;

/// What is sent of an application; when it is changed, what isn't sent stays.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Sent {
    display_name: Option<String>,
    identifier_uris: Option<Vec<String>>,
    web: Option<Web>,
    public_client: Option<PublicClient>,
    is_fallback_public_client: Option<bool>,
    password_credentials: Option<Vec<PasswordCredential>>,
    key_credentials: Option<Vec<KeyCredential>>,
    sign_in_audience: Option<String>,
    // Nobody is asked for consent, so it makes no difference which permissions are wanted; tokens are
    // of one version; and the rest is for people.
    #[serde(rename = "requiredResourceAccess")]
    _required_resource_access: IgnoredAny,
    #[serde(rename = "api")]
    _api: IgnoredAny,
    #[serde(rename = "serviceManagementReference")]
    _service_management_reference: IgnoredAny,
    #[serde(rename = "tags")]
    _tags: IgnoredAny,
    #[serde(rename = "notes")]
    _notes: IgnoredAny,
    #[serde(rename = "description")]
    _description: IgnoredAny,
    #[serde(rename = "info")]
    _info: IgnoredAny,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Web {
    redirect_uris: Option<Vec<String>>,
    implicit_grant_settings: Option<ImplicitGrant>,
    #[serde(rename = "homePageUrl")]
    _home_page_url: IgnoredAny,
    #[serde(rename = "redirectUriSettings")]
    _redirect_uri_settings: IgnoredAny,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ImplicitGrant {
    enable_access_token_issuance: Option<bool>,
    enable_id_token_issuance: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct PublicClient {
    redirect_uris: Option<Vec<String>>,
}

impl Sent {
    /// Refuses what can't be, and what there isn't.
    fn check(&self) -> Result<(), GraphError> {
        if self.sign_in_audience.as_deref().is_some_and(|audience| audience != "AzureADMyOrg") {
            return Err(GraphError::unsupported("signInAudience other than AzureADMyOrg"));
        }
        let web = self.web.as_ref();
        let implicit = web.and_then(|web| web.implicit_grant_settings.as_ref());
        if implicit.is_some_and(|grant| {
            grant.enable_access_token_issuance == Some(true)
                || grant.enable_id_token_issuance == Some(true)
        }) {
            return Err(GraphError::unsupported("implicitGrantSettings"));
        }
        let public = self.public_client.as_ref();
        let redirects = web.and_then(|web| web.redirect_uris.as_ref());
        let redirects = redirects.into_iter().chain(public.and_then(|p| p.redirect_uris.as_ref()));
        for list in redirects {
            check_list("redirectUris", list, is_sound_redirect)?;
        }
        if let Some(list) = &self.identifier_uris {
            // One that is Azure's own would be mistaken for it.
            let fits = |uri: &str| {
                uri.bytes().all(|byte| byte.is_ascii_graphic()) && Audience::of(uri).is_none()
            };
            check_list("identifierUris", list, fits)?;
        }
        Ok(())
    }

    fn apply(&self, details: &mut ApplicationDetails) {
        let set = |list: &mut Vec<String>, sent: Option<&Vec<String>>| {
            if let Some(sent) = sent {
                list.clone_from(sent);
            }
        };
        let web = self.web.as_ref().and_then(|web| web.redirect_uris.as_ref());
        let public = self.public_client.as_ref().and_then(|public| public.redirect_uris.as_ref());
        set(&mut details.redirect_uris, web);
        set(&mut details.public_redirect_uris, public);
        set(&mut details.identifier_uris, self.identifier_uris.as_ref());
        details.public_client = self.is_fallback_public_client.unwrap_or(details.public_client);
    }
}

fn check_list(
    property: &str,
    list: &[String],
    fits: impl Fn(&str) -> bool,
) -> Result<(), GraphError> {
    if list.len() > MOST_ADDRESSES {
        return Err(GraphError::bad(format!("{property} has more than {MOST_ADDRESSES} entries.")));
    }
    let fits = |one: &&String| !one.is_empty() && one.len() <= LONGEST_ADDRESS && fits(one);
    match list.iter().find(|one| !fits(one)) {
        Some(bad) => {
            let shown: String = bad.escape_debug().take(LONGEST_ADDRESS).collect();
            Err(GraphError::bad(format!(
                "Invalid value specified for property '{property}': {shown}"
            )))
        }
        None => Ok(()),
    }
}

impl Graph<'_> {
    /// The application of that object id, or, as `appId=…`, of that application id.
    pub(super) async fn application(&self, key: &str) -> Result<Application, GraphError> {
        let missing = || GraphError::missing(key);
        let found = match key.strip_prefix("appId=") {
            Some(app_id) => {
                let app_id = app_id.parse().map_err(|_| missing())?;
                self.directory().find_application_by_app_id(app_id).await?
            }
            None => {
                let id = key.parse().map_err(|_| missing())?;
                self.directory().find_application(id).await?
            }
        };
        found.ok_or_else(missing)
    }

    pub(super) async fn show_application(&self, key: &str) -> Result<Reply, GraphError> {
        let object = shape(self, &self.application(key).await?).await?;
        Ok(Reply::Found(self.entity("applications", object)))
    }

    /// With its secrets, which are made here and answered this once. One that can't be made whole isn't
    /// made.
    pub(super) async fn create_application(&self, body: Body) -> Result<Reply, GraphError> {
        let sent: Sent = self.read(body).await?;
        sent.check()?;
        let name = sent.display_name.clone().unwrap_or_default();
        let name = text("displayName", name)?;
        let mut details = ApplicationDetails::default();
        sent.apply(&mut details);
        let application = self.directory().create_application(name, details).await?;
        let credentials = self.add_first_credentials(&application, sent).await;
        let secrets = match credentials {
            Ok(secrets) => secrets,
            Err(error) => {
                self.directory().delete_application(application.id).await?;
                return Err(error);
            }
        };
        let mut object = shape(self, &application).await?;
        if !secrets.is_empty() {
            object["passwordCredentials"] = json!(secrets);
        }
        Ok(Reply::Created(self.entity("applications", object)))
    }

    async fn add_first_credentials(
        &self,
        application: &Application,
        sent: Sent,
    ) -> Result<Vec<Value>, GraphError> {
        self.set_certificates(application, sent.key_credentials).await?;
        let mut secrets = Vec::new();
        for asked in sent.password_credentials.unwrap_or_default() {
            secrets.push(self.new_secret(application, asked).await?);
        }
        Ok(secrets)
    }

    pub(super) async fn change_application(
        &self,
        key: &str,
        body: Body,
    ) -> Result<Reply, GraphError> {
        let application = self.application(key).await?;
        let mut sent: Sent = self.read(body).await?;
        sent.check()?;
        if sent.password_credentials.is_some() {
            let what = "passwordCredentials (use addPassword and removePassword)";
            return Err(GraphError::unsupported(what));
        }
        let name = sent.display_name.take().map(|name| text("displayName", name)).transpose()?;
        self.set_certificates(&application, sent.key_credentials.take()).await?;
        let change = move |application: &mut Application| {
            if let Some(name) = &name {
                application.display_name.clone_from(name);
            }
            sent.apply(&mut application.details);
        };
        self.directory().update_application(application.id, change).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn delete_application(&self, key: &str) -> Result<Reply, GraphError> {
        let application = self.application(key).await?;
        self.directory().delete_application(application.id).await?;
        Ok(Reply::Done)
    }
}

impl Listed for Application {
    const SET: &'static str = "applications";

    fn id(&self) -> Guid {
        self.id
    }

    async fn page(directory: &Directory, after: &str, limit: usize) -> Result<Page<Self>, DbError> {
        directory.list_applications(after, limit).await
    }

    async fn find(directory: &Directory, term: &Term) -> Result<Option<Vec<Self>>, DbError> {
        Ok(match term {
            Term::Equals(Field::AppId, app_id) => Some(match app_id.parse() {
                Ok(app_id) => {
                    directory.find_application_by_app_id(app_id).await?.into_iter().collect()
                }
                Err(_) => Vec::new(),
            }),
            Term::Equals(Field::DisplayName, name) => {
                Some(directory.find_applications_called(name, MOST_OF_ONE_NAME).await?)
            }
            _ => None,
        })
    }

    fn fits(&self, term: &Term) -> Option<bool> {
        match term {
            Term::Equals(Field::AppId, app_id) => Some(same(&self.app_id.to_string(), app_id)),
            Term::Equals(Field::DisplayName, name) => Some(*self.display_name == **name),
            Term::StartsWith(Field::DisplayName, name) => Some(starts(&self.display_name, name)),
            Term::HasIdentifierUri(uri) => {
                Some(self.details.identifier_uris.iter().any(|known| same(known, uri)))
            }
            _ => None,
        }
    }

    fn knows(term: &Term) -> bool {
        matches!(
            term,
            Term::Equals(Field::AppId | Field::DisplayName, _)
                | Term::StartsWith(Field::DisplayName, _)
                | Term::HasIdentifierUri(_)
        )
    }

    async fn shape(&self, graph: &Graph<'_>) -> Result<Value, GraphError> {
        shape(graph, self).await
    }
}

pub(super) async fn shape(
    graph: &Graph<'_>,
    application: &Application,
) -> Result<Value, GraphError> {
    let (passwords, keys) = graph.credentials(application.id).await?;
    let details = &application.details;
    Ok(json!({
        "@odata.type": "#microsoft.graph.application",
        "id": application.id,
        "appId": application.app_id,
        "displayName": application.display_name,
        "createdDateTime": moment(application.created_at),
        "signInAudience": "AzureADMyOrg",
        "publisherDomain": graph.directory().tenant().domain,
        "identifierUris": details.identifier_uris,
        "isFallbackPublicClient": details.public_client,
        "web": {
            "redirectUris": details.redirect_uris,
            "homePageUrl": null,
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": false,
                "enableIdTokenIssuance": false,
            },
        },
        "publicClient": { "redirectUris": details.public_redirect_uris },
        "passwordCredentials": passwords,
        "keyCredentials": keys,
        "requiredResourceAccess": [],
        "appRoles": [],
        "tags": [],
    }))
}
