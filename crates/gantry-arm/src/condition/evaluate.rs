//! Whether a condition holds for a request.

use super::Condition;
use super::operator::TextOperator;
use super::walk::{Logic, NameAnd, Truth, World};

/// What a request to a registry has that a condition can ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attributes<'a> {
    /// The data action, such as
    /// `Microsoft.ContainerRegistry/registries/repositories/content/read`.
    pub action: &'a str,
    /// The name of the repository. An action on the registry as a whole has none, and
    /// what compares it is unknown then.
    pub repository: Option<&'a str>,
}

impl Condition {
    /// Whether the condition holds for a request: whether its value is true, and neither
    /// false nor unknown.
    pub fn holds(&self, request: &Attributes<'_>) -> bool {
        self.expression.value(request) == Truth::True
    }
}

impl World for Attributes<'_> {
    type Value = Truth;

    fn action(&self) -> &str {
        self.action
    }

    fn has_repository(&self) -> bool {
        self.repository.is_some()
    }

    fn compare(&self, operator: TextOperator, name: NameAnd<'_>) -> Truth {
        let Some(repository) = self.repository else { return Truth::Unknown };
        Truth::from(match name {
            NameAnd::TextOnRight(text) => operator.holds(repository, text),
            NameAnd::TextOnLeft(text) => operator.holds(text, repository),
            NameAnd::Itself => operator.holds(repository, repository),
        })
    }
}

impl Logic for Truth {
    fn constant(truth: Truth) -> Self {
        truth
    }

    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::Unknown => Self::Unknown,
            Self::False => Self::True,
        }
    }

    fn and(self, other: Self) -> Self {
        self.min(other)
    }

    fn or(self, other: Self) -> Self {
        self.max(other)
    }
}
