//! What only the deployment's surroundings know: resources as they are, and their keys.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::TemplateError;
use crate::problem::Problem;

/// What an expression asks of the resources that there are.
#[derive(Clone, PartialEq, Debug)]
pub enum Needed {
    /// `reference(…)`: the resource as a `GET` shows it, with its `properties`.
    Reference {
        /// The resource's id.
        id: String,
        /// The API version to ask with.
        api_version: String,
    },
    /// `list*(…)`: what the action yields.
    List {
        /// The action, such as `listCredentials`.
        function: String,
        /// The resource's id.
        id: String,
        /// The API version to ask with.
        api_version: String,
        /// The body of the request, if it has one.
        body: Option<Value>,
    },
}

/// Answers to what was [`Needed`], for the next evaluation.
#[derive(Clone, Default, Debug)]
pub struct Known(BTreeMap<String, Value>);

impl Known {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer. It holds for the same question however the case of its letters is.
    pub fn insert(&mut self, needed: &Needed, answer: Value) {
        self.0.insert(needed.key(), answer);
    }

    /// The answer, or the need of it.
    pub(crate) fn answer(&self, needed: Needed) -> Result<&Value, Halt> {
        self.0.get(&needed.key()).ok_or(Halt::Needed(needed))
    }
}

impl Needed {
    /// The question in one text: no part has a line's end, or it is quoted. Every version is answered
    /// alike.
    fn key(&self) -> String {
        match self {
            Self::Reference { id, .. } => format!("reference\n{id:?}").to_ascii_lowercase(),
            Self::List { function, id, body, .. } => {
                let question = format!("{function}\n{id:?}").to_ascii_lowercase();
                let body = body.as_ref().map(Value::to_string).unwrap_or_default();
                format!("{question}\n{body}")
            }
        }
    }
}

/// Why a value can't be told now.
#[derive(Clone, PartialEq, Debug)]
pub enum Unsettled {
    /// It depends on this: fetch it, [`Known::insert`] it, and ask again.
    Needed(Needed),
    /// It can't be told at all.
    Error(TemplateError),
}

/// Why an evaluation stops: [`Unsettled`] before it is known where in the template.
#[derive(Debug)]
pub(crate) enum Halt {
    Needed(Needed),
    Problem(Problem),
}

impl Halt {
    /// Says where it was.
    pub(crate) fn at(self, place: impl FnOnce(Problem) -> TemplateError) -> Unsettled {
        match self {
            Self::Needed(needed) => Unsettled::Needed(needed),
            Self::Problem(problem) => Unsettled::Error(place(problem)),
        }
    }

    /// The problem of an evaluation in a place where nothing is asked of resources.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Needed(Needed::Reference { .. }) => {
                Problem::Misplaced { function: "reference".into() }
            }
            Self::Needed(Needed::List { function, .. }) => {
                Problem::Misplaced { function: function.into() }
            }
            Self::Problem(problem) => problem,
        }
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
