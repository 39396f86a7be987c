//! Roles that operators make: what they allow, and where they may be assigned.

use gantry_arm::{ConditionError, Guid, ResourceId};
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::roles::{RoleDefinition, built_in, built_in_by_id};
use gantry_model::{EpochSubject, Precondition, PreconditionFailed, Version, Versioned};

use crate::administration::{Administration, administers};
use crate::{Access, Authority};

const WRITE: &str = "Microsoft.Authorization/roleDefinitions/write";
const DELETE: &str = "Microsoft.Authorization/roleDefinitions/delete";

/// Why a role can't be assigned, or changed.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// There is no such role.
    #[error("there is no role definition {0}")]
    NoSuchRole(Guid),
    /// There is no such assignment.
    #[error("there is no role assignment {0}")]
    NoSuchAssignment(Guid),
    /// Nobody has that object id.
    #[error("there is no principal {0} in the directory")]
    NoSuchPrincipal(Guid),
    /// The same is assigned.
    #[error("the role assignment already exists: {0}")]
    Exists(Guid),
    /// The id is of another assignment.
    #[error("the id {0} is of another role assignment")]
    OtherAssignment(Guid),
    /// The condition can't be read.
    #[error("the condition is not valid: {0}")]
    Condition(#[from] ConditionError),
    /// The condition is about what registries don't have.
    #[error("the condition can't be used: {0}")]
    Unsupported(gantry_arm::Unsupported),
    /// The role may not be assigned there.
    #[error("the role may not be assigned at that scope")]
    NotAssignable,
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// Whoever asks may not do that to roles there.
    #[error("{action} is not allowed over {scope}")]
    NotAllowed {
        /// What they would do.
        action: &'static str,
        /// Where the role may be assigned.
        scope: ResourceId,
    },
    /// It could be assigned nowhere.
    #[error("assignableScopes is empty")]
    Nowhere,
    /// It isn't a place of ours.
    #[error("{0} is not in the subscription")]
    Outside(String),
    /// Nobody would be left who may give rights.
    #[error("cannot delete the last RBAC admin assignment: give another principal the role first")]
    LastAdministrator,
    /// It comes with the server.
    #[error("the role is built in: it can't be changed or deleted")]
    BuiltIn,
    /// Another role has the name.
    #[error("there is another role called {0}")]
    NameTaken(String),
    /// Someone has it.
    #[error("the role is assigned: remove its assignments first")]
    Assigned,
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Access {
    /// The role of that id, the server's own or an operator's.
    pub async fn find_role(&self, id: Guid) -> Result<Option<Versioned<RoleDefinition>>, DbError> {
        if let Some(role) = built_in_by_id(id) {
            let version = Version::of(&subject(role), 0);
            return Ok(Some(Versioned { value: role.clone(), version }));
        }
        self.0.catalog.versioned(|| self.0.catalog.role_find(id), subject).await
    }

    /// Up to `limit` roles that operators have made, behind the name `after`, by name.
    pub async fn list_custom_roles(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleDefinition>, DbError> {
        self.0.catalog.role_list(after, limit).await
    }

    /// Makes a role, or changes the one of that id: by someone who may do so wherever it can be
    /// assigned, since it will mean something else there, and wherever it shall be.
    pub async fn set_role(
        &self,
        by: &Authority,
        role: RoleDefinition,
        precondition: Precondition,
    ) -> Result<Versioned<RoleDefinition>, RoleError> {
        let same_name = |known: &&RoleDefinition| known.name.eq_ignore_ascii_case(&role.name);
        if built_in_by_id(role.id).is_some() {
            return Err(RoleError::BuiltIn);
        }
        if built_in().iter().any(|known| same_name(&known)) {
            return Err(RoleError::NameTaken(role.name));
        }
        if role.assignable_scopes.is_empty() {
            return Err(RoleError::Nowhere);
        }
        let (by, administration) = (by.clone(), Administration::of(self));
        administration.check_ours(&role.assignable_scopes)?;
        let set = move |tx: &mut Transaction<'_, '_>| {
            tx.roles_lock()?;
            let present = find(tx, role.id)?;
            for scopes in present.iter().map(|one| &one.value).chain([&role]) {
                Administration::check_everywhere(&by, WRITE, &scopes.assignable_scopes)?;
            }
            precondition.check(present.as_ref().map(|present| &present.version))?;
            if let Some(other) = tx.role_find_by_name(&role.name)?
                && other.id != role.id
            {
                return Err(RoleError::NameTaken(role.name.clone()));
            }
            let narrows = present.is_some_and(|one| administers(&one.value) && !administers(&role));
            let administered = narrows && administration.is_administered(tx)?;
            tx.role_set(&role)?;
            administration.check_remains(tx, &by, administered)?;
            find(tx, role.id)?.ok_or(RoleError::NoSuchRole(role.id))
        };
        self.0.catalog.transaction(Durability::Power, set).await
    }

    /// Deletes a role that nobody has: by someone who may do so wherever it can be assigned.
    pub async fn delete_role(
        &self,
        by: &Authority,
        id: Guid,
        precondition: Precondition,
    ) -> Result<RoleDefinition, RoleError> {
        if built_in_by_id(id).is_some() {
            return Err(RoleError::BuiltIn);
        }
        let by = by.clone();
        let delete = move |tx: &mut Transaction<'_, '_>| {
            tx.roles_lock()?;
            let present = find(tx, id)?;
            let scopes = present.iter().flat_map(|present| &present.value.assignable_scopes);
            Administration::check_everywhere(&by, DELETE, scopes)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let role = present.ok_or(RoleError::NoSuchRole(id))?.value;
            if tx.role_is_assigned(id)? {
                return Err(RoleError::Assigned);
            }
            tx.role_delete(id)?;
            Ok(role)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

/// What each change of the role raises.
fn subject(role: &RoleDefinition) -> EpochSubject {
    EpochSubject::role(&role.id.to_string())
}

fn find(
    tx: &mut Transaction<'_, '_>,
    id: Guid,
) -> Result<Option<Versioned<RoleDefinition>>, DbError> {
    let Some(value) = tx.role_find(id)? else { return Ok(None) };
    tx.versioned(value, subject).map(Some)
}
