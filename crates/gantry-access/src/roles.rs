//! Roles and their assignments.

use gantry_arm::{Condition, ConditionError, Guid, ResourceId};
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::directory::PrincipalType;
use gantry_model::roles::{RoleAssignment, RoleDefinition, built_in, built_in_by_id};

use crate::{Access, scope_has};

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
    /// Assigns a role, or changes condition and description of the assignment of that id.
    pub async fn assign_role(&self, new: NewAssignment) -> Result<RoleAssignment, RoleError> {
        let role = self.find_role(new.role).await?.ok_or(RoleError::NoSuchRole(new.role))?;
        let scope = new.scope.as_str().to_ascii_lowercase();
        if !role.assignable_scopes.iter().any(|at| scope_has(&at.to_ascii_lowercase(), &scope)) {
            return Err(RoleError::NotAssignable);
        }
        if let Some(text) = &new.condition {
            Condition::parse(text)?.check_supported().map_err(RoleError::Unsupported)?;
        }
        let set = move |tx: &mut Transaction<'_, '_>| {
            let principal_type = principal_type(tx, &new)?;
            if let Some(same) = tx.role_assignment_same(&scope, new.principal, new.role)?
                && same.id != new.id
            {
                return Err(RoleError::Exists(same.id));
            }
            let present = tx.role_assignment_find(new.id)?;
            let other = present.as_ref().is_some_and(|present| {
                !present.scope.eq_ignore_ascii_case(&scope)
                    || present.principal != new.principal
                    || present.role != new.role
            });
            if other {
                return Err(RoleError::OtherAssignment(new.id));
            }
            let made = RoleAssignment {
                id: new.id,
                scope: new.scope.as_str().to_owned(),
                principal: new.principal,
                principal_type,
                role: new.role,
                condition: new.condition.clone(),
                description: new.description.clone(),
                created_by: present
                    .as_ref()
                    .map_or_else(|| new.by.clone(), |one| one.created_by.clone()),
                created_at: present.map_or_else(|| tx.now(), |one| one.created_at),
                updated_at: tx.now(),
            };
            tx.role_assignment_set(&made)?;
            Ok(made)
        };
        self.0.catalog.transaction(Durability::Power, set).await
    }

    /// The assignment of that id.
    pub async fn find_assignment(&self, id: Guid) -> Result<Option<RoleAssignment>, DbError> {
        self.0.catalog.role_assignment_find(id).await
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

    /// Removes an assignment; answers it.
    pub async fn remove_assignment(&self, id: Guid) -> Result<RoleAssignment, RoleError> {
        let remove = move |tx: &mut Transaction<'_, '_>| {
            let found = tx.role_assignment_find(id)?.ok_or(RoleError::NoSuchAssignment(id))?;
            tx.role_assignment_delete(&found)?;
            Ok(found)
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }

    /// Up to `limit` roles that operators have made, behind the name `after`, by name.
    pub async fn list_custom_roles(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RoleDefinition>, DbError> {
        self.0.catalog.role_list(after, limit).await
    }

    /// Makes a role, or changes the one of that id.
    pub async fn set_role(&self, role: RoleDefinition) -> Result<RoleDefinition, RoleError> {
        let same_name = |known: &&RoleDefinition| known.name.eq_ignore_ascii_case(&role.name);
        if built_in_by_id(role.id).is_some() {
            return Err(RoleError::BuiltIn);
        }
        if built_in().iter().any(|known| same_name(&known)) {
            return Err(RoleError::NameTaken(role.name));
        }
        let set = move |tx: &mut Transaction<'_, '_>| {
            if let Some(other) = tx.role_find_by_name(&role.name)?
                && other.id != role.id
            {
                return Err(RoleError::NameTaken(role.name.clone()));
            }
            tx.role_set(&role)?;
            tx.role_find(role.id)?.ok_or(RoleError::NoSuchRole(role.id))
        };
        self.0.catalog.transaction(Durability::Power, set).await
    }

    /// Deletes a role that nobody has.
    pub async fn delete_role(&self, id: Guid) -> Result<RoleDefinition, RoleError> {
        if built_in_by_id(id).is_some() {
            return Err(RoleError::BuiltIn);
        }
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let role = tx.role_find(id)?.ok_or(RoleError::NoSuchRole(id))?;
            if tx.role_is_assigned(id)? {
                return Err(RoleError::Assigned);
            }
            tx.role_delete(id)?;
            Ok(role)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }

    /// The role of that id, the server's own or an operator's.
    pub async fn find_role(&self, id: Guid) -> Result<Option<RoleDefinition>, DbError> {
        match built_in_by_id(id) {
            Some(role) => Ok(Some(role.clone())),
            None => self.0.catalog.role_find(id).await,
        }
    }
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
