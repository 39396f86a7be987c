//! The structure of a condition.

use super::operator::{Operator, Quantifier};
use crate::{ActionPattern, Guid};

/// An expression: true, false or unknown of a request.
///
/// As deep as parentheses and negations allow, so walks may recurse.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Not(Box<Self>),
    /// Two or more, joined by `AND`.
    All(Vec<Self>),
    /// Two or more, joined by `OR`.
    Any(Vec<Self>),
    ActionMatches(ActionPattern),
    SubOperationMatches(Box<str>),
    Exists(Attribute),
    Compare(Comparison),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) sides: Sides,
    pub(super) quantifier: Option<Quantifier>,
    pub(super) operator: Operator,
}

/// What is compared, left and right: an attribute with one or more values, just one where
/// there is no quantifier, or with another attribute.
///
/// Values with values would tell nothing of a request, and be as much work as both sets
/// multiplied.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Sides {
    AttributeValues(Attribute, Vec<Value>),
    ValuesAttribute(Vec<Value>, Attribute),
    Attributes(Attribute, Attribute),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text without its quotes, and with `'` instead of `\'`. Other backslashes stay:
    /// what they mean is the operator's.
    Text(Box<str>),
    Number(i64),
    Bool(bool),
    Guid(Guid),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Bool(_) | Self::Guid(_) => None,
        }
    }
}

/// An attribute such as `@Request[Namespace/type:name]`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) source: Source,
    pub(super) name: Box<str>,
}

/// Where an attribute is taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Request,
    Resource,
    Principal,
    Environment,
}

impl Attribute {
    /// Whether it is the name of the repository that a request is about.
    pub(super) fn is_repository_name(&self) -> bool {
        const NAME: &str = "Microsoft.ContainerRegistry/registries/repositories:name";
        matches!(self.source, Source::Request | Source::Resource)
            && self.name.eq_ignore_ascii_case(NAME)
    }
}

impl Source {
    pub(super) const EACH: [Self; 4] =
        [Self::Request, Self::Resource, Self::Principal, Self::Environment];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Resource => "Resource",
            Self::Principal => "Principal",
            Self::Environment => "Environment",
        }
    }
}
