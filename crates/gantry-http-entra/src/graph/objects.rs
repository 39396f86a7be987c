//! `directoryObjects`, and which groups an object is in.

use std::collections::HashSet;

use axum::body::Body;
use gantry_arm::Guid;
use gantry_directory::Through;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Graph;
use super::body::id;
use super::error::GraphError;
use super::list::ListQuery;
use super::reply::Reply;
use super::{groups, service_principals, users};

/// Graph's own bound.
const MOST_IDS: usize = 1000;
/// As many as a principal's roles are looked up through.
const MOST_GROUPS: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ByIds {
    ids: Vec<String>,
    /// Those that aren't kept here are nobody's.
    #[serde(default)]
    types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MemberGroups {
    /// Every group is one.
    #[serde(default, rename = "securityEnabledOnly")]
    _security_enabled_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CheckMemberGroups {
    group_ids: Vec<Guid>,
}

/// Whether an object of that kind is asked which groups it is in.
pub(super) fn is_about_groups(kind: &str, question: &str) -> bool {
    ["users", "groups", "servicePrincipals", "directoryObjects"].contains(&kind)
        && ["memberOf", "transitiveMemberOf", "getMemberGroups", "checkMemberGroups"]
            .contains(&question)
}

impl Graph<'_> {
    /// The objects of these ids that are there and of one of the types; of any, where none is named.
    pub(super) async fn objects(
        &self,
        ids: &[Guid],
        types: &[String],
    ) -> Result<Vec<Value>, GraphError> {
        let wants = |name: &str| {
            types.is_empty()
                || types.iter().any(|one| {
                    one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case("directoryObject")
                })
        };
        let mut found = Vec::new();
        for id in ids {
            found.extend(match self.object(*id).await? {
                Some((name, object)) if wants(name) => Some(object),
                _ => None,
            });
        }
        Ok(found)
    }

    async fn object(&self, id: Guid) -> Result<Option<(&'static str, Value)>, GraphError> {
        let directory = self.directory();
        if let Some(user) = directory.find_user(id).await? {
            return Ok(Some(("user", users::shape(&user))));
        }
        if let Some(found) = directory.find_service_principal(id).await? {
            let object = service_principals::shape(self, &found).await?;
            return Ok(Some(("servicePrincipal", object)));
        }
        if let Some(group) = directory.find_group(id).await? {
            return Ok(Some(("group", groups::shape(&group))));
        }
        match directory.find_application(id).await? {
            Some(application) => {
                Ok(Some(("application", super::applications::shape(self, &application).await?)))
            }
            None => Ok(None),
        }
    }

    pub(super) async fn show_object(&self, key: &str) -> Result<Reply, GraphError> {
        let found = self.object(id(key)?).await?;
        let (_, object) = found.ok_or_else(|| GraphError::missing(key))?;
        Ok(Reply::Found(self.entity("directoryObjects", object)))
    }

    pub(super) async fn objects_by_ids(&self, body: Body) -> Result<Reply, GraphError> {
        let ByIds { ids, types } = self.read(body).await?;
        if ids.len() > MOST_IDS {
            return Err(GraphError::bad(format!("ids has more than {MOST_IDS} entries.")));
        }
        // Each once, however often it is asked for.
        let mut seen = HashSet::new();
        let ids: Vec<Guid> =
            ids.iter().filter_map(|id| id.parse().ok()).filter(|id| seen.insert(*id)).collect();
        let objects = self.objects(&ids, &types).await?;
        let context = self.context("directoryObjects");
        Ok(Reply::Found(json!({ "@odata.context": context, "value": objects })))
    }

    pub(super) async fn groups_of(
        &self,
        kind: &str,
        key: &str,
        method: &str,
        question: &str,
        body: Body,
    ) -> Result<Reply, GraphError> {
        let member = match kind {
            "users" => self.user(key).await?.id,
            "groups" => self.group(key).await?.id,
            "servicePrincipals" => self.service_principal(key).await?.id,
            _ => {
                let id = id(key)?;
                self.object(id).await?.ok_or_else(|| GraphError::missing(key))?;
                id
            }
        };
        let through = match question {
            "memberOf" => Through::Nothing,
            _ => Through::Groups,
        };
        let groups = self.directory().groups_of(member, through, MOST_GROUPS).await?;
        let ids = match (method, question) {
            ("GET", "memberOf" | "transitiveMemberOf") => {
                let query = ListQuery::of(self)?;
                query.check_no_filter()?;
                let objects = self.objects(&groups, &[]).await?;
                return query.reply(self, "directoryObjects", objects, None);
            }
            ("POST", "getMemberGroups") => {
                let _: MemberGroups = self.read(body).await?;
                groups
            }
            ("POST", "checkMemberGroups") => {
                let CheckMemberGroups { group_ids } = self.read(body).await?;
                group_ids.into_iter().filter(|id| groups.contains(id)).collect()
            }
            _ => return Err(GraphError::no_segment(question)),
        };
        let context = self.context("Collection(Edm.String)");
        Ok(Reply::Found(json!({ "@odata.context": context, "value": ids })))
    }
}
