//! What a condition asks for that no request to a registry has.

use super::Condition;
use super::expression::{Attribute, Comparison, Expression, Sides};
use super::operator::Operator;
use crate::ActionPattern;

/// What a condition asks for that no request to a registry has. With it a condition is
/// well-formed, but part of it is never known: creation should refuse it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsupported {
    /// An attribute that isn't the name of the repository.
    #[error(
        "attribute {0} is not one that container registries have: use \
         @Request[Microsoft.ContainerRegistry/registries/repositories:name]"
    )]
    Attribute(String),
    /// An action, or a pattern that is of none of the data actions.
    #[error("action {0} is not a data action of container registries")]
    Action(ActionPattern),
    /// A suboperation.
    #[error("suboperation {0:?} is not one that container registries have")]
    SubOperation(Box<str>),
    /// An operator on something else than texts.
    #[error("operator {0} doesn't compare texts, and a repository's name is one")]
    Operator(&'static str),
}

/// The data actions of container registries (Azure RBAC, "Azure permissions for
/// Containers", `Microsoft.ContainerRegistry`).
const DATA_ACTIONS: [&str; 10] = [
    "Microsoft.ContainerRegistry/registries/catalog/read",
    "Microsoft.ContainerRegistry/registries/quarantinedArtifacts/read",
    "Microsoft.ContainerRegistry/registries/quarantinedArtifacts/write",
    "Microsoft.ContainerRegistry/registries/repositories/content/delete",
    "Microsoft.ContainerRegistry/registries/repositories/content/read",
    "Microsoft.ContainerRegistry/registries/repositories/content/write",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/delete",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/write",
    "Microsoft.ContainerRegistry/registries/trustedCollections/write",
];

impl Condition {
    /// Refuses the first thing, in the order that it is written, that no request to a
    /// registry has.
    pub fn check_supported(&self) -> Result<(), Unsupported> {
        check(&self.expression)
    }
}

fn check(expression: &Expression) -> Result<(), Unsupported> {
    match expression {
        Expression::Not(inner) => check(inner),
        Expression::All(parts) | Expression::Any(parts) => parts.iter().try_for_each(check),
        Expression::ActionMatches(pattern) => {
            let is_known = DATA_ACTIONS.iter().any(|action| pattern.matches(action));
            is_known.then_some(()).ok_or_else(|| Unsupported::Action(pattern.clone()))
        }
        Expression::SubOperationMatches(name) => Err(Unsupported::SubOperation(name.clone())),
        Expression::Exists(attribute) => known(attribute),
        Expression::Compare(Comparison { sides, operator, .. }) => {
            match sides {
                Sides::AttributeValues(attribute, _) | Sides::ValuesAttribute(_, attribute) => {
                    known(attribute)?;
                }
                Sides::Attributes(left, right) => {
                    known(left)?;
                    known(right)?;
                }
            }
            match operator {
                Operator::Text(_) => Ok(()),
                Operator::Other(_, word) => Err(Unsupported::Operator(word)),
            }
        }
    }
}

fn known(attribute: &Attribute) -> Result<(), Unsupported> {
    let is_known = attribute.is_repository_name();
    is_known.then_some(()).ok_or_else(|| Unsupported::Attribute(attribute.to_string()))
}
