//! Who may give rights in the subscription: there is always someone, and roles are changed by who may
//! wherever they can be assigned. The operator stands outside of it, and can put right what is wrong.

use gantry_arm::ResourceId;
use gantry_catalog::{DbError, Transaction};
use gantry_model::roles::{RoleAssignment, RoleDefinition};

use crate::assignments::role;
use crate::roles::RoleError;
use crate::{Access, Authority};

/// The right to give rights.
const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
/// How many assignments at the subscription are looked at for one that gives that right.
const MOST: usize = 5000;

/// The rules, for one deployment.
#[derive(Clone, Debug)]
pub(crate) struct Administration {
    subscription: ResourceId,
}

/// Whether whoever has the role may give rights.
pub(crate) fn administers(role: &RoleDefinition) -> bool {
    role.allows(ASSIGN)
}

impl Administration {
    pub(crate) fn of(access: &Access) -> Self {
        let id = format!("/subscriptions/{}", access.0.directory.tenant().subscription);
        Self { subscription: id.parse().expect("a subscription's id is the id of a resource") }
    }

    /// Refuses places that aren't ours.
    pub(crate) fn check_ours(&self, scopes: &[String]) -> Result<(), RoleError> {
        let is_ours = |text: &String| {
            text.parse().is_ok_and(|scope: ResourceId| self.subscription.contains(&scope))
        };
        match scopes.iter().find(|text| !is_ours(text)) {
            None => Ok(()),
            Some(text) => Err(RoleError::Outside(text.clone())),
        }
    }

    /// Refuses who may not do `action` to roles at each of `scopes`.
    pub(crate) fn check_everywhere<'s>(
        by: &Authority,
        action: &'static str,
        scopes: impl IntoIterator<Item = &'s String>,
    ) -> Result<(), RoleError> {
        for text in scopes {
            let scope: ResourceId = text.parse().map_err(|_| RoleError::Outside(text.clone()))?;
            if !by.may(action, &scope) {
                return Err(RoleError::NotAllowed { action, scope });
            }
        }
        Ok(())
    }

    /// Whether somebody may give rights by this assignment, in the whole subscription.
    pub(crate) fn rests_on(
        &self,
        tx: &mut Transaction<'_, '_>,
        assignment: &RoleAssignment,
    ) -> Result<bool, DbError> {
        let here = assignment.scope.eq_ignore_ascii_case(self.subscription.as_str());
        if !here || assignment.condition.is_some() {
            return Ok(false);
        }
        Ok(role(tx, assignment.role)?.is_some_and(|role| administers(&role)))
    }

    /// Whether somebody may give rights in the whole subscription.
    pub(crate) fn is_administered(&self, tx: &mut Transaction<'_, '_>) -> Result<bool, DbError> {
        let scope = self.subscription.as_str().to_ascii_lowercase();
        for assignment in tx.role_assignments_at(&scope, MOST)? {
            if self.rests_on(tx, &assignment)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses a change, already made in the transaction, after which nobody is left who may give
    /// rights, where before there was somebody. The operator may do that.
    pub(crate) fn check_remains(
        &self,
        tx: &mut Transaction<'_, '_>,
        by: &Authority,
        administered: bool,
    ) -> Result<(), RoleError> {
        if administered && !by.is_operator() && !self.is_administered(tx)? {
            return Err(RoleError::LastAdministrator);
        }
        Ok(())
    }
}
