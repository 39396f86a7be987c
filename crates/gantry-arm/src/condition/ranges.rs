//! For which names a condition can hold, so that lists are read by index.

use super::Condition;
use super::like::{Like, Shape};
use super::operator::{Relation, Sense, TextOperator};
use super::walk::{Logic, NameAnd, Truth, World};
use crate::NameRanges;

/// The names of repositories for which a condition can hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// Every name for which it holds is in one of these.
    pub ranges: NameRanges,
    /// Whether it holds for every name in them.
    pub exactness: Exactness,
}

/// Whether a condition holds for every name in its ranges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exactness {
    /// It does: no name need be asked again.
    Exact,
    /// Perhaps not: ask [`Condition::holds`] of each name.
    Superset,
}

impl Condition {
    /// The names of repositories for which the condition can hold when this data action is
    /// asked for.
    pub fn names(&self, action: &str) -> Names {
        let holds = self.expression.value(&AnyRepository { action }).holds;
        let exactness = match holds.at_least == holds.at_most {
            true => Exactness::Exact,
            false => Exactness::Superset,
        };
        Names { ranges: holds.at_most, exactness }
    }
}

/// A request of which all is known but the repository's name.
struct AnyRepository<'a> {
    action: &'a str,
}

/// For which names an expression is true and for which it is false. Names in neither are
/// those for which it is unknown. Negation swaps the two, so nothing has to be undone.
struct Extent {
    holds: Bounds,
    fails: Bounds,
}

/// What is known of a set: the names that are in it for sure, and those that may be.
#[derive(Clone)]
struct Bounds {
    at_least: NameRanges,
    at_most: NameRanges,
}

impl World for AnyRepository<'_> {
    type Value = Extent;

    fn action(&self) -> &str {
        self.action
    }

    fn has_repository(&self) -> bool {
        true
    }

    fn compare(&self, operator: TextOperator, name: NameAnd<'_>) -> Extent {
        let extent = match name {
            NameAnd::TextOnRight(text) => Extent::of_names(operator.relation, &operator.fold(text)),
            NameAnd::TextOnLeft(_) => Extent::within(NameRanges::everything()),
            // A name equals itself, begins with itself, and has no wildcards.
            NameAnd::Itself => Extent::constant(Truth::True),
        };
        match operator.sense {
            Sense::Is => extent,
            Sense::IsNot => extent.negated(),
        }
    }
}

impl Extent {
    /// The names with this relation to a text. They are in lower case, so the operator's
    /// own folding of the text is all the folding there is.
    fn of_names(relation: Relation, text: &str) -> Self {
        match relation {
            Relation::Equals => Self::exactly(NameRanges::exact(text)),
            Relation::StartsWith => Self::exactly(NameRanges::prefix(text)),
            Relation::Like => match Like::new(text).shape() {
                Shape::Exact(text) => Self::exactly(NameRanges::exact(&text)),
                Shape::Prefix(text) => Self::exactly(NameRanges::prefix(&text)),
                Shape::Within(text) => Self::within(NameRanges::prefix(&text)),
            },
        }
    }

    /// True for these names, false for all others.
    fn exactly(names: NameRanges) -> Self {
        let others = names.complement();
        Self { holds: Bounds::exactly(names), fails: Bounds::exactly(others) }
    }

    /// True or false for these names, false for all others.
    fn within(names: NameRanges) -> Self {
        let (none, others) = (NameRanges::none(), names.complement());
        Self {
            holds: Bounds { at_least: none, at_most: names },
            fails: Bounds { at_least: others, at_most: NameRanges::everything() },
        }
    }
}

impl Logic for Extent {
    fn constant(truth: Truth) -> Self {
        let nowhere = || Bounds::exactly(NameRanges::none());
        match truth {
            Truth::True => Self::exactly(NameRanges::everything()),
            Truth::False => Self::exactly(NameRanges::none()),
            Truth::Unknown => Self { holds: nowhere(), fails: nowhere() },
        }
    }

    fn negated(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }

    fn and(self, other: Self) -> Self {
        Self {
            holds: self.holds.combine(&other.holds, NameRanges::intersection),
            fails: self.fails.combine(&other.fails, NameRanges::union),
        }
    }

    fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }
}

impl Bounds {
    fn exactly(names: NameRanges) -> Self {
        Self { at_least: names.clone(), at_most: names }
    }

    fn combine(&self, other: &Self, by: fn(&NameRanges, &NameRanges) -> NameRanges) -> Self {
        Self {
            at_least: by(&self.at_least, &other.at_least),
            at_most: by(&self.at_most, &other.at_most),
        }
    }
}
