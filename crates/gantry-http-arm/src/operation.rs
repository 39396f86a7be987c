//! Operations: what a method and a path ask for, and what that takes.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use gantry_arm::ResourceId;
use gantry_http_base::openapi::Shape;
use http::Method;
use percent_encoding::percent_decode_str;

use crate::Call;
use crate::error::ArmError;
use crate::operations::OPERATIONS;

/// Something that can be asked of the management API.
pub(crate) struct Operation {
    /// What its specification calls it, as in `Registries_Get`.
    pub(crate) id: &'static str,
    /// The method.
    pub(crate) method: Method,
    /// The path, with its parameters in braces. One that begins with `/{scope}` is at any resource.
    pub(crate) path: &'static str,
    /// What it takes.
    pub(crate) right: Right,
    /// What answers it.
    pub(crate) handler: Handler,
    /// What it takes in its query besides the version.
    pub(crate) query: Query,
    /// What its body is like.
    pub(crate) takes: Shape,
    /// What the body of its answer is like.
    pub(crate) answers: Shape,
}

/// What an operation takes in its query besides the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Query {
    /// Nothing.
    None,
    /// Behind what a page begins.
    Page,
    /// The same, and a filter.
    Filter,
}

/// What an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Nothing: clients ask before they know where to sign in.
    Nothing,
    /// To have signed in. Of what its caller may not see, its answer says nothing.
    SignIn,
    /// A role somewhere in the subscription.
    AnyRole,
    /// A role with this action at the resource that the path names.
    Action(&'static str),
}

/// What answers an operation.
pub(crate) type Handler = for<'c> fn(&'c Call<'c>, Body) -> Answer<'c>;

/// The answer to come.
pub(crate) type Answer<'c> = Pin<Box<dyn Future<Output = Result<Response, ArmError>> + Send + 'c>>;

/// An operation that was asked for, and about what.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Which one.
    pub(crate) operation: &'static Operation,
    /// The values of the path's parameters, by name.
    parameters: Vec<(&'static str, String)>,
    /// The resource that the path names: of a list, what it is in; of an action, what it is done to.
    pub(crate) resource: ResourceId,
}

impl Asked {
    /// Reads method and path; `None` if there is no such operation. Paths are the same regardless of
    /// case, and of what is escaped in them: rights and locks are of the very resource that is written.
    pub(crate) fn parse(method: &Method, path: &str) -> Option<Self> {
        let path = decoded(path)?;
        let path = path.trim_end_matches('/');
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let resource = match *method {
            Method::PUT | Method::PATCH | Method::DELETE => path.parse().ok()?,
            _ => resource(path)?,
        };
        let found = |patterns: Option<&Vec<Pattern>>| {
            let matching = |pattern: &Pattern| pattern.parameters(&segments);
            let one = |pattern: &Pattern| Some((pattern.operation, matching(pattern)?));
            patterns.into_iter().flatten().find_map(one)
        };
        let anywhere = |length| PATTERNS.anywhere.get(&(method.clone(), length));
        let here = PATTERNS.whole.get(&(method.clone(), segments.len()));
        // What is at any resource is the same wherever, so it comes behind what is said of one.
        let (operation, parameters) =
            found(here).or_else(|| (3..=6).rev().find_map(|length| found(anywhere(length))))?;
        Some(Self { operation, parameters, resource })
    }

    /// The value of the path's parameter of that name.
    ///
    /// # Panics
    /// If the operation's path has none of that name.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        &found.expect("handlers ask for parameters that their paths have").1
    }

    /// The scope before the parts that an operation at any resource has; of others, the resource.
    pub(crate) fn scope(&self) -> ResourceId {
        match self.parameters.iter().find(|(name, _)| *name == SCOPE) {
            None => self.resource.clone(),
            // The pattern has looked at it.
            Some((_, text)) if text.is_empty() => ResourceId::root(),
            Some((_, text)) => text.parse().unwrap_or_else(|_| self.resource.clone()),
        }
    }
}

const SCOPE: &str = "scope";

/// A path as it is meant, with nothing escaped. A slash within a segment is none.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let segments = path.split('/').skip(1).map(|segment| {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        (!segment.contains('/')).then_some(segment)
    });
    let segments: Vec<_> = segments.collect::<Option<_>>()?;
    Some(segments.iter().flat_map(|segment| ["/", segment]).collect())
}

/// The resource that a path names, or the one that what it names is in.
fn resource(path: &str) -> Option<ResourceId> {
    let mut path = path;
    loop {
        if path.is_empty() {
            return Some(ResourceId::root());
        }
        if let Ok(id) = path.parse() {
            return Some(id);
        }
        path = &path[..path.rfind('/')?];
    }
}

/// Operations by method and number of segments.
struct Patterns {
    whole: HashMap<(Method, usize), Vec<Pattern>>,
    /// Of those at any resource, the segments behind its id.
    anywhere: HashMap<(Method, usize), Vec<Pattern>>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let mut patterns = Patterns { whole: HashMap::new(), anywhere: HashMap::new() };
    for operation in OPERATIONS {
        let rest = operation.path.strip_prefix("/{scope}");
        let map = if rest.is_some() { &mut patterns.anywhere } else { &mut patterns.whole };
        let own = rest.unwrap_or(operation.path);
        let segments: Vec<Segment> = own.split('/').skip(1).map(Segment::of).collect();
        let key = (operation.method.clone(), segments.len());
        let is_anywhere = rest.is_some();
        map.entry(key).or_default().push(Pattern { operation, segments, is_anywhere });
    }
    patterns
});

struct Pattern {
    operation: &'static Operation,
    segments: Vec<Segment>,
    is_anywhere: bool,
}

enum Segment {
    Word(&'static str),
    Parameter(&'static str),
}

impl Segment {
    fn of(text: &'static str) -> Self {
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.map_or(Self::Word(text), Self::Parameter)
    }
}

impl Pattern {
    /// The parameters' values, if the path has this form.
    fn parameters(&self, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
        let before = path.len().checked_sub(self.segments.len())?;
        let (scope, own) = path.split_at(before);
        let mut parameters = Vec::new();
        if self.is_anywhere {
            let scope: String = scope.iter().flat_map(|segment| ["/", segment]).collect();
            let fits = scope.is_empty() || scope.parse::<ResourceId>().is_ok();
            parameters.push((SCOPE, Some(scope).filter(|_| fits)?));
        }
        for (segment, &given) in self.segments.iter().zip(own) {
            match segment {
                Segment::Word(word) if word.eq_ignore_ascii_case(given) => {}
                Segment::Parameter(name) if can_be(name, given) => {
                    parameters.push((name, given.to_owned()));
                }
                _ => return None,
            }
        }
        Some(parameters)
    }
}

/// Whether ids can have that name: for one that they can't have, rights would be looked at above it.
fn can_be(parameter: &str, name: &str) -> bool {
    let before = match parameter {
        "subscriptionId" => return true,
        "resourceGroupName" => "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups",
        _ => "/providers/a/b",
    };
    format!("{before}/{name}").parse::<ResourceId>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
    const R: &str = "/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/local";

    fn parse(method: &Method, path: &str) -> Option<(&'static str, String)> {
        let asked = Asked::parse(method, path)?;
        Some((asked.operation.id, asked.resource.to_string()))
    }

    #[test]
    fn what_is_escaped_is_the_same() {
        let group = format!("{S}/resourceGroups/rg");
        for path in [group.clone(), group.replace("/rg", "/%72g"), group.replace('s', "%73")] {
            let asked = Asked::parse(&Method::DELETE, &path).unwrap();
            assert_eq!(asked.operation.id, "ResourceGroups_Delete", "{path}");
            assert_eq!(asked.resource, group.parse().unwrap(), "{path}");
            assert_eq!(asked.parameter("resourceGroupName"), "rg");
        }
        for (method, path) in [
            (Method::DELETE, format!("{S}/resourceGroups/r%67%21%2F")),
            (Method::DELETE, format!("{S}/resourceGroups/%C3%A9")),
            (Method::GET, format!("{S}/resourceGroups/%C3%A9")),
            (Method::PATCH, format!("{S}{R}/tokens/%C3%A9")),
            (Method::POST, format!("{S}{R}/webhooks/a%2Fb/getCallbackConfig")),
            (Method::GET, format!("{S}{R}/tokens/%FF")),
        ] {
            assert_eq!(parse(&method, &path), None, "{path}");
        }
    }

    #[test]
    fn paths_are_the_same_regardless_of_case() {
        for path in [format!("{S}{R}"), format!("{S}{R}/"), format!("{S}{R}").to_uppercase()] {
            let asked = Asked::parse(&Method::GET, &path).unwrap();
            assert_eq!(asked.operation.id, "Registries_Get", "{path}");
            assert_eq!(asked.resource, format!("{S}{R}").parse().unwrap(), "{path}");
        }
        let asked = Asked::parse(&Method::PUT, &format!("{S}{R}/TOKENS/MyToken")).unwrap();
        assert_eq!(asked.operation.id, "Tokens_Create");
        assert_eq!(asked.parameter("tokenName"), "MyToken");
        assert_eq!(asked.resource.to_string(), format!("{S}{R}/TOKENS/MyToken"));
    }

    #[test]
    fn an_action_and_a_list_are_about_the_resource_before_them() {
        let registry = format!("{S}{R}");
        for (method, path, id) in [
            (Method::POST, "listCredentials", "Registries_ListCredentials"),
            (Method::GET, "listUsages", "Registries_ListUsages"),
            (Method::GET, "tokens", "Tokens_List"),
        ] {
            let found = parse(&method, &format!("{registry}/{path}"));
            assert_eq!(found, Some((id, registry.clone())));
        }
        let of_type = format!("{S}/providers/Microsoft.ContainerRegistry/registries");
        assert_eq!(parse(&Method::GET, &of_type), Some(("Registries_List", S.to_owned())));
        let head = parse(&Method::HEAD, &format!("{S}/resourcegroups/a"));
        assert_eq!(head, Some(("ResourceGroups_Get", format!("{S}/resourceGroups/a"))));
    }

    #[test]
    fn roles_are_at_any_scope() {
        let id = "8311e382-0749-4cb8-b61a-304f252e45ec";
        for scope in ["", S, &format!("{S}{R}")] {
            let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}");
            let asked = Asked::parse(&Method::DELETE, &path).unwrap();
            assert_eq!(asked.operation.id, "RoleAssignments_Delete");
            let found = asked.scope();
            assert_eq!(found.as_str().trim_end_matches('/'), scope);
            assert_eq!(asked.parameter("roleAssignmentName"), id);
        }
    }

    #[test]
    fn what_is_no_operation_is_none() {
        for (method, path) in [
            (Method::GET, "/".to_owned()),
            (Method::GET, format!("{S}{R}/inventions")),
            (Method::TRACE, format!("{S}{R}")),
            (Method::GET, format!("{S}{R}//tokens")),
            (Method::PUT, format!("{S}/locations")),
            (Method::GET, format!("/nonsense{S}/providers/Microsoft.Authorization/locks")),
        ] {
            assert!(Asked::parse(&method, &path).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn no_two_operations_have_one_name_or_one_path() {
        let mut seen = std::collections::BTreeSet::new();
        for operation in OPERATIONS {
            let path = operation.path.to_ascii_lowercase();
            assert!(seen.insert(operation.id.to_owned()), "{}", operation.id);
            assert!(seen.insert(format!("{} {path}", operation.method)), "{path}");
        }
    }
}
