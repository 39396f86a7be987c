//! `users`.

use axum::body::Body;
use gantry_access::DbError;
use gantry_arm::{Field, Guid, Term};
use gantry_directory::{Directory, NewUser, Page};
use gantry_model::directory::{User, UserPrincipalName};
use gantry_oci::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Graph;
use super::body::text;
use super::error::GraphError;
use super::list::{Listed, same, starts};
use super::reply::{Reply, moment};

/// How many of one name are looked at.
const MOST_OF_ONE_NAME: usize = 999;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Created {
    user_principal_name: String,
    display_name: Option<String>,
    account_enabled: Option<bool>,
    password_profile: Option<PasswordProfile>,
    #[serde(default, rename = "mailNickname")]
    _mail_nickname: IgnoredAny,
    #[serde(default, rename = "userType")]
    _user_type: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changed {
    display_name: Option<String>,
    account_enabled: Option<bool>,
    password_profile: Option<PasswordProfile>,
    #[serde(default, rename = "mailNickname")]
    _mail_nickname: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordProfile {
    password: Option<String>,
    #[serde(default)]
    force_change_password_next_sign_in: Option<bool>,
    #[serde(default)]
    force_change_password_next_sign_in_with_mfa: Option<bool>,
}

impl PasswordProfile {
    fn password(self) -> Result<Option<Secret>, GraphError> {
        let forced = self.force_change_password_next_sign_in == Some(true)
            || self.force_change_password_next_sign_in_with_mfa == Some(true);
        match forced {
            true => Err(GraphError::unsupported("forceChangePasswordNextSignIn")),
            false => Ok(self.password.map(Secret::new)),
        }
    }
}

impl Graph<'_> {
    /// The user of that id or name.
    pub(super) async fn user(&self, key: &str) -> Result<User, GraphError> {
        let found = match (key.parse::<Guid>(), key.parse::<UserPrincipalName>()) {
            (Ok(id), _) => self.directory().find_user(id).await?,
            (_, Ok(name)) => self.directory().find_user_by_name(&name).await?,
            _ => None,
        };
        found.ok_or_else(|| GraphError::missing(key))
    }

    pub(super) async fn show_user(&self, key: &str) -> Result<Reply, GraphError> {
        Ok(Reply::Found(self.entity("users", shape(&self.user(key).await?))))
    }

    /// A password that nobody gave is made, and answered this once.
    pub(super) async fn create_user(&self, body: Body) -> Result<Reply, GraphError> {
        let asked: Created = self.read(body).await?;
        let name = asked.user_principal_name.parse();
        let name = name.map_err(|error: gantry_model::directory::UserPrincipalNameError| {
            GraphError::bad(crate::error::sentence(&error.to_string()))
        })?;
        let display_name = asked.display_name.map(|name| text("displayName", name)).transpose()?;
        let password = asked.password_profile.map(PasswordProfile::password).transpose()?;
        let new = NewUser {
            name,
            display_name,
            password: password.flatten(),
            enabled: asked.account_enabled.unwrap_or(true),
        };
        let (user, generated) = self.directory().create_user(new).await?;
        let mut object = shape(&user);
        if let Some(password) = generated {
            object["passwordProfile"] = json!({ "password": password.expose() });
        }
        Ok(Reply::Created(self.entity("users", object)))
    }

    pub(super) async fn change_user(&self, key: &str, body: Body) -> Result<Reply, GraphError> {
        let user = self.user(key).await?;
        let asked: Changed = self.read(body).await?;
        let display_name = asked.display_name.map(|name| text("displayName", name)).transpose()?;
        let password = asked.password_profile.map(PasswordProfile::password).transpose()?;
        if let Some(password) = password.flatten() {
            self.directory().set_user_password(user.id, Some(password)).await?;
        }
        if display_name.is_some() || asked.account_enabled.is_some() {
            self.directory().update_user(user.id, display_name, asked.account_enabled).await?;
        }
        Ok(Reply::Done)
    }

    pub(super) async fn delete_user(&self, key: &str) -> Result<Reply, GraphError> {
        let user = self.user(key).await?;
        self.directory().delete_user(user.id).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn revoke_sessions(&self, key: &str) -> Result<Reply, GraphError> {
        self.directory().sign_out(self.user(key).await?.id).await?;
        Ok(Reply::Found(json!({ "@odata.context": self.context("Edm.Boolean"), "value": true })))
    }
}

impl Listed for User {
    const SET: &'static str = "users";

    fn id(&self) -> Guid {
        self.id
    }

    async fn page(directory: &Directory, after: &str, limit: usize) -> Result<Page<Self>, DbError> {
        directory.list_users(after, limit).await
    }

    async fn find(directory: &Directory, term: &Term) -> Result<Option<Vec<Self>>, DbError> {
        Ok(match term {
            Term::Equals(Field::UserPrincipalName | Field::Mail, name) => {
                Some(match name.parse() {
                    Ok(name) => directory.find_user_by_name(&name).await?.into_iter().collect(),
                    Err(_) => Vec::new(),
                })
            }
            Term::Equals(Field::DisplayName, name) => {
                Some(directory.find_users_called(name, MOST_OF_ONE_NAME).await?)
            }
            _ => None,
        })
    }

    fn fits(&self, term: &Term) -> Option<bool> {
        match term {
            Term::Equals(Field::UserPrincipalName | Field::Mail, name) => {
                Some(same(self.name.as_str(), name))
            }
            Term::Equals(Field::DisplayName, name) => Some(*self.display_name == **name),
            Term::Equals(Field::MailNickname, name) => Some(same(nickname(self), name)),
            Term::StartsWith(Field::UserPrincipalName | Field::Mail, name) => {
                Some(starts(self.name.as_str(), name))
            }
            Term::StartsWith(Field::DisplayName, name) => Some(starts(&self.display_name, name)),
            _ => None,
        }
    }

    fn knows(term: &Term) -> bool {
        matches!(
            term,
            Term::Equals(
                Field::UserPrincipalName | Field::Mail | Field::DisplayName | Field::MailNickname,
                _
            ) | Term::StartsWith(Field::UserPrincipalName | Field::Mail | Field::DisplayName, _)
        )
    }

    async fn shape(&self, _: &Graph<'_>) -> Result<Value, GraphError> {
        Ok(shape(self))
    }
}

/// What is before the `@`.
fn nickname(user: &User) -> &str {
    user.name.as_str().split('@').next().unwrap_or_default()
}

/// As Graph has it. Users have no mailbox: their mail is what they sign in with.
pub(super) fn shape(user: &User) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.user",
        "id": user.id,
        "userPrincipalName": user.name.as_str(),
        "displayName": user.display_name,
        "mail": user.name.as_str(),
        "mailNickname": nickname(user),
        "accountEnabled": user.enabled,
        "userType": "Member",
        "createdDateTime": moment(user.created_at),
        "businessPhones": [],
        "givenName": null,
        "jobTitle": null,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": null,
    })
}
