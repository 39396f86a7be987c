//! What somebody may do to resources: by the roles that they have there or above. Found once and kept
//! for as long as nothing changes that it depends on.

use std::sync::Arc;

use gantry_arm::{Guid, ResourceId};
use gantry_catalog::DbError;
use gantry_model::roles::{RoleAssignment, RoleDefinition, built_in_by_id};
use gantry_model::{Epoch, EpochSubject};
use quick_cache::sync::Cache;

use crate::Access;
use crate::profile::{Draft, scope_has};

/// How many principals' roles are kept; most have a few.
const KEPT: usize = 2 << 10;
/// Groups that somebody may be in, also through groups.
const MOST_GROUPS: usize = 1000;
/// Roles that one of them may have.
const MOST_ASSIGNMENTS: usize = 5000;

/// What somebody may do to resources. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authority(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// Everything.
    Operator,
    /// What their roles say.
    Roles(Arc<Roles>),
}

/// The roles that a principal has, wherever, itself or through groups.
#[derive(Debug)]
pub(crate) struct Roles {
    pub(crate) assigned: Vec<(RoleAssignment, RoleDefinition)>,
    pub(crate) depends: Vec<Epoch>,
}

#[derive(Debug)]
pub(crate) struct KeptRoles(Cache<Guid, Arc<Roles>>);

impl Default for KeptRoles {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Authority {
    /// Of those who haven't signed in: nothing.
    pub fn nobody() -> Self {
        Self(Kind::Roles(Arc::new(Roles { assigned: Vec::new(), depends: Vec::new() })))
    }

    /// Of whoever runs the server.
    pub fn operator() -> Self {
        Self(Kind::Operator)
    }

    /// Whether this is whoever runs the server.
    pub fn is_operator(&self) -> bool {
        matches!(self.0, Kind::Operator)
    }

    /// Whether `action` may be done to the resource.
    pub fn may(&self, action: &str, resource: &ResourceId) -> bool {
        let Kind::Roles(roles) = &self.0 else { return true };
        let resource = resource.as_str().to_ascii_lowercase();
        roles.assigned.iter().any(|(assignment, role)| {
            // A condition speaks of repositories: no right to anything else comes with it.
            assignment.condition.is_none()
                && scope_has(&assignment.scope.to_ascii_lowercase(), &resource)
                && role.allows(action)
        })
    }

    /// Whether there is any role at the resource, above it or below.
    pub fn is_known_at(&self, resource: &ResourceId) -> bool {
        let Kind::Roles(roles) = &self.0 else { return true };
        let resource = resource.as_str().to_ascii_lowercase();
        roles.assigned.iter().any(|(assignment, _)| {
            let scope = assignment.scope.to_ascii_lowercase();
            scope_has(&scope, &resource) || scope_has(&resource, &scope)
        })
    }
}

impl Access {
    /// What the principal may do.
    pub async fn authority_of(&self, principal: Guid) -> Result<Authority, DbError> {
        Ok(Authority(Kind::Roles(self.roles(principal).await?)))
    }

    /// The roles that the principal has, wherever.
    pub async fn roles_of(
        &self,
        principal: Guid,
    ) -> Result<Vec<(RoleAssignment, RoleDefinition)>, DbError> {
        Ok(self.roles(principal).await?.assigned.clone())
    }

    pub(crate) async fn roles(&self, principal: Guid) -> Result<Arc<Roles>, DbError> {
        let kept = self.0.roles.0.get(&principal);
        if let Some(kept) = kept.filter(|kept| self.are_current(&kept.depends)) {
            return Ok(kept);
        }
        let found = Arc::new(self.find_roles(principal).await?);
        self.0.roles.0.insert(principal, Arc::clone(&found));
        Ok(found)
    }

    async fn find_roles(&self, principal: Guid) -> Result<Roles, DbError> {
        let catalog = &self.0.catalog;
        let mut draft = Draft::new(self);
        let mut assigned = Vec::new();
        // Each group costs a few small questions, and that a group is in itself ends here.
        let mut whole = vec![principal];
        let mut at = 0;
        while let Some(&one) = whole.get(at) {
            at += 1;
            draft.depends_on(EpochSubject::assigned(&one.to_string())).await?;
            let mut groups = catalog.groups_of(one, MOST_GROUPS).await?;
            if one == principal
                && let Some(foreigner) = catalog.foreigner_find(principal).await?
            {
                groups.extend(foreigner.groups);
            }
            for group in groups {
                if whole.len() < MOST_GROUPS && !whole.contains(&group) {
                    whole.push(group);
                }
            }
            for assignment in catalog.role_assignments_of(one, MOST_ASSIGNMENTS).await? {
                let role = match built_in_by_id(assignment.role) {
                    Some(role) => Some(role.clone()),
                    None => {
                        draft.depends_on(EpochSubject::role(&assignment.role.to_string())).await?;
                        catalog.role_find(assignment.role).await?
                    }
                };
                assigned.extend(role.map(|role| (assignment, role)));
            }
        }
        Ok(Roles { assigned, depends: draft.depends })
    }
}
