//! A template with its parameters, ready to be carried out.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::budget::Budget;
use crate::context::Context;
use crate::dependencies::dependencies;
use crate::error::TemplateError;
use crate::evaluate::{Evaluator, Place, Runtime, Turn, wrong_type};
use crate::json::type_name;
use crate::known::{Halt, Known, Unsettled};
use crate::order::order;
use crate::plan::{Plan, plan};
use crate::problem::Problem;
use crate::resource::Resource;
use crate::settle::{Settled, settle};
use crate::targets::Targets;
use crate::template::{Output, Parts};

/// A template with its parameters: what to make, in which order, and of what.
///
/// Go through [`Deployment::resources`] in order. A body can ask for resources as they are,
/// which only the caller can fetch: [`Deployment::body`] then says what it needs, and is
/// asked again when that is [`Known`]. The same goes for [`Deployment::outputs`], at the end.
#[derive(Debug)]
pub struct Deployment {
    parts: Arc<Parts>,
    context: Context,
    settled: Settled,
    targets: Targets,
    resources: Vec<Resource>,
    left_out: Vec<Resource>,
}

impl Deployment {
    pub(crate) fn plan(
        parts: Arc<Parts>,
        parameters: &Value,
        context: Context,
    ) -> Result<Self, TemplateError> {
        let budget = Budget::new();
        let settled = settle(&parts, &context, parameters, &budget)?;
        let Plan { resources, waits } = plan(&parts, &context, &settled, &budget)?;
        let targets = Targets::new(&resources);
        let mut depends_on = Vec::with_capacity(resources.len());
        for resource in &resources {
            let (place, turns) = (Place::Plan(&settled), resource.turns.clone());
            let evaluator = Evaluator::new(&parts, &context, place, &budget, turns);
            depends_on.push(
                dependencies(&evaluator, &targets, &resource.declared)
                    .map_err(|problem| in_resource(resource, problem))?,
            );
        }
        for (later, earlier) in waits {
            depends_on[later].insert(earlier);
        }
        let ordered = order(&depends_on).map_err(|circle| {
            let names = circle.iter().map(|&place| resources[place].name.as_str().into());
            Problem::ResourcesCircular(names.collect())
        })?;
        let (resources, left_out) = sorted(resources, &depends_on, &ordered, &budget)?;
        Ok(Self { parts, context, settled, targets, resources, left_out })
    }

    /// The resources in an order in which each comes after all that it depends on, and where
    /// that leaves a choice, as in the template. Those that are only referred to are among
    /// them.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resources whose condition is false.
    pub fn left_out(&self) -> &[Resource] {
        &self.left_out
    }

    /// The body of a resource: what it has beside its name, type, API version and the
    /// template's own members.
    ///
    /// # Errors
    ///
    /// [`Unsettled::Needed`] if it asks for something that isn't known yet, one at a time.
    pub fn body(&self, resource: &Resource, known: &Known) -> Result<Value, Unsettled> {
        let budget = Budget::new();
        let evaluator = self.evaluator(known, &budget, resource.turns.clone());
        let body = evaluator.node(&resource.declared.body);
        body.map_err(|halt| halt.at(|problem| TemplateError::resource(&resource.name, problem)))
    }

    /// The outputs, as a deployment shows them: `{"name": {"type": …, "value": …}, …}`.
    /// Secure ones are without value.
    ///
    /// # Errors
    ///
    /// [`Unsettled::Needed`] if one asks for something that isn't known yet, one at a time.
    pub fn outputs(&self, known: &Known) -> Result<Value, Unsettled> {
        let budget = Budget::new();
        let evaluator = self.evaluator(known, &budget, Vec::new());
        let mut shown = Map::new();
        for output in &self.parts.outputs {
            let value = output_value(&evaluator, output);
            let value = value.map_err(|h| h.at(|p| TemplateError::output(&output.name, p)))?;
            if let Some(value) = value {
                let secure = output.output_type.is_secure();
                let value = typed(output.output_type.as_str(), (!secure).then_some(value));
                shown.insert(output.name.clone().into(), value);
            }
        }
        Ok(shown.into())
    }

    /// The parameters with their values, as a deployment shows them:
    /// `{"name": {"type": …, "value": …}, …}`. Secure ones are without value.
    pub fn parameters(&self) -> Value {
        let shown = self.parts.parameters.values().map(|declaration| {
            let secure = declaration.parameter_type.is_secure();
            let value = self.settled.parameter(&declaration.name).ok().filter(|_| !secure);
            let value = typed(declaration.parameter_type.as_str(), value.cloned());
            (String::from(declaration.name.clone()), value)
        });
        Value::Object(shown.collect())
    }

    fn evaluator<'a>(
        &'a self,
        known: &'a Known,
        budget: &'a Budget,
        turns: Vec<Turn>,
    ) -> Evaluator<'a> {
        let runtime = Runtime { settled: &self.settled, targets: &self.targets, known };
        Evaluator::new(&self.parts, &self.context, Place::Runtime(runtime), budget, turns)
    }
}

/// A problem of what a resource depends on. That something isn't there is one of the whole
/// template, as ARM has it.
fn in_resource(resource: &Resource, problem: Problem) -> TemplateError {
    match problem {
        Problem::ResourceUndefined(_) | Problem::ResourceAmbiguous(_) => problem.into(),
        other => TemplateError::resource(&resource.name, other),
    }
}

/// Puts resources in order, those that are left out apart. What depends on one of these
/// depends on what it depended on instead.
fn sorted(
    resources: Vec<Resource>,
    depends_on: &[BTreeSet<usize>],
    ordered: &[usize],
    budget: &Budget,
) -> Result<(Vec<Resource>, Vec<Resource>), Problem> {
    let mut resolved = vec![BTreeSet::new(); resources.len()];
    for &place in ordered {
        let mut through = BTreeSet::new();
        for &dependency in &depends_on[place] {
            if resources[dependency].is_left_out {
                through.extend(resolved[dependency].iter().copied());
            } else {
                through.insert(dependency);
            }
        }
        // What it depends on is written out, an id each.
        for &dependency in &through {
            budget.bytes(resources[dependency].id.len())?;
        }
        resolved[place] = through;
    }
    let ids: Vec<String> = resources.iter().map(|resource| resource.id.clone()).collect();
    let mut places: Vec<Option<Resource>> = resources.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(ordered.len());
    for &place in ordered {
        let mut resource = places[place].take().expect("each place is in the order once");
        resource.depends_on = resolved[place].iter().map(|&place| ids[place].clone()).collect();
        sorted.push(resource);
    }
    Ok(sorted.into_iter().partition(|resource| !resource.is_left_out))
}

/// The value of an output, or `None` if its condition is false.
fn output_value<'a>(evaluator: &Evaluator<'a>, output: &'a Output) -> Result<Option<Value>, Halt> {
    if let Some(condition) = &output.condition {
        match evaluator.node(condition)? {
            Value::Bool(true) => {}
            Value::Bool(false) => return Ok(None),
            other => return Err(wrong_type("condition", "a boolean", &other).into()),
        }
    }
    let value = evaluator.node(&output.value)?;
    if output.output_type.has(&value) || output.is_nullable && value.is_null() {
        return Ok(Some(value));
    }
    let (expected, actual) = (output.output_type.expected(), type_name(&value));
    Err(Problem::OutputType { expected, actual }.into())
}

fn typed(name: &str, value: Option<Value>) -> Value {
    let mut typed = json!({ "type": name });
    if let Some(value) = value {
        typed["value"] = value;
    }
    typed
}
