//! Who has which role where.

use gantry_arm::{Condition, Guid, ResourceId};
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::directory::PrincipalType;
use gantry_model::roles::{RoleAssignment, RoleDefinition, built_in_by_id};
use gantry_model::{EpochSubject, Precondition, Versioned, Written};

use crate::administration::Administration;
use crate::roles::RoleError;
use crate::{Access, Authority, scope_has};

/// What is to be assigned.
#[derive(Clone, Debug)]
pub struct NewAssignment {
    /// Its id, which whoever asks makes.
    pub id: Guid,
    /// Where.
    pub scope: ResourceId,
    /// Whom.
    pub principal: Guid,
    /// What they are, where that is said.
    pub principal_type: Option<PrincipalType>,
    /// Which role.
    pub role: Guid,
    /// On which content only.
    pub condition: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Who asks.
    pub by: String,
}

impl Access {
    /// Assigns a role, or changes condition and description of the assignment of that id.
    pub async fn assign_role(
        &self,
        by: &Authority,
        new: NewAssignment,
        precondition: Precondition,
    ) -> Result<(Versioned<RoleAssignment>, Written), RoleError> {
        if let Some(text) = &new.condition {
            Condition::parse(text)?.check_supported().map_err(RoleError::Unsupported)?;
        }
        let (by, administration) = (by.clone(), Administration::of(self));
        let assign = move |tx: &mut Transaction<'_, '_>| {
            tx.roles_lock()?;
            let present = find(tx, new.id)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let present = present.map(|present| present.value);
            check_place(tx, &new)?;
            check_same(tx, &new, present.as_ref())?;
            let administered = match &present {
                Some(present) => administration.rests_on(tx, present)?,
                None => false,
            };
            let written = if present.is_some() { Written::Changed } else { Written::Made };
            let made = made(tx, &new, present)?;
            tx.role_assignment_set(&made)?;
            administration.check_remains(tx, &by, administered)?;
            let found = find(tx, new.id)?.ok_or(RoleError::NoSuchAssignment(new.id))?;
            Ok((found, written))
        };
        self.0.catalog.transaction(Durability::Power, assign).await
    }

    /// The assignment of that id.
    pub async fn find_assignment(
        &self,
        id: Guid,
    ) -> Result<Option<Versioned<RoleAssignment>>, DbError> {
        self.0.catalog.versioned(|| self.0.catalog.role_assignment_find(id), subject).await
    }

    /// Up to `limit` assignments behind the id `after`, by id; of one principal if one is named.
    pub async fn list_assignments(
        &self,
        principal: Option<Guid>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        match principal {
            Some(id) => self.0.catalog.role_assignment_list_of(id, after, limit).await,
            None => self.0.catalog.role_assignment_list(after, limit).await,
        }
    }

    /// Up to `limit` assignments at exactly that scope.
    pub async fn list_assignments_at(
        &self,
        scope: &ResourceId,
        limit: usize,
    ) -> Result<Vec<RoleAssignment>, DbError> {
        let scope = scope.as_str().to_ascii_lowercase();
        self.0.catalog.role_assignment_list_at(&scope, limit).await
    }

    /// Removes the assignment of that id at the scope; answers it.
    pub async fn remove_assignment(
        &self,
        by: &Authority,
        scope: &ResourceId,
        id: Guid,
        precondition: Precondition,
    ) -> Result<RoleAssignment, RoleError> {
        let (by, scope) = (by.clone(), scope.clone());
        let administration = Administration::of(self);
        let remove = move |tx: &mut Transaction<'_, '_>| {
            tx.roles_lock()?;
            // Whoever asks has a right at the scope that they name, so it must be there.
            let there = |one: &Versioned<RoleAssignment>| is_at(&one.value, &scope);
            let present = find(tx, id)?.filter(there);
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let present = present.ok_or(RoleError::NoSuchAssignment(id))?.value;
            let administered = administration.rests_on(tx, &present)?;
            tx.role_assignment_delete(&present)?;
            administration.check_remains(tx, &by, administered)?;
            Ok(present)
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }
}

/// What each change of the assignment raises; that of another to the same principal does too.
fn subject(assignment: &RoleAssignment) -> EpochSubject {
    EpochSubject::assigned(&assignment.principal.to_string())
}

fn find(
    tx: &mut Transaction<'_, '_>,
    id: Guid,
) -> Result<Option<Versioned<RoleAssignment>>, DbError> {
    let Some(value) = tx.role_assignment_find(id)? else { return Ok(None) };
    tx.versioned(value, subject).map(Some)
}

/// The role of that id, the server's own or an operator's.
pub(crate) fn role(
    tx: &mut Transaction<'_, '_>,
    id: Guid,
) -> Result<Option<RoleDefinition>, DbError> {
    match built_in_by_id(id) {
        Some(role) => Ok(Some(role.clone())),
        None => tx.role_find(id),
    }
}

fn is_at(assignment: &RoleAssignment, scope: &ResourceId) -> bool {
    assignment.scope.eq_ignore_ascii_case(scope.as_str())
}

/// Refuses a role that there isn't, or that may not be assigned there.
fn check_place(tx: &mut Transaction<'_, '_>, new: &NewAssignment) -> Result<(), RoleError> {
    let role = role(tx, new.role)?.ok_or(RoleError::NoSuchRole(new.role))?;
    let scope = new.scope.as_str().to_ascii_lowercase();
    let has = |at: &String| scope_has(&at.to_ascii_lowercase(), &scope);
    match role.assignable_scopes.iter().any(has) {
        true => Ok(()),
        false => Err(RoleError::NotAssignable),
    }
}

/// Refuses what is assigned already, and to make another assignment of the one that is there.
fn check_same(
    tx: &mut Transaction<'_, '_>,
    new: &NewAssignment,
    present: Option<&RoleAssignment>,
) -> Result<(), RoleError> {
    let scope = new.scope.as_str().to_ascii_lowercase();
    if let Some(same) = tx.role_assignment_same(&scope, new.principal, new.role)?
        && same.id != new.id
    {
        return Err(RoleError::Exists(same.id));
    }
    let is_other = |present: &RoleAssignment| {
        !is_at(present, &new.scope)
            || present.principal != new.principal
            || present.role != new.role
    };
    match present.is_some_and(is_other) {
        true => Err(RoleError::OtherAssignment(new.id)),
        false => Ok(()),
    }
}

fn made(
    tx: &mut Transaction<'_, '_>,
    new: &NewAssignment,
    present: Option<RoleAssignment>,
) -> Result<RoleAssignment, RoleError> {
    let principal_type = principal_type(tx, new)?;
    let (created_by, created_at) = match present {
        Some(present) => (present.created_by, present.created_at),
        None => (new.by.clone(), tx.now()),
    };
    Ok(RoleAssignment {
        id: new.id,
        scope: new.scope.as_str().to_owned(),
        principal: new.principal,
        principal_type,
        role: new.role,
        condition: new.condition.clone(),
        description: new.description.clone(),
        created_by,
        created_at,
        updated_at: tx.now(),
    })
}

/// What the principal is, of which there must be one; one of another directory is whatever is said.
fn principal_type(
    tx: &mut Transaction<'_, '_>,
    new: &NewAssignment,
) -> Result<PrincipalType, RoleError> {
    if tx.user_find(new.principal)?.is_some() {
        return Ok(PrincipalType::User);
    }
    if tx.service_principal_find(new.principal)?.is_some() {
        return Ok(PrincipalType::ServicePrincipal);
    }
    if tx.group_find(new.principal)?.is_some() {
        return Ok(PrincipalType::Group);
    }
    new.principal_type.ok_or(RoleError::NoSuchPrincipal(new.principal))
}
