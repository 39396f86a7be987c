//! Whom a token of the directory is for.

/// Whom a token of the directory is for. It is asked for by a name that Azure's clients have built
/// in, or that they read from the cloud's metadata: an address of this server and a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The management API.
    Management,
    /// Container registries.
    Registry,
    /// Microsoft Graph.
    Graph,
    /// Another program, by a name or id of its own.
    Other,
}

const MANAGEMENT: [&str; 2] =
    ["https://management.azure.com", "https://management.core.windows.net"];
const REGISTRY: [&str; 1] = ["https://containerregistry.azure.net"];
const GRAPH: [&str; 2] = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

impl Audience {
    /// The path that names the management API, behind an address of this server.
    pub const MANAGEMENT_PATH: &'static str = "/arm";
    /// The path that names Microsoft Graph.
    pub const GRAPH_PATH: &'static str = "/graph";

    /// Whom the text names.
    pub fn of(text: &str) -> Self {
        let text = text.trim_end_matches('/');
        let is = |known: &[&str]| known.iter().any(|one| one.eq_ignore_ascii_case(text));
        if is(&MANAGEMENT) {
            Self::Management
        } else if is(&REGISTRY) {
            Self::Registry
        } else if is(&GRAPH) {
            Self::Graph
        } else {
            // No token is made for such a path at an address that isn't ours: `Scope::is_of`.
            let path =
                text.strip_prefix("https://").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
            match path {
                Some(Self::MANAGEMENT_PATH) => Self::Management,
                Some(Self::GRAPH_PATH) => Self::Graph,
                _ => Self::Other,
            }
        }
    }
}

/// What a `scope` parameter asks for: one resource, and permissions of it that have no meaning here,
/// but that clients want to see again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Whom the token is for; `None` where only signing in is asked for.
    pub(crate) resource: Option<String>,
    /// A refresh token is wanted.
    pub(crate) offline: bool,
    /// An id token is wanted.
    pub(crate) openid: bool,
}

/// The longest scope, in bytes.
const LONGEST: usize = 1024;
/// Names that stand for something else in our own tokens.
const RESERVED: [&str; 1] = ["refresh"];

/// Why a scope can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It names no resource.
    #[error("the scope {0:?} names no resource: write it like https://example/.default")]
    Malformed(String),
    /// It is longer than any that a program asks for.
    #[error("the scope is too long: it has at most 1024 bytes")]
    TooLong,
    /// It names an interface of this server at another address.
    #[error("the scope {0:?} is at an address that isn't this server's")]
    Elsewhere(String),
    /// It names several.
    #[error("a token is for one resource: the scope names several")]
    Several,
}

impl Scope {
    /// Reads the parameter.
    pub(crate) fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > LONGEST {
            return Err(ScopeError::TooLong);
        }
        let mut scope = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "offline_access" => scope.offline = true,
                "openid" => scope.openid = true,
                "profile" | "email" => {}
                word => {
                    // `https://a//.default` names `https://a/`.
                    let resource = match word.rsplit_once('/') {
                        Some((resource, _)) if !resource.is_empty() => resource,
                        // A permission alone is Graph's, as Entra has it.
                        None => "https://graph.microsoft.com",
                        Some(_) => return Err(ScopeError::Malformed(word.to_owned())),
                    };
                    if RESERVED.contains(&resource) {
                        return Err(ScopeError::Malformed(word.to_owned()));
                    }
                    match &scope.resource {
                        Some(other) if other != resource => return Err(ScopeError::Several),
                        _ => scope.resource = Some(resource.to_owned()),
                    }
                }
            }
        }
        Ok(scope)
    }

    /// Checks that a resource that is named like an interface of ours is at `issuer`'s address
    /// (`https://host/tenant`): a token for it would open ours, whoever asked for it.
    pub(crate) fn check_host(&self, issuer: &str) -> Result<(), ScopeError> {
        let Some(resource) = &self.resource else { return Ok(()) };
        let host = |address: &str| {
            let rest = address.split_once("://").map_or("", |(_, rest)| rest);
            rest.split('/').next().unwrap_or_default().to_ascii_lowercase()
        };
        let by_path = match Audience::of(resource) {
            Audience::Management => !MANAGEMENT.iter().any(|one| is_named(one, resource)),
            Audience::Graph => !GRAPH.iter().any(|one| is_named(one, resource)),
            Audience::Registry | Audience::Other => false,
        };
        match by_path && host(resource) != host(issuer) {
            true => Err(ScopeError::Elsewhere(resource.clone())),
            false => Ok(()),
        }
    }
}

fn is_named(known: &str, text: &str) -> bool {
    known.eq_ignore_ascii_case(text.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_known_by_azure_s_names_and_by_path() {
        for (text, audience) in [
            ("https://management.azure.com/", Audience::Management),
            ("https://management.core.windows.net/", Audience::Management),
            ("https://localhost:5000/arm", Audience::Management),
            ("https://containerregistry.azure.net", Audience::Registry),
            ("https://graph.microsoft.com", Audience::Graph),
            ("https://localhost:5000/graph", Audience::Graph),
            ("https://localhost:5000/arm/x", Audience::Other),
            ("http://localhost:5000/arm", Audience::Other),
            ("https://localhost:5000", Audience::Other),
            ("api://x", Audience::Other),
        ] {
            assert_eq!(Audience::of(text), audience, "{text}");
        }
    }

    #[test]
    fn our_interfaces_are_at_our_address() {
        for (scope, good) in [
            ("https://a:5000/arm/.default", true),
            ("https://A:5000/graph/.default", true),
            ("https://evil.example/arm/.default", false),
            ("https://a/arm/.default", false),
            ("https://a:5000@evil.example/graph/.default", false),
            ("https://management.azure.com/.default", true),
            ("https://graph.microsoft.com//.default", true),
            ("https://evil.example/api/.default", true),
        ] {
            let scope = Scope::parse(scope).unwrap();
            assert_eq!(scope.check_host("https://a:5000/tenant").is_ok(), good, "{scope:?}");
        }
    }

    #[test]
    fn scopes_name_one_resource() {
        let scope = Scope::parse("https://a/arm/.default offline_access openid profile").unwrap();
        assert_eq!(scope.resource.as_deref(), Some("https://a/arm"));
        assert!(scope.offline && scope.openid);
        let slash = Scope::parse("https://management.core.windows.net//.default").unwrap();
        assert_eq!(slash.resource.as_deref(), Some("https://management.core.windows.net/"));
        assert_eq!(Scope::parse("https://a/.default https://b/.default"), Err(ScopeError::Several));
        assert_eq!(Scope::parse("").unwrap().resource, None);
        assert!(matches!(Scope::parse("refresh/.default"), Err(ScopeError::Malformed(_))));
        let long = format!("https://{}/.default", "a".repeat(LONGEST));
        assert_eq!(Scope::parse(&long), Err(ScopeError::TooLong));
        assert!(matches!(Scope::parse("/x"), Err(ScopeError::Malformed(_))));
    }
}
