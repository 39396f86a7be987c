//! What a resource waits for: what it names in `dependsOn`, and what its body asks for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::evaluate::{Evaluator, wrong_type};
use crate::expression::{Call, Expression, Text};
use crate::known::Halt;
use crate::node::Node;
use crate::problem::Problem;
use crate::targets::Targets;
use crate::template::Declared;

/// The places of the resources that one depends on ("Define the order for deploying
/// resources in ARM templates").
///
/// A body depends on the resources of the same template that it has in `reference` and
/// `list*`, by name or by id, in the branches that are taken as far as that is known.
pub(crate) fn dependencies<'a>(
    evaluator: &Evaluator<'a>,
    targets: &'a Targets,
    declared: &'a Declared,
) -> Result<BTreeSet<usize>, Problem> {
    let mut finder = Finder { evaluator, targets, found: BTreeSet::new() };
    finder.explicit(declared).map_err(Halt::problem)?;
    finder.node(&declared.body).map_err(Halt::problem)?;
    Ok(finder.found)
}

struct Finder<'e, 'a> {
    evaluator: &'e Evaluator<'a>,
    targets: &'a Targets,
    found: BTreeSet<usize>,
}

impl<'a> Finder<'_, 'a> {
    fn explicit(&mut self, declared: &'a Declared) -> Result<(), Halt> {
        let Some(depends_on) = &declared.depends_on else { return Ok(()) };
        let names = match self.evaluator.node(depends_on)? {
            Value::Array(names) => names,
            other => return Err(wrong_type("dependsOn", "an array", &other).into()),
        };
        for name in names {
            let Value::String(name) = name else {
                return Err(wrong_type("dependsOn", "an array of strings", &name).into());
            };
            self.add(self.targets.many(&name)?)?;
        }
        Ok(())
    }

    /// Looks for calls in a value. Its depth is bounded, and so is that of expressions.
    fn node(&mut self, node: &'a Node) -> Result<(), Halt> {
        self.evaluator.budget.step()?;
        match node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Verbatim(_) => Ok(()),
            Node::Text(text) => self.text(text),
            Node::Array(elements) => elements.iter().try_for_each(|element| self.node(element)),
            Node::Object(members) => members.iter().try_for_each(|(name, member)| {
                self.text(name)?;
                self.node(member)
            }),
            Node::Loop(each) => {
                let evaluator = self.evaluator;
                evaluator.each_turn(each, || self.node(&each.input))
            }
        }
    }

    fn text(&mut self, text: &'a Text) -> Result<(), Halt> {
        match text {
            Text::Literal(_) => Ok(()),
            Text::Expression(expression) => self.expression(expression),
        }
    }

    fn expression(&mut self, expression: &'a Expression) -> Result<(), Halt> {
        self.evaluator.budget.step()?;
        match expression {
            Expression::Text(_) | Expression::Int(_) => Ok(()),
            Expression::Member { of, key } => {
                self.expression(of)?;
                self.expression(key)
            }
            Expression::If(branches) => {
                let [condition, then, otherwise] = &**branches;
                self.expression(condition)?;
                let holds = self.value(condition)?;
                if holds != Some(Value::Bool(false)) {
                    self.expression(then)?;
                }
                if holds != Some(Value::Bool(true)) {
                    self.expression(otherwise)?;
                }
                Ok(())
            }
            Expression::Call(call) => self.call(call),
        }
    }

    fn call(&mut self, call: &'a Call) -> Result<(), Halt> {
        call.arguments.iter().try_for_each(|argument| self.expression(argument))?;
        if !call.function.is_runtime() {
            return Ok(());
        }
        let Some(target) = call.arguments.first() else { return Ok(()) };
        if let Some(Value::String(target)) = self.value(target)? {
            match self.targets.many(&target) {
                Ok(places) => self.add(places)?,
                // The id of a resource that is there already.
                Err(Problem::ResourceUndefined(_)) if target.starts_with('/') => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        Ok(())
    }

    fn add(&mut self, places: &[usize]) -> Result<(), Problem> {
        self.evaluator.budget.bytes(places.len().saturating_mul(8))?;
        self.found.extend(places);
        Ok(())
    }

    /// A value that may be known before anything is deployed. What is wrong with it shows
    /// when the body is evaluated, unless it is too much already.
    fn value(&self, expression: &'a Expression) -> Result<Option<Value>, Halt> {
        match self.evaluator.expression(expression) {
            Ok(value) => Ok(Some(value.into_owned())),
            Err(Halt::Problem(problem @ (Problem::TooMuch | Problem::TooDeep))) => {
                Err(problem.into())
            }
            Err(_) => Ok(None),
        }
    }
}
