//! Groups, and who is in them.

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::directory::Group;

use crate::page::Page;
use crate::{Directory, new_id};

/// Why a group can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group.
    #[error("there is no such group")]
    Missing,
    /// The member is in no directory.
    #[error("there is no user, group or service principal of that id")]
    NoSuchMember,
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

/// Whether whoever is in a group that is in another is in that too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// They are.
    Groups,
    /// Not for this question.
    Nothing,
}

impl Directory {
    /// Makes a group.
    pub async fn create_group(
        &self,
        display_name: String,
        description: Option<String>,
    ) -> Result<Group, DbError> {
        let group = Group { id: new_id(), display_name, description, created_at: self.now() };
        let made = group.clone();
        let insert = move |tx: &mut Transaction<'_, '_>| tx.group_insert(&made);
        self.0.catalog.transaction(Durability::Power, insert).await?;
        Ok(group)
    }

    /// The group of that id.
    pub async fn find_group(&self, id: Guid) -> Result<Option<Group>, DbError> {
        self.0.catalog.group_find(id).await
    }

    /// Up to `limit` groups that are called so.
    pub async fn find_groups_called(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<Group>, DbError> {
        self.0.catalog.group_find_by_display_name(name, limit).await
    }

    /// Up to `limit` groups behind the id `after`.
    pub async fn list_groups(&self, after: &str, limit: usize) -> Result<Page<Group>, DbError> {
        Ok(Page::cut(self.0.catalog.group_list(after, limit + 1).await?, limit))
    }

    /// Changes what a group is called, and what it is for.
    pub async fn update_group(
        &self,
        id: Guid,
        display_name: Option<String>,
        description: Option<Option<String>>,
    ) -> Result<Group, GroupError> {
        let update = move |tx: &mut Transaction<'_, '_>| {
            let mut group = tx.group_find(id)?.ok_or(GroupError::Missing)?;
            group.display_name = display_name.clone().unwrap_or(group.display_name);
            group.description = description.clone().unwrap_or(group.description);
            tx.group_update(&group)?;
            Ok::<_, GroupError>(group)
        };
        self.0.catalog.transaction(Durability::Power, update).await
    }

    /// Up to `limit` groups that the user, service principal or group is in; also through groups, if
    /// those are to count.
    pub async fn groups_of(
        &self,
        member: Guid,
        through: Through,
        limit: usize,
    ) -> Result<Vec<Guid>, DbError> {
        let mut found = self.0.catalog.groups_of(member, limit).await?;
        let mut next = 0;
        while through == Through::Groups && next < found.len() && found.len() < limit {
            for group in self.0.catalog.groups_of(found[next], limit).await? {
                // A group may be in itself, by way of others.
                if !found.contains(&group) && found.len() < limit {
                    found.push(group);
                }
            }
            next += 1;
        }
        Ok(found)
    }

    /// Up to `limit` members behind the id `after`.
    pub async fn list_members(
        &self,
        group: Guid,
        after: &str,
        limit: usize,
    ) -> Result<Page<Guid>, DbError> {
        Ok(Page::cut(self.0.catalog.group_members(group, after, limit + 1).await?, limit))
    }

    /// Puts a user, service principal or group into a group; false if it was in it.
    pub async fn add_member(&self, group: Guid, member: Guid) -> Result<bool, GroupError> {
        let add = move |tx: &mut Transaction<'_, '_>| {
            tx.group_find(group)?.ok_or(GroupError::Missing)?;
            let known = tx.user_find(member)?.is_some()
                || tx.service_principal_find(member)?.is_some()
                || tx.group_find(member)?.is_some();
            if !known {
                return Err(GroupError::NoSuchMember);
            }
            Ok(tx.group_add(group, member)?)
        };
        self.0.catalog.transaction(Durability::Power, add).await
    }

    /// Takes a member out of a group.
    pub async fn remove_member(&self, group: Guid, member: Guid) -> Result<(), GroupError> {
        let remove = move |tx: &mut Transaction<'_, '_>| {
            tx.group_find(group)?.ok_or(GroupError::Missing)?;
            match tx.group_remove(group, member)? {
                true => Ok(()),
                false => Err(GroupError::NoSuchMember),
            }
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }

    /// Removes a group.
    pub async fn delete_group(&self, id: Guid) -> Result<(), GroupError> {
        let delete = move |tx: &mut Transaction<'_, '_>| {
            tx.group_find(id)?.ok_or(GroupError::Missing)?;
            Ok::<_, GroupError>(tx.group_delete(id)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}
