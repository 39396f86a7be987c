//! From declared resources to those of a deployment: loops, children, conditions, ids.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::budget::Budget;
use crate::context::Context;
use crate::evaluate::{Evaluator, Place, Turn, expect_text, wrong_type};
use crate::known::Halt;
use crate::limits;
use crate::node::Node;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::resource_name;
use crate::settle::Settled;
use crate::template::{Declared, Parts};

/// The resources of a deployment as they are declared, with what loops want of their order.
pub(crate) struct Plan {
    pub(crate) resources: Vec<Resource>,
    /// Pairs of which the first waits for the second: a loop that goes on in batches.
    pub(crate) waits: Vec<(usize, usize)>,
}

/// Plans all resources of a template. Dependencies are not looked at yet.
pub(crate) fn plan(
    parts: &Parts,
    context: &Context,
    settled: &Settled,
    budget: &Budget,
) -> Result<Plan, Problem> {
    let planner = Planner { parts, context, settled, budget };
    let mut plan = Plan { resources: Vec::new(), waits: Vec::new() };
    for declared in &parts.resources {
        planner.add(&mut plan, declared, None, &[]).map_err(Halt::problem)?;
    }
    let mut ids = BTreeSet::new();
    for resource in plan.resources.iter().filter(|r| !r.is_existing() && !r.is_left_out) {
        if !ids.insert(resource.id.to_ascii_lowercase()) {
            return Err(Problem::ResourceTwice(resource.id.as_str().into()));
        }
    }
    Ok(plan)
}

struct Planner<'a> {
    parts: &'a Parts,
    context: &'a Context,
    settled: &'a Settled,
    budget: &'a Budget,
}

/// What a child resource goes on from.
struct Parent {
    resource_type: String,
    name: String,
}

impl<'a> Planner<'a> {
    /// Adds a resource, once for each turn of its loop.
    fn add(
        &self,
        plan: &mut Plan,
        declared: &'a Arc<Declared>,
        parent: Option<&Parent>,
        turns: &[Turn],
    ) -> Result<(), Halt> {
        let Some(copy) = &declared.copy else {
            return self.add_one(plan, declared, parent, turns);
        };
        if parent.is_some() {
            return Err(Problem::Unsupported("loops over child resources").into());
        }
        let count = self.evaluator(turns.to_vec()).count(&copy.count)?;
        let mut places: Vec<usize> = Vec::new();
        for index in 0..count {
            places.push(plan.resources.len());
            let turn = Turn { name: copy.name.clone(), index };
            self.add_one(plan, declared, parent, &[turns, &[turn]].concat())?;
            let last = places.len() - 1;
            if let Some(before) = copy.batch.and_then(|size| last.checked_sub(size)) {
                plan.waits.push((places[last], places[before]));
            }
        }
        Ok(())
    }

    fn add_one(
        &self,
        plan: &mut Plan,
        declared: &'a Arc<Declared>,
        parent: Option<&Parent>,
        turns: &[Turn],
    ) -> Result<(), Halt> {
        let evaluator = self.evaluator(turns.to_vec());
        let text = |what, node| Ok::<_, Halt>(expect_text(what, evaluator.node(node)?)?);
        let mut resource_type = text("type", &declared.resource_type)?;
        let mut name = text("name", &declared.name)?;
        if let Some(parent) = parent {
            resource_type = format!("{}/{resource_type}", parent.resource_type);
            name = format!("{}/{name}", parent.name);
        }
        let scope = scope(&evaluator, declared)?;
        let names: Vec<_> = name.split('/').collect();
        let id = resource_name::id(&scope, &resource_type, &names).ok_or_else(|| {
            let (name, resource_type) = (name.as_str().into(), resource_type.as_str().into());
            Problem::Segments { name, resource_type }
        })?;
        let is_left_out = match &declared.condition {
            None => false,
            Some(condition) => match evaluator.node(condition)? {
                Value::Bool(holds) => !holds,
                other => return Err(wrong_type("condition", "a boolean", &other).into()),
            },
        };
        if plan.resources.len() == limits::RESOURCES {
            let (what, limit) = ("resources", limits::RESOURCES);
            return Err(Problem::Limit { what, limit, actual: limit + 1 }.into());
        }
        self.budget.bytes(id.len().saturating_mul(8))?;
        plan.resources.push(Resource {
            id,
            resource_type: resource_type.clone(),
            name: name.clone(),
            api_version: text("apiVersion", &declared.api_version)?,
            depends_on: Vec::new(),
            is_left_out,
            declared: Arc::clone(declared),
            turns: turns.to_vec(),
        });
        let parent = Parent { resource_type, name };
        declared.children.iter().try_for_each(|child| self.add(plan, child, Some(&parent), turns))
    }

    fn evaluator(&self, turns: Vec<Turn>) -> Evaluator<'a> {
        let place = Place::Plan(self.settled);
        Evaluator::new(self.parts, self.context, place, self.budget, turns)
    }
}

/// The id of what the resource is in: what is deployed to, another group or subscription, or
/// the resource that it extends.
fn scope<'a>(evaluator: &Evaluator<'a>, declared: &'a Declared) -> Result<String, Halt> {
    let text = |what, node: &'a Option<Node>| {
        let value = node.as_ref().map(|node| evaluator.node(node)).transpose()?;
        Ok::<_, Halt>(value.map(|value| expect_text(what, value)).transpose()?)
    };
    let context = evaluator.context;
    let subscription = text("subscriptionId", &declared.subscription)?;
    let group = text("resourceGroup", &declared.resource_group)?;
    let within = match (subscription, group) {
        (None, None) => context.scope_id(),
        (None, Some(group)) => format!("{}/resourceGroups/{group}", context.subscription_id()),
        (Some(subscription), None) => format!("/subscriptions/{subscription}"),
        (Some(subscription), Some(group)) => {
            format!("/subscriptions/{subscription}/resourceGroups/{group}")
        }
    };
    Ok(match text("scope", &declared.scope)? {
        None => within,
        Some(scope) if scope.starts_with('/') => scope,
        Some(scope) => format!("{within}/providers/{scope}"),
    })
}
