//! Why a template can't be deployed, as ARM tells it.

use std::fmt::{self, Display};

use crate::problem::Problem;

/// Why a template, or the parameters for it, can't be deployed.
///
/// It prints as the message that Azure Resource Manager gives ("Troubleshoot common Azure
/// deployment errors"), and [`TemplateError::code`] is the code that goes with it. It names
/// parameters, variables and resources. The value of a secure parameter is not in it, unless
/// the template makes a name of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateError {
    place: Place,
    problem: Box<Problem>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Template,
    Resource(Box<str>),
    Output(Box<str>),
}

impl TemplateError {
    pub(crate) fn template(problem: Problem) -> Self {
        Self { place: Place::Template, problem: Box::new(problem) }
    }

    pub(crate) fn resource(name: &str, problem: Problem) -> Self {
        Self { place: Place::Resource(name.into()), problem: Box::new(problem) }
    }

    pub(crate) fn output(name: &str, problem: Problem) -> Self {
        Self { place: Place::Output(name.into()), problem: Box::new(problem) }
    }

    /// ARM's code: `InvalidTemplate`, or `DeploymentOutputEvaluationFailed`.
    pub fn code(&self) -> &'static str {
        match self.place {
            Place::Template | Place::Resource(_) => "InvalidTemplate",
            Place::Output(_) => "DeploymentOutputEvaluationFailed",
        }
    }

    /// What went wrong, without the sentence around it that says where.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = &self.problem;
        match &self.place {
            Place::Template => write!(f, "Deployment template validation failed: '{problem}'."),
            Place::Resource(name) => write!(
                f,
                "Unable to process template language expressions for resource '{name}': '{problem}'"
            ),
            Place::Output(name) => {
                write!(f, "The template output '{name}' is not valid: {problem}")
            }
        }
    }
}

impl std::error::Error for TemplateError {}

impl From<Problem> for TemplateError {
    fn from(problem: Problem) -> Self {
        Self::template(problem)
    }
}
