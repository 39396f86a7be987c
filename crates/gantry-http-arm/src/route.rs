//! Which operation a method and path ask for.

use gantry_arm::{Guid, ResourceId};
use http::Method;
use strum::{IntoStaticStr, VariantNames};

/// An operation. Its name is what the metrics call it.
#[derive(Clone, Debug, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case", prefix = "arm_")]
pub(crate) enum Route {
    Metadata,
    Tenants,
    Subscriptions,
    Subscription(String),
    Locations(String),
    ResourceGroups(String),
    ResourceGroup(String, String),
    Resources(String),
    Provider(String, String),
    /// The registries of a subscription or a resource group.
    Registries(ResourceId),
    Registry(RegistryAt),
    RegistryUpdate(RegistryAt),
    ListCredentials(RegistryAt),
    RegenerateCredential(RegistryAt),
    GenerateCredentials(RegistryAt),
    ListUsages(RegistryAt),
    Tokens(RegistryAt),
    Token(RegistryAt, String, Verb),
    ScopeMaps(RegistryAt),
    ScopeMap(RegistryAt, String, Verb),
    RoleDefinitions(ResourceId),
    RoleDefinition(ResourceId, Guid, Verb),
    RoleAssignments(ResourceId),
    RoleAssignment(ResourceId, Guid, Verb),
}

/// Where a path says that a registry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryAt {
    pub(crate) id: ResourceId,
}

/// What is to be done with one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Put,
    Patch,
    Delete,
}

impl Verb {
    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET => Some(Self::Get),
            Method::PUT => Some(Self::Put),
            Method::PATCH => Some(Self::Patch),
            Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    /// The last part of the action that it takes.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Get => "read",
            Self::Put | Self::Patch => "write",
            Self::Delete => "delete",
        }
    }
}

const AUTHORIZATION: &str = "/providers/microsoft.authorization/";

impl Route {
    /// Reads method and path; `None` if there is no such operation.
    pub(crate) fn parse(method: &Method, path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let lower = path.to_ascii_lowercase();
        // Roles are at any scope, and in the path behind it.
        if let Some(at) = lower.rfind(AUTHORIZATION) {
            return Self::authorization(method, &path[..at], &path[at + AUTHORIZATION.len()..]);
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let words: Vec<&str> = lower.split('/').skip(1).collect();
        let own = |n: usize| segments[n].to_owned();
        let get = method == Method::GET;
        let route = match (&words[..], get) {
            (["metadata", "endpoints"], true) => Self::Metadata,
            (["tenants"], true) => Self::Tenants,
            (["subscriptions"], true) => Self::Subscriptions,
            (["subscriptions", _], true) => Self::Subscription(own(1)),
            (["subscriptions", _, "locations"], true) => Self::Locations(own(1)),
            (["subscriptions", _, "resourcegroups"], true) => Self::ResourceGroups(own(1)),
            (["subscriptions", _, "resourcegroups", _], _) if get || method == Method::HEAD => {
                Self::ResourceGroup(own(1), own(3))
            }
            (["subscriptions", _, "resources"], true) => Self::Resources(own(1)),
            (["subscriptions", _, "providers", _], true) => Self::Provider(own(1), own(3)),
            (["subscriptions", _, "providers", _, "register"], false) if method == Method::POST => {
                Self::Provider(own(1), own(3))
            }
            (
                ["subscriptions", _, "providers", "microsoft.containerregistry", "registries"],
                true,
            ) => Self::Registries(format!("/subscriptions/{}", segments[1]).parse().ok()?),
            (
                [
                    "subscriptions",
                    _,
                    "resourcegroups",
                    _,
                    "providers",
                    "microsoft.containerregistry",
                    "registries",
                    rest @ ..,
                ],
                _,
            ) => {
                let group =
                    format!("/subscriptions/{}/resourceGroups/{}", segments[1], segments[3]);
                if rest.is_empty() && get {
                    return Some(Self::Registries(group.parse().ok()?));
                }
                let name = segments.get(7)?;
                let id = format!("{group}/providers/Microsoft.ContainerRegistry/registries/{name}");
                let at = RegistryAt { id: id.parse().ok()? };
                return Self::registry(method, at, &rest[1..], &segments[8..]);
            }
            _ => return None,
        };
        Some(route)
    }

    fn registry(
        method: &Method,
        at: RegistryAt,
        words: &[&str],
        segments: &[&str],
    ) -> Option<Self> {
        let (get, post) = (method == Method::GET, method == Method::POST);
        match words {
            [] if get => Some(Self::Registry(at)),
            [] if method == Method::PATCH => Some(Self::RegistryUpdate(at)),
            ["listcredentials"] if post => Some(Self::ListCredentials(at)),
            ["regeneratecredential"] if post => Some(Self::RegenerateCredential(at)),
            ["generatecredentials"] if post => Some(Self::GenerateCredentials(at)),
            ["listusages"] if get => Some(Self::ListUsages(at)),
            ["tokens"] if get => Some(Self::Tokens(at)),
            ["tokens", _] => Some(Self::Token(at, segments[1].to_owned(), Verb::of(method)?)),
            ["scopemaps"] if get => Some(Self::ScopeMaps(at)),
            ["scopemaps", _] => Some(Self::ScopeMap(at, segments[1].to_owned(), Verb::of(method)?)),
            _ => None,
        }
    }

    fn authorization(method: &Method, scope: &str, rest: &str) -> Option<Self> {
        let scope = if scope.is_empty() { ResourceId::root() } else { scope.parse().ok()? };
        let (kind, id) = match rest.split_once('/') {
            Some((kind, id)) => (kind, Some(id.parse::<Guid>().ok()?)),
            None => (rest, None),
        };
        match (kind.to_ascii_lowercase().as_str(), id) {
            ("roledefinitions", None) if method == Method::GET => {
                Some(Self::RoleDefinitions(scope))
            }
            ("roledefinitions", Some(id)) => {
                Some(Self::RoleDefinition(scope, id, Verb::of(method)?))
            }
            ("roleassignments", None) if method == Method::GET => {
                Some(Self::RoleAssignments(scope))
            }
            ("roleassignments", Some(id)) => {
                Some(Self::RoleAssignment(scope, id, Verb::of(method)?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
    const R: &str = "/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/local";

    fn at() -> RegistryAt {
        RegistryAt { id: format!("{S}{R}").parse().unwrap() }
    }

    #[test]
    fn paths_are_the_same_regardless_of_case() {
        for path in [format!("{S}{R}"), format!("{S}{R}/"), format!("{S}{R}").to_uppercase()] {
            assert_eq!(Route::parse(&Method::GET, &path), Some(Route::Registry(at())), "{path}");
        }
        let token = Route::parse(&Method::PUT, &format!("{S}{R}/TOKENS/MyToken"));
        assert_eq!(token, Some(Route::Token(at(), "MyToken".into(), Verb::Put)));
    }

    #[test]
    fn roles_are_at_any_scope() {
        let id = "8311e382-0749-4cb8-b61a-304f252e45ec";
        for scope in ["", S, &format!("{S}{R}")] {
            let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}");
            let Some(Route::RoleAssignment(at, found, Verb::Delete)) =
                Route::parse(&Method::DELETE, &path)
            else {
                panic!("{path}")
            };
            assert_eq!((at.as_str().trim_end_matches('/'), found), (scope, id.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_no_operation_is_none() {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::POST, "/tenants"),
            (Method::GET, "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Other/things/a"),
            (Method::DELETE, "/subscriptions"),
            (Method::GET, "/providers/Microsoft.Authorization/roleAssignments/x"),
            (Method::TRACE, "/providers/Microsoft.Authorization/roleAssignments"),
        ] {
            assert_eq!(Route::parse(&method, path), None, "{method} {path}");
        }
    }
}
