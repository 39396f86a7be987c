//! The operators that compare.

use std::fmt;

use super::like::Like;

/// What a comparison asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Text(TextOperator),
    /// An operator on another type. It is parsed and printed, but no request to a registry
    /// has anything of these types, so its word is all there is to know.
    Other(ValueType, &'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Number,
    Bool,
    /// A point in time, written as a text.
    DateTime,
    Guid,
}

/// An operator on texts, such as `StringNotLikeIgnoreCase`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TextOperator {
    pub(super) sense: Sense,
    pub(super) relation: Relation,
    pub(super) case: Case,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Is,
    IsNot,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equals,
    StartsWith,
    Like,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    Ignored,
}

/// How an operator is spread over several values: `ForAnyOfAllValues` is true if any of
/// the left compares so with all of the right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantifier {
    pub(super) left: Spread,
    pub(super) right: Spread,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    Any,
    All,
}

const OTHERS: [(ValueType, &str); 16] = [
    (ValueType::Number, "NumericEquals"),
    (ValueType::Number, "NumericNotEquals"),
    (ValueType::Number, "NumericLessThan"),
    (ValueType::Number, "NumericLessThanEquals"),
    (ValueType::Number, "NumericGreaterThan"),
    (ValueType::Number, "NumericGreaterThanEquals"),
    (ValueType::Bool, "BoolEquals"),
    (ValueType::Bool, "BoolNotEquals"),
    (ValueType::DateTime, "DateTimeEquals"),
    (ValueType::DateTime, "DateTimeNotEquals"),
    (ValueType::DateTime, "DateTimeLessThan"),
    (ValueType::DateTime, "DateTimeLessThanEquals"),
    (ValueType::DateTime, "DateTimeGreaterThan"),
    (ValueType::DateTime, "DateTimeGreaterThanEquals"),
    (ValueType::Guid, "GuidEquals"),
    (ValueType::Guid, "GuidNotEquals"),
];

impl Operator {
    /// The operator of this word, in whatever case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let other = OTHERS.iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
        match other {
            Some(&(value_type, known)) => Some(Self::Other(value_type, known)),
            None => TextOperator::parse(word).map(Self::Text),
        }
    }
}

impl TextOperator {
    fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let rest = word.strip_prefix("string")?;
        let (rest, sense) = match rest.strip_prefix("not") {
            Some(rest) => (rest, Sense::IsNot),
            None => (rest, Sense::Is),
        };
        let (rest, case) = match rest.strip_suffix("ignorecase") {
            Some(rest) => (rest, Case::Ignored),
            None => (rest, Case::Counts),
        };
        let relation = match rest {
            "equals" => Relation::Equals,
            "startswith" => Relation::StartsWith,
            "like" => Relation::Like,
            _ => return None,
        };
        Some(Self { sense, relation, case })
    }

    /// Whether it is true of two texts.
    pub(super) fn holds(self, left: &str, right: &str) -> bool {
        let (left, right) = (self.fold(left), self.fold(right));
        let related = match self.relation {
            Relation::Equals => left == right,
            Relation::StartsWith => left.starts_with(&right),
            Relation::Like => Like::new(&right).matches(&left),
        };
        related == (self.sense == Sense::Is)
    }

    /// A text as the operator sees it.
    pub(super) fn fold(self, text: &str) -> String {
        match self.case {
            Case::Counts => text.to_owned(),
            Case::Ignored => text.to_ascii_lowercase(),
        }
    }
}

impl Quantifier {
    /// The quantifier of this word, in whatever case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let spreads = [Spread::Any, Spread::All];
        let each = spreads.into_iter().flat_map(|left| spreads.map(|right| Self { left, right }));
        each.into_iter().find(|quantifier| quantifier.to_string().eq_ignore_ascii_case(word))
    }
}

impl Spread {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::All => "All",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self {
            Self::Other(_, word) => return f.write_str(word),
            Self::Text(operator) => operator,
        };
        f.write_str("String")?;
        f.write_str(match operator.sense {
            Sense::Is => "",
            Sense::IsNot => "Not",
        })?;
        f.write_str(match operator.relation {
            Relation::Equals => "Equals",
            Relation::StartsWith => "StartsWith",
            Relation::Like => "Like",
        })?;
        f.write_str(match operator.case {
            Case::Counts => "",
            Case::Ignored => "IgnoreCase",
        })
    }
}

impl fmt::Display for Quantifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "For{}Of{}Values", self.left.as_str(), self.right.as_str())
    }
}
