//! `groups`.

use axum::body::Body;
use gantry_access::DbError;
use gantry_arm::{Field, Guid, Term};
use gantry_directory::{Directory, Page};
use gantry_model::directory::Group;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::Graph;
use super::body::{id, text};
use super::error::GraphError;
use super::list::{ListQuery, Listed, starts};
use super::reply::{Reply, moment};

const MOST_OF_ONE_NAME: usize = 999;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Created {
    display_name: String,
    description: Option<String>,
    mail_enabled: Option<bool>,
    security_enabled: Option<bool>,
    #[serde(default)]
    group_types: Vec<String>,
    #[serde(default, rename = "mailNickname")]
    _mail_nickname: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changed {
    display_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
}

/// `null` is something else than nothing.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    #[serde(rename = "@odata.id")]
    id: String,
}

impl Graph<'_> {
    pub(super) async fn group(&self, key: &str) -> Result<Group, GraphError> {
        let found = self.directory().find_group(id(key)?).await?;
        found.ok_or_else(|| GraphError::missing(key))
    }

    pub(super) async fn show_group(&self, key: &str) -> Result<Reply, GraphError> {
        Ok(Reply::Found(self.entity("groups", shape(&self.group(key).await?))))
    }

    pub(super) async fn create_group(&self, body: Body) -> Result<Reply, GraphError> {
        let asked: Created = self.read(body).await?;
        if asked.mail_enabled == Some(true) || !asked.group_types.is_empty() {
            return Err(GraphError::unsupported("A group that is not a security group"));
        }
        if asked.security_enabled == Some(false) {
            return Err(GraphError::unsupported("securityEnabled: false"));
        }
        let name = text("displayName", asked.display_name)?;
        let description = asked.description.map(|words| text("description", words)).transpose()?;
        let group = self.directory().create_group(name, description).await?;
        Ok(Reply::Created(self.entity("groups", shape(&group))))
    }

    pub(super) async fn change_group(&self, key: &str, body: Body) -> Result<Reply, GraphError> {
        let group = self.group(key).await?;
        let asked: Changed = self.read(body).await?;
        let name = asked.display_name.map(|name| text("displayName", name)).transpose()?;
        let described = |words: Option<String>| words.map(|w| text("description", w)).transpose();
        let description = asked.description.map(described).transpose()?;
        self.directory().update_group(group.id, name, description).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn delete_group(&self, key: &str) -> Result<Reply, GraphError> {
        self.directory().delete_group(self.group(key).await?.id).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn list_members(&self, key: &str) -> Result<Reply, GraphError> {
        let query = ListQuery::of(self)?;
        query.check_no_filter()?;
        let group = self.group(key).await?;
        let members = self.directory().list_members(group.id, &query.after, query.top).await?;
        let next = members.items.last().copied().filter(|_| members.more);
        let objects = self.objects(&members.items, &[]).await?;
        query.reply(self, "directoryObjects", objects, next)
    }

    pub(super) async fn add_member(&self, key: &str, body: Body) -> Result<Reply, GraphError> {
        let group = self.group(key).await?;
        let Reference { id: reference } = self.read(body).await?;
        // `https://host/graph/v1.0/directoryObjects/{id}`, or `…/users/{id}`.
        let member = reference.rsplit('/').next().unwrap_or_default();
        match self.directory().add_member(group.id, id(member)?).await? {
            true => Ok(Reply::Done),
            false => Err(GraphError::is_member()),
        }
    }

    pub(super) async fn remove_member(&self, key: &str, member: &str) -> Result<Reply, GraphError> {
        let group = self.group(key).await?;
        self.directory().remove_member(group.id, id(member)?).await?;
        Ok(Reply::Done)
    }
}

impl Listed for Group {
    const SET: &'static str = "groups";

    fn id(&self) -> Guid {
        self.id
    }

    async fn page(directory: &Directory, after: &str, limit: usize) -> Result<Page<Self>, DbError> {
        directory.list_groups(after, limit).await
    }

    async fn find(directory: &Directory, term: &Term) -> Result<Option<Vec<Self>>, DbError> {
        Ok(match term {
            Term::Equals(Field::DisplayName, name) => {
                Some(directory.find_groups_called(name, MOST_OF_ONE_NAME).await?)
            }
            _ => None,
        })
    }

    fn fits(&self, term: &Term) -> Option<bool> {
        match term {
            Term::Equals(Field::DisplayName, name) => Some(*self.display_name == **name),
            // It isn't kept: groups have no mail. `az ad group create` asks for it besides the name, to
            // find a group that it has made before.
            Term::Equals(Field::MailNickname, _) => Some(true),
            Term::StartsWith(Field::DisplayName, name) => Some(starts(&self.display_name, name)),
            _ => None,
        }
    }

    fn knows(term: &Term) -> bool {
        matches!(
            term,
            Term::Equals(Field::DisplayName | Field::MailNickname, _)
                | Term::StartsWith(Field::DisplayName, _)
        )
    }

    async fn shape(&self, _: &Graph<'_>) -> Result<Value, GraphError> {
        Ok(shape(self))
    }
}

pub(super) fn shape(group: &Group) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.group",
        "id": group.id,
        "displayName": group.display_name,
        "description": group.description,
        "createdDateTime": moment(group.created_at),
        "groupTypes": [],
        "mail": null,
        "mailEnabled": false,
        "securityEnabled": true,
        "visibility": null,
    })
}
