//! Resources as a template declares them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{limited, object, structure, text};
use crate::expression::Text;
use crate::json::{member, same};
use crate::limits;
use crate::node::Node;
use crate::problem::Problem;

/// A resource of a template, of which a loop can make several.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Its name within the template, in language version 2.0.
    pub(crate) symbol: Option<Box<str>>,
    pub(crate) resource_type: Node,
    pub(crate) api_version: Node,
    pub(crate) name: Node,
    pub(crate) condition: Option<Node>,
    pub(crate) copy: Option<ResourceLoop>,
    pub(crate) depends_on: Option<Node>,
    /// What an extension resource is of.
    pub(crate) scope: Option<Node>,
    /// The subscription and the group, where they are not those that are deployed to.
    pub(crate) subscription: Option<Node>,
    pub(crate) resource_group: Option<Node>,
    /// It is there already: only referred to.
    pub(crate) is_existing: bool,
    /// What is left: properties, location, tags and whatever the resource has.
    pub(crate) body: Node,
    /// Resources within it, whose names and types go on from its own.
    pub(crate) children: Vec<Arc<Declared>>,
}

/// A loop over a resource ("Resource iteration in ARM templates").
#[derive(Debug)]
pub(crate) struct ResourceLoop {
    pub(crate) name: Box<str>,
    pub(crate) count: Node,
    /// How many at a time, if not all.
    pub(crate) batch: Option<usize>,
}

/// What of a resource isn't its body.
const OWN: [&str; 13] = [
    "name",
    "type",
    "apiVersion",
    "dependsOn",
    "copy",
    "condition",
    "scope",
    "comments",
    "metadata",
    "resources",
    "existing",
    "subscriptionId",
    "resourceGroup",
];

/// Reads resources in an array or by symbolic name. Children are resources as well, so the
/// depth of JSON bounds how deep they are.
pub(super) fn read(value: &Value) -> Result<Vec<Arc<Declared>>, Problem> {
    nested(value, limits::VALUE_DEPTH)
}

fn nested(value: &Value, depth: usize) -> Result<Vec<Arc<Declared>>, Problem> {
    let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
    let read = |symbol, value| Declared::read(symbol, value, depth).map(Arc::new);
    let resources: Vec<_> = match value {
        Value::Array(resources) => {
            resources.iter().map(|value| read(None, value)).collect::<Result<_, _>>()?
        }
        Value::Object(resources) => {
            let read = |(symbol, value): (&String, _)| read(Some(symbol.as_str().into()), value);
            resources.iter().map(read).collect::<Result<_, _>>()?
        }
        _ => return Err(structure("resources", "an array or an object")),
    };
    limited("resources", limits::RESOURCES, resources.len())?;
    Ok(resources)
}

impl Declared {
    fn read(symbol: Option<Box<str>>, value: &Value, depth: usize) -> Result<Self, Problem> {
        let members = object("a resource", value)?;
        let part = |name| member(members, name);
        let needed = |name| {
            let value = part(name).ok_or_else(|| structure(name, "there in every resource"))?;
            Node::read(value)
        };
        let optional = |name| part(name).map(Node::read).transpose();
        Ok(Self {
            resource_type: needed("type")?,
            api_version: needed("apiVersion")?,
            name: needed("name")?,
            condition: optional("condition")?,
            copy: part("copy").map(ResourceLoop::read).transpose()?,
            depends_on: optional("dependsOn")?,
            scope: optional("scope")?,
            subscription: optional("subscriptionId")?,
            resource_group: optional("resourceGroup")?,
            is_existing: part("existing").and_then(Value::as_bool).unwrap_or(false),
            body: body(members)?,
            children: part("resources").map_or(Ok(Vec::new()), |value| nested(value, depth))?,
            symbol,
        })
    }
}

/// All that is no part of the template's own language.
fn body(members: &Map<String, Value>) -> Result<Node, Problem> {
    let is_own = |name: &str| OWN.iter().any(|own| same(own, name));
    let rest = members.iter().filter(|(name, _)| !is_own(name));
    let mut body: Map<_, _> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    let resource_type = member(members, "type").and_then(Value::as_str).unwrap_or_default();
    if !same(resource_type, "Microsoft.Resources/deployments") {
        return Node::read(&body.into());
    }
    // The template of a nested deployment has expressions of its own.
    let properties = body.get_mut("properties").and_then(Value::as_object_mut);
    let Some(template) = properties.and_then(|properties| properties.remove("template")) else {
        return Node::read(&body.into());
    };
    let options = &body["properties"]["expressionEvaluationOptions"]["scope"];
    if !options.as_str().is_some_and(|scope| same(scope, "inner")) {
        return Err(Problem::Unsupported(
            "nested deployments whose expressions are evaluated in the outer scope",
        ));
    }
    let mut node = Node::read(&body.into())?;
    if let Node::Object(members) = &mut node {
        let mut named = members.iter_mut().filter(|(name, _)| is_named(name, "properties"));
        if let Some((_, Node::Object(properties))) = named.next() {
            properties.push((Text::Literal("template".into()), Node::Verbatim(template)));
        }
    }
    Ok(node)
}

fn is_named(name: &Text, known: &str) -> bool {
    matches!(name, Text::Literal(name) if same(name, known))
}

impl ResourceLoop {
    fn read(value: &Value) -> Result<Self, Problem> {
        let members = object("copy", value)?;
        let part = |name| member(members, name);
        let needed = |name| part(name).ok_or_else(|| structure(name, "there in copy"));
        let is_serial = part("mode").and_then(Value::as_str).is_some_and(|m| same(m, "serial"));
        let batch = match part("batchSize") {
            None => 1,
            Some(size) => {
                let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
                let wrong = || structure("batchSize", "an integer greater than 0");
                size.filter(|&size| size > 0).ok_or_else(wrong)?
            }
        };
        Ok(Self {
            name: text("copy.name", needed("name")?)?.into(),
            count: Node::read(needed("count")?)?,
            batch: is_serial.then_some(batch),
        })
    }
}
