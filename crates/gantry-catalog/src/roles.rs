//! Roles that operators have made, and who has which role where.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::PrincipalType;
use gantry_model::roles::{RoleAssignment, RoleDefinition, RoleKind, RolePermissions};
use serde::{Deserialize, Serialize};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select id, name, document, created_at, updated_at
       from role_definition
      where name > $1
      order by name
      limit $2",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select id, name, document, created_at, updated_at from role_definition where id = $1",
);

pub(crate) const FIND_BY_NAME: Stmt = Stmt::new(
    "select id, name, document, created_at, updated_at from role_definition where name = $1",
);

pub(crate) const SET: Stmt = Stmt::new(
    "insert into role_definition (id, name, document, created_at, updated_at)
     values ($1, $2, $3, $4, $4)
         on conflict (id) do update
        set name = excluded.name, document = excluded.document, updated_at = excluded.updated_at",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from role_definition where id = $1");

pub(crate) const ASSIGNED: Stmt =
    Stmt::new("select 1 from role_assignment where role = $1 limit 1");

macro_rules! assignments {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, shown_scope, principal, principal_type, role, condition, description,
                    created_by, created_at, updated_at
               from role_assignment ",
            $rest
        ))
    };
}

pub(crate) const ASSIGNMENT: Stmt = assignments!("where id = $1");

pub(crate) const ASSIGNMENTS: Stmt = assignments!("where id > $1 order by id limit $2");

pub(crate) const ASSIGNMENTS_OF: Stmt =
    assignments!("where principal = $1 and id > $2 order by id limit $3");

pub(crate) const OF_PRINCIPAL: Stmt = assignments!("where principal = $1 order by id limit $2");

pub(crate) const ASSIGNMENTS_AT: Stmt = assignments!("where scope = $1 order by id limit $2");

pub(crate) const WITHIN: Stmt =
    assignments!("where scope > $1 and scope < $2 order by scope, id limit $3");

pub(crate) const SAME: Stmt = assignments!("where scope = $1 and principal = $2 and role = $3");

pub(crate) const ASSIGN: Stmt = Stmt::new(
    "insert into role_assignment
            (id, scope, shown_scope, principal, principal_type, role, condition, description,
             created_by, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do update
        set condition = excluded.condition, description = excluded.description,
            updated_at = excluded.updated_at",
);

pub(crate) const UNASSIGN: Stmt = Stmt::new("delete from role_assignment where id = $1");

/// What nothing is looked up by, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    description: String,
    permissions: Vec<RolePermissions>,
    assignable_scopes: Vec<String>,
}

impl Catalog {
    /// Up to `limit` roles that operators have made, behind the name `after`, by name.
    pub async fn role_list(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleDefinition>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], definition).await
    }

    /// The role of that id, if an operator has made it.
    pub async fn role_find(&self, id: Guid) -> Result<Option<RoleDefinition>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], definition).await
    }

    /// Up to `limit` assignments to exactly that principal.
    pub async fn role_assignments_of(
        &self,
        principal: Guid,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        let principal = principal.to_string();
        self.db.all(&OF_PRINCIPAL, &args![principal, limit as i64], assignment).await
    }

    /// The assignment of that id.
    pub async fn role_assignment_find(&self, id: Guid) -> Result<Option<RoleAssignment>, DbError> {
        self.db.one(&ASSIGNMENT, &args![id.to_string()], assignment).await
    }

    /// Up to `limit` assignments behind the id `after`, by id.
    pub async fn role_assignment_list(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        self.db.all(&ASSIGNMENTS, &args![after, limit as i64], assignment).await
    }

    /// Up to `limit` assignments to exactly that principal, behind the id `after`, by id.
    pub async fn role_assignment_list_of(
        &self,
        principal: Guid,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        let page = [principal.to_string(), after.to_owned()];
        self.db.all(&ASSIGNMENTS_OF, &args![page[0], page[1], limit as i64], assignment).await
    }

    /// Up to `limit` assignments at exactly that scope, which is in lower case.
    pub async fn role_assignment_list_at(
        &self,
        scope: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        self.db.all(&ASSIGNMENTS_AT, &args![scope, limit as i64], assignment).await
    }
}

impl Transaction<'_, '_> {
    /// The role of that id, if an operator has made it.
    pub fn role_find(&mut self, id: Guid) -> Result<Option<RoleDefinition>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], definition)
    }

    /// The role of that name, if an operator has made it.
    pub fn role_find_by_name(&mut self, name: &str) -> Result<Option<RoleDefinition>, DbError> {
        self.tx.one(&FIND_BY_NAME, &args![name], definition)
    }

    /// Adds the role, or changes the one of its id, and ends the access tokens that came by it.
    pub fn role_set(&mut self, role: &RoleDefinition) -> Result<(), DbError> {
        let document = Document {
            description: role.description.clone(),
            permissions: role.permissions.clone(),
            assignable_scopes: role.assignable_scopes.clone(),
        };
        let document = serde_json::to_string(&document).expect("a role is plain data");
        let id = role.id.to_string();
        self.tx.exec(&SET, &args![id, role.name, document, moment(self.now)])?;
        self.epoch_raise(None, EpochSubject::role(&id))
    }

    /// Removes the role of that id.
    pub fn role_delete(&mut self, id: Guid) -> Result<(), DbError> {
        self.tx.exec(&DELETE, &args![id.to_string()])?;
        self.epoch_raise(None, EpochSubject::role(&id.to_string()))
    }

    /// Whether someone has the role.
    pub fn role_is_assigned(&mut self, id: Guid) -> Result<bool, DbError> {
        Ok(self.tx.one(&ASSIGNED, &args![id.to_string()], |_| Ok(()))?.is_some())
    }

    /// The assignment of that id.
    pub fn role_assignment_find(&mut self, id: Guid) -> Result<Option<RoleAssignment>, DbError> {
        self.tx.one(&ASSIGNMENT, &args![id.to_string()], assignment)
    }

    /// Up to `limit` assignments at exactly that scope, which is in lower case.
    pub fn role_assignments_at(
        &mut self,
        scope: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        self.tx.all(&ASSIGNMENTS_AT, &args![scope, limit as i64], assignment)
    }

    /// Up to `limit` assignments at the scope, which is in lower case, and within it.
    pub fn role_assignments_within(
        &mut self,
        scope: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        let mut found = self.role_assignments_at(scope, limit)?;
        let [from, to] = crate::resource_locks::within(scope);
        found.extend(self.tx.all(&WITHIN, &args![from, to, limit as i64], assignment)?);
        Ok(found)
    }

    /// The assignment of the same role to the same principal at the same scope, in lower case.
    pub fn role_assignment_same(
        &mut self,
        scope: &str,
        principal: Guid,
        role: Guid,
    ) -> Result<Option<RoleAssignment>, DbError> {
        self.tx.one(&SAME, &args![scope, principal.to_string(), role.to_string()], assignment)
    }

    /// Adds the assignment, or changes condition and description of the one of its id, and ends the
    /// principal's access tokens.
    pub fn role_assignment_set(&mut self, made: &RoleAssignment) -> Result<(), DbError> {
        let principal = made.principal.to_string();
        self.tx.exec(
            &ASSIGN,
            &args![
                made.id.to_string(),
                made.scope.to_ascii_lowercase(),
                made.scope,
                principal,
                made.principal_type.as_str(),
                made.role.to_string(),
                made.condition,
                made.description,
                made.created_by,
                moment(made.created_at),
                moment(made.updated_at)
            ],
        )?;
        self.epoch_raise(None, EpochSubject::assigned(&principal))
    }

    /// Removes the assignment, and ends the principal's access tokens.
    pub fn role_assignment_delete(&mut self, gone: &RoleAssignment) -> Result<(), DbError> {
        self.tx.exec(&UNASSIGN, &args![gone.id.to_string()])?;
        self.epoch_raise(None, EpochSubject::assigned(&gone.principal.to_string()))
    }
}

fn definition(row: &Row<'_>) -> Result<RoleDefinition, DbError> {
    let Document { description, permissions, assignable_scopes } = row.json(2)?;
    Ok(RoleDefinition {
        id: row.parsed(0)?,
        name: row.get(1)?,
        description,
        kind: RoleKind::Custom,
        permissions,
        assignable_scopes,
        created_at: Some(row.moment(3)?),
        updated_at: Some(row.moment(4)?),
    })
}

fn assignment(row: &Row<'_>) -> Result<RoleAssignment, DbError> {
    Ok(RoleAssignment {
        id: row.parsed(0)?,
        scope: row.get(1)?,
        principal: row.parsed(2)?,
        principal_type: row.parsed::<PrincipalType>(3)?,
        role: row.parsed(4)?,
        condition: row.get(5)?,
        description: row.get(6)?,
        created_by: row.get(7)?,
        created_at: row.moment(8)?,
        updated_at: row.moment(9)?,
    })
}
