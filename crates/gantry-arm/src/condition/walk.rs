//! The one walk over an expression, for whoever asks what it comes to.

use super::expression::{Comparison, Expression, Sides};
use super::operator::{Operator, Quantifier, Spread, TextOperator};

/// A value of an expression. The order is that of Kleene's logic: `AND` is the least,
/// `OR` the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

/// What expressions come to: a [`Truth`], or a truth for each name at once.
pub(super) trait Logic {
    fn constant(truth: Truth) -> Self;
    fn negated(self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
}

/// What is known of a request.
pub(super) trait World {
    type Value: Logic;

    fn action(&self) -> &str;
    fn has_repository(&self) -> bool;
    fn compare(&self, operator: TextOperator, name: NameAnd<'_>) -> Self::Value;
}

/// The repository's name, on one side of an operator, and what is on the other.
#[derive(Clone, Copy)]
pub(super) enum NameAnd<'a> {
    TextOnRight(&'a str),
    TextOnLeft(&'a str),
    Itself,
}

impl Expression {
    /// What the expression comes to.
    pub(super) fn value<W: World>(&self, world: &W) -> W::Value {
        let constant = W::Value::constant;
        match self {
            Self::Not(inner) => inner.value(world).negated(),
            Self::All(parts) => spread(Spread::All, parts, |part| part.value(world)),
            Self::Any(parts) => spread(Spread::Any, parts, |part| part.value(world)),
            Self::ActionMatches(pattern) => constant(Truth::from(pattern.matches(world.action()))),
            // Registries' actions have no suboperations that could be told.
            Self::SubOperationMatches(_) => constant(Truth::Unknown),
            Self::Exists(attribute) if attribute.is_repository_name() => {
                constant(Truth::from(world.has_repository()))
            }
            Self::Exists(_) => constant(Truth::Unknown),
            Self::Compare(comparison) => comparison.value(world),
        }
    }
}

impl Comparison {
    fn value<W: World>(&self, world: &W) -> W::Value {
        // One value: any of it is all of it.
        const ONE: Quantifier = Quantifier { left: Spread::Any, right: Spread::Any };
        let quantifier = self.quantifier.unwrap_or(ONE);
        match &self.sides {
            Sides::AttributeValues(attribute, values) if attribute.is_repository_name() => {
                spread(quantifier.right, values, |value| {
                    self.compare(world, value.text().map(NameAnd::TextOnRight))
                })
            }
            Sides::ValuesAttribute(values, attribute) if attribute.is_repository_name() => {
                spread(quantifier.left, values, |value| {
                    self.compare(world, value.text().map(NameAnd::TextOnLeft))
                })
            }
            Sides::Attributes(left, right)
                if left.is_repository_name() && right.is_repository_name() =>
            {
                self.compare(world, Some(NameAnd::Itself))
            }
            _ => W::Value::constant(Truth::Unknown),
        }
    }

    fn compare<W: World>(&self, world: &W, name: Option<NameAnd<'_>>) -> W::Value {
        match (self.operator, name) {
            (Operator::Text(operator), Some(name)) => world.compare(operator, name),
            _ => W::Value::constant(Truth::Unknown),
        }
    }
}

/// Joins what items come to. By halves, so that joining many sets of names is not as much
/// work as their number squared.
fn spread<T, V: Logic>(how: Spread, items: &[T], value: impl Fn(&T) -> V + Copy) -> V {
    let (left, right) = match items {
        [] => {
            return V::constant(match how {
                Spread::Any => Truth::False,
                Spread::All => Truth::True,
            });
        }
        [one] => return value(one),
        _ => items.split_at(items.len() / 2),
    };
    let (left, right) = (spread(how, left, value), spread(how, right, value));
    match how {
        Spread::Any => left.or(right),
        Spread::All => left.and(right),
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}
