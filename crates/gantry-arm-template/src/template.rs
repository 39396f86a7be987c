//! A template as it was written, checked for its structure.

mod output;
mod parameter;
mod resource;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::context::{Context, DeploymentScope};
use crate::deployment::Deployment;
use crate::error::TemplateError;
use crate::json::same;
use crate::limits;
use crate::node::{Loop, Node};
use crate::problem::Problem;

pub(crate) use self::output::Output;
pub(crate) use self::parameter::{Declaration, ParameterType};
pub(crate) use self::resource::Declared;

/// A template: read, its expressions parsed, nothing evaluated.
///
/// What is understood is the format of "Understand the structure and syntax of ARM
/// templates", with resources in an array or, in language version 2.0, by symbolic name. Not
/// understood, and refused: user-defined functions and types, deployments to management
/// groups and tenants, and nested deployments whose expressions are evaluated in the outer
/// scope.
#[derive(Clone, Debug)]
pub struct Template(Arc<Parts>);

/// The parts of a template. Names are in lower case where they are keys.
#[derive(Debug)]
pub(crate) struct Parts {
    scope: SchemaScope,
    pub(crate) content_version: String,
    pub(crate) parameters: BTreeMap<String, Declaration>,
    pub(crate) variables: BTreeMap<String, Variable>,
    pub(crate) resources: Vec<Arc<Declared>>,
    pub(crate) outputs: Vec<Output>,
}

#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: Box<str>,
    pub(crate) value: Node,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SchemaScope {
    ResourceGroup,
    Subscription,
}

impl Template {
    /// Reads a template. How long its text may be is the caller's matter; how deep and how
    /// many of each there are is bounded here.
    ///
    /// # Errors
    ///
    /// Whatever can be told without parameters: a structure that isn't ARM's, an expression
    /// that doesn't parse, a function that there isn't, more of something than Azure's limit.
    pub fn parse(template: &Value) -> Result<Self, TemplateError> {
        Ok(Self(Arc::new(Parts::read(template)?)))
    }

    /// Evaluates parameters, variables, names, conditions and loops, and puts the resources
    /// in order. `parameters` is `{"name": {"value": …}, …}` or null.
    ///
    /// # Errors
    ///
    /// Parameters that don't fit, expressions that can't be evaluated, dependencies that
    /// aren't there or that form a circle, and a deployment to another scope than the schema's.
    pub fn deploy(
        &self,
        parameters: &Value,
        context: Context,
    ) -> Result<Deployment, TemplateError> {
        let scope = match &context.scope {
            DeploymentScope::ResourceGroup { .. } => SchemaScope::ResourceGroup,
            DeploymentScope::Subscription { .. } => SchemaScope::Subscription,
        };
        if scope != self.0.scope {
            let (schema, scope) = (self.0.scope.as_str(), scope.as_str());
            return Err(Problem::WrongScope { schema, scope }.into());
        }
        Deployment::plan(Arc::clone(&self.0), parameters, context)
    }
}

impl Parts {
    fn read(template: &Value) -> Result<Self, Problem> {
        let members = object("the template", template)?;
        let mut parts = Self {
            scope: SchemaScope::ResourceGroup,
            content_version: String::new(),
            parameters: BTreeMap::new(),
            variables: BTreeMap::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
        };
        let mut schema = None;
        for (name, value) in members {
            match name.to_ascii_lowercase().as_str() {
                "$schema" => schema = Some(SchemaScope::read(text("$schema", value)?)?),
                "contentversion" => parts.content_version = text("contentVersion", value)?.into(),
                "languageversion" if ["1.0", "2.0"].contains(&text("languageVersion", value)?) => {}
                "languageversion" => {
                    return Err(Problem::Unsupported("language versions other than 2.0"));
                }
                "parameters" => parts.parameters = parameter::read(value)?,
                "variables" => parts.variables = variables(value)?,
                "resources" => parts.resources = resource::read(value)?,
                "outputs" => parts.outputs = output::read(value)?,
                "functions" if is_empty(value) => {}
                "functions" => return Err(Problem::Unsupported("user-defined functions")),
                "definitions" if is_empty(value) => {}
                "definitions" => return Err(Problem::Unsupported("user-defined types")),
                "metadata" => {}
                _ => {
                    let member = name.as_str().into();
                    return Err(Problem::UnknownMember { member, object: "Template" });
                }
            }
        }
        parts.scope = schema.ok_or_else(|| structure("$schema", "there"))?;
        if parts.content_version.is_empty() {
            return Err(structure("contentVersion", "there, such as 1.0.0.0"));
        }
        Ok(parts)
    }
}

impl SchemaScope {
    /// Only the file's name tells: the dates before it are versions of one format.
    fn read(schema: &str) -> Result<Self, Problem> {
        let file = schema.trim_end_matches('#').rsplit('/').next().unwrap_or_default();
        if same(file, "deploymentTemplate.json") {
            Ok(Self::ResourceGroup)
        } else if same(file, "subscriptionDeploymentTemplate.json") {
            Ok(Self::Subscription)
        } else {
            Err(Problem::Schema(schema.into()))
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::ResourceGroup => "resource group",
            Self::Subscription => "subscription",
        }
    }
}

fn variables(value: &Value) -> Result<BTreeMap<String, Variable>, Problem> {
    let mut variables = BTreeMap::new();
    let mut add = |name: &str, value| {
        let variable = Variable { name: name.into(), value };
        let twice = variables.insert(name.to_ascii_lowercase(), variable).is_some();
        if twice { Err(structure(name, "a variable of its own name")) } else { Ok(()) }
    };
    for (name, value) in object("variables", value)? {
        match value {
            Value::Array(loops) if same(name, "copy") => {
                for each in loops {
                    let each = Loop::read_named(each)?;
                    add(&each.name.clone(), Node::Loop(Box::new(each)))?;
                }
            }
            value => add(name, Node::read(value)?)?,
        }
    }
    limited("variables", limits::VARIABLES, variables.len())?;
    Ok(variables)
}

fn limited(what: &'static str, limit: usize, actual: usize) -> Result<(), Problem> {
    if actual > limit { Err(Problem::Limit { what, limit, actual }) } else { Ok(()) }
}

fn structure(what: &str, expected: &'static str) -> Problem {
    Problem::Structure { what: what.into(), expected }
}

fn object<'a>(what: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| structure(what, "an object"))
}

fn text<'a>(what: &str, value: &'a Value) -> Result<&'a str, Problem> {
    value.as_str().ok_or_else(|| structure(what, "a string"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
