//! Roles: named sets of actions, as Azure RBAC has them, and what they mean for content.

mod built_in;

use gantry_arm::{ActionPattern, Attributes, Condition, Guid};
use gantry_oci::RepositoryPattern;
use serde::{Deserialize, Serialize};

pub use built_in::{built_in, built_in_by_id};

use crate::clock::Timestamp;
use crate::directory::PrincipalType;
use crate::permission::{Action, Actions, Grants, Listing};
use crate::registry::RoleAssignmentMode;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its id.
    pub id: Guid,
    /// What it is called.
    pub name: String,
    /// For people.
    pub description: String,
    /// Whether it comes with the server, or an operator has made it.
    pub kind: RoleKind,
    /// What it allows.
    pub permissions: Vec<RolePermissions>,
    /// Where it may be assigned.
    pub assignable_scopes: Vec<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Option<Timestamp>,
}

/// Where a role comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// Comes with the server.
    BuiltIn,
    /// An operator has made it.
    Custom,
}

/// What a role allows: actions but for some, and data actions but for some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RolePermissions {
    /// On resources.
    pub actions: Vec<ActionPattern>,
    /// But not these.
    pub not_actions: Vec<ActionPattern>,
    /// On content.
    pub data_actions: Vec<ActionPattern>,
    /// But not these.
    pub not_data_actions: Vec<ActionPattern>,
}

/// A role that someone has somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its id.
    pub id: Guid,
    /// Where: the resource id of a scope.
    pub scope: String,
    /// Who.
    pub principal: Guid,
    /// What they are.
    pub principal_type: PrincipalType,
    /// Which role.
    pub role: Guid,
    /// On which content only.
    pub condition: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// The data action of listing repositories.
const CATALOG_READ: &str = "Microsoft.ContainerRegistry/registries/catalog/read";

impl RoleDefinition {
    /// Whether it allows the action on a resource.
    pub fn allows(&self, action: &str) -> bool {
        let has = |patterns: &[ActionPattern]| patterns.iter().any(|one| one.matches(action));
        self.permissions.iter().any(|set| has(&set.actions) && !has(&set.not_actions))
    }

    /// Whether it allows the data action on content.
    pub fn allows_data(&self, action: &str) -> bool {
        let has = |patterns: &[ActionPattern]| patterns.iter().any(|one| one.matches(action));
        self.permissions.iter().any(|set| has(&set.data_actions) && !has(&set.not_data_actions))
    }

    /// What it allows on a registry's content where that is assigned without a condition.
    pub fn content(&self, mode: RoleAssignmentMode) -> (Actions, Listing) {
        let (actions, lists) = match mode {
            RoleAssignmentMode::Registry => {
                let actions = Action::EACH.into_iter().filter(|action| {
                    registry_actions(*action).iter().any(|allowed| self.allows(allowed))
                });
                let actions: Actions = actions.collect();
                (actions, actions.contains(Action::Pull))
            }
            RoleAssignmentMode::Repositories => {
                let each = Action::EACH.into_iter();
                let actions = each.filter(|action| self.allows_data(action.data_action()));
                (actions.collect(), self.allows_data(CATALOG_READ))
            }
        };
        let listing = match lists {
            true => Listing::Every,
            false if actions.contains(Action::MetadataRead) => Listing::Readable,
            false => Listing::Refused,
        };
        (actions, listing)
    }
}

/// The actions of the registry any of which allows this where roles are for the whole registry:
/// `AcrPull` shows tags and referrers, and no attributes can be changed by it.
fn registry_actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::Pull => &["Microsoft.ContainerRegistry/registries/pull/read"],
        Action::Push => &["Microsoft.ContainerRegistry/registries/push/write"],
        Action::Delete => &["Microsoft.ContainerRegistry/registries/artifacts/delete"],
        Action::MetadataRead => &[
            "Microsoft.ContainerRegistry/registries/pull/read",
            "Microsoft.ContainerRegistry/registries/metadata/read",
        ],
        Action::MetadataWrite => &["Microsoft.ContainerRegistry/registries/metadata/write"],
    }
}

impl RoleAssignment {
    /// What the assignment of `role` allows on the content of a registry that it applies to.
    pub fn grants(&self, role: &RoleDefinition, mode: RoleAssignmentMode) -> Grants {
        let (actions, listing) = role.content(mode);
        let everywhere = Grants::none().with(&RepositoryPattern::Every, actions).listing(listing);
        let Some(text) = &self.condition else { return everywhere };
        match mode {
            // A role for the whole registry, granted under a condition that isn't looked at there,
            // would be granted without any.
            RoleAssignmentMode::Registry => Grants::none(),
            RoleAssignmentMode::Repositories => match Condition::parse(text) {
                // One that can't be read holds nowhere.
                Err(_) => Grants::none(),
                Ok(condition) => {
                    let lists = Attributes { action: CATALOG_READ, repository: None };
                    let listing = match listing {
                        Listing::Every if !condition.holds(&lists) => Listing::Readable,
                        other => other,
                    };
                    Grants::none().with_condition(condition, actions).listing(listing)
                }
            },
        }
    }
}
