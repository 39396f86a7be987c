//! Groups, and who is in them.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::Group;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

macro_rules! groups {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, display_name, description, created_at from directory_group ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = groups!("where id > $1 order by id limit $2");

pub(crate) const FIND: Stmt = groups!("where id = $1");

pub(crate) const FIND_BY_DISPLAY_NAME: Stmt =
    groups!("where display_name = $1 order by id limit $2");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into directory_group (id, display_name, description, created_at)
     values ($1, $2, $3, $4)",
);

pub(crate) const UPDATE: Stmt =
    Stmt::new("update directory_group set display_name = $2, description = $3 where id = $1");

pub(crate) const DELETE: Stmt = Stmt::new("delete from directory_group where id = $1");

pub(crate) const MEMBERS: Stmt = Stmt::new(
    "select member from directory_member
      where group_id = $1 and member > $2
      order by member
      limit $3",
);

pub(crate) const GROUPS_OF: Stmt =
    Stmt::new("select group_id from directory_member where member = $1 order by group_id limit $2");

pub(crate) const ADD: Stmt = Stmt::new(
    "insert into directory_member (group_id, member) values ($1, $2)
         on conflict (group_id, member) do nothing",
);

pub(crate) const REMOVE: Stmt =
    Stmt::new("delete from directory_member where group_id = $1 and member = $2");

pub(crate) const LEAVE_ALL: Stmt = Stmt::new("delete from directory_member where member = $1");

pub(crate) const EMPTY: Stmt = Stmt::new("delete from directory_member where group_id = $1");

pub(crate) const UNASSIGN_ALL: Stmt = Stmt::new("delete from role_assignment where principal = $1");

impl Catalog {
    /// Up to `limit` groups behind the id `after`, by id.
    pub async fn group_list(&self, after: &str, limit: usize) -> Result<Vec<Group>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], group).await
    }

    /// The group of that id.
    pub async fn group_find(&self, id: Guid) -> Result<Option<Group>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], group).await
    }

    /// Up to `limit` groups that are called so.
    pub async fn group_find_by_display_name(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<Group>, DbError> {
        self.db.all(&FIND_BY_DISPLAY_NAME, &args![name, limit as i64], group).await
    }

    /// Up to `limit` members of the group behind `after`, by id.
    pub async fn group_members(
        &self,
        id: Guid,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Guid>, DbError> {
        let id = id.to_string();
        self.db.all(&MEMBERS, &args![id, after, limit as i64], |row| row.parsed(0)).await
    }

    /// Up to `limit` groups that the principal is in itself.
    pub async fn groups_of(&self, principal: Guid, limit: usize) -> Result<Vec<Guid>, DbError> {
        let principal = principal.to_string();
        self.db.all(&GROUPS_OF, &args![principal, limit as i64], |row| row.parsed(0)).await
    }
}

impl Transaction<'_, '_> {
    /// The group of that id.
    pub fn group_find(&mut self, id: Guid) -> Result<Option<Group>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], group)
    }

    /// Adds a group.
    pub fn group_insert(&mut self, made: &Group) -> Result<(), DbError> {
        let (id, created_at) = (made.id.to_string(), moment(made.created_at));
        self.tx.exec(&INSERT, &args![id, made.display_name, made.description, created_at]).map(drop)
    }

    /// Changes what the group is called.
    pub fn group_update(&mut self, group: &Group) -> Result<(), DbError> {
        let id = group.id.to_string();
        self.tx.exec(&UPDATE, &args![id, group.display_name, group.description]).map(drop)
    }

    /// Removes the group, with its memberships and assignments.
    pub fn group_delete(&mut self, id: Guid) -> Result<(), DbError> {
        self.principal_forget(id)?;
        self.tx.exec(&EMPTY, &args![id.to_string()])?;
        self.tx.exec(&DELETE, &args![id.to_string()]).map(drop)
    }

    /// Adds a member; false if it was one. What the group is assigned counts for it from its next
    /// access token on.
    pub fn group_add(&mut self, id: Guid, member: Guid) -> Result<bool, DbError> {
        let added = self.tx.exec(&ADD, &args![id.to_string(), member.to_string()])? == 1;
        if added {
            self.epoch_raise(None, EpochSubject::assigned(&member.to_string()))?;
        }
        Ok(added)
    }

    /// Removes a member, and ends the access tokens that came by the membership; false if it wasn't
    /// one.
    pub fn group_remove(&mut self, id: Guid, member: Guid) -> Result<bool, DbError> {
        let removed = self.tx.exec(&REMOVE, &args![id.to_string(), member.to_string()])? == 1;
        if removed {
            self.epoch_raise(None, EpochSubject::assigned(&member.to_string()))?;
        }
        Ok(removed)
    }

    /// Removes memberships and assignments of a principal that is being deleted, and ends whatever
    /// tokens it has.
    pub(crate) fn principal_forget(&mut self, id: Guid) -> Result<(), DbError> {
        let id = id.to_string();
        self.tx.exec(&LEAVE_ALL, &args![id])?;
        self.tx.exec(&UNASSIGN_ALL, &args![id])?;
        self.epoch_raise(None, EpochSubject::assigned(&id))?;
        self.epoch_raise(None, EpochSubject::sign_in(&id))
    }
}

fn group(row: &Row<'_>) -> Result<Group, DbError> {
    Ok(Group {
        id: row.parsed(0)?,
        display_name: row.get(1)?,
        description: row.get(2)?,
        created_at: row.moment(3)?,
    })
}
