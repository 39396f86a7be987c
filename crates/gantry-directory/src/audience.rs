//! Whom a token of the directory is for.

/// An interface of ours that tokens of the directory open. It is asked for by names that Azure's
/// clients have built in, or that they read from the cloud's metadata: an address of this server and a
/// path. A token carries one name of it, which is compared letter by letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The management API.
    Management,
    /// Container registries.
    Registry,
    /// Microsoft Graph.
    Graph,
}

impl Audience {
    /// The path that names the management API, behind an address of this server.
    pub const MANAGEMENT_PATH: &'static str = "/arm";
    /// The path that names Microsoft Graph.
    pub const GRAPH_PATH: &'static str = "/graph";

    /// The name that tokens carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Management => "https://management.azure.com",
            Self::Registry => "https://containerregistry.azure.net",
            Self::Graph => "https://graph.microsoft.com",
        }
    }

    /// The interface that the text names: Azure's way, or by the path of any server like this.
    pub fn of(text: &str) -> Option<Self> {
        Self::by_name(text).or(Self::by_path(text).map(|(audience, _)| audience))
    }

    fn by_name(text: &str) -> Option<Self> {
        match text.trim_end_matches('/').to_ascii_lowercase().as_str() {
            "https://management.azure.com" | "https://management.core.windows.net" => {
                Some(Self::Management)
            }
            "https://containerregistry.azure.net" => Some(Self::Registry),
            "https://graph.microsoft.com" | "00000003-0000-0000-c000-000000000000" => {
                Some(Self::Graph)
            }
            _ => None,
        }
    }

    /// The interface, and the host and port before its path.
    fn by_path(text: &str) -> Option<(Self, &str)> {
        let (host, path) = text.trim_end_matches('/').strip_prefix("https://")?.split_once('/')?;
        match path {
            path if is_path(path, Self::MANAGEMENT_PATH) => Some((Self::Management, host)),
            path if is_path(path, Self::GRAPH_PATH) => Some((Self::Graph, host)),
            _ => None,
        }
    }
}

fn is_path(path: &str, known: &str) -> bool {
    known.strip_prefix('/') == Some(path)
}

/// What a `scope` parameter asks for: one resource, and permissions of it that have no meaning here,
/// but that clients want to see again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Whom the token is for, by the one name that it carries; `None` where only signing in is asked
    /// for.
    pub(crate) audience: Option<String>,
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
    /// Reads the parameter, where `issuer` is the tenant's address at this server as the client
    /// reached it: `https://host/tenant`.
    pub(crate) fn parse(text: &str, issuer: &str) -> Result<Self, ScopeError> {
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
                        None => Audience::Graph.name(),
                        Some(_) => return Err(ScopeError::Malformed(word.to_owned())),
                    };
                    if RESERVED.contains(&resource) {
                        return Err(ScopeError::Malformed(word.to_owned()));
                    }
                    let audience = audience(resource, issuer)?;
                    match &scope.audience {
                        Some(other) if other != audience => return Err(ScopeError::Several),
                        _ => scope.audience = Some(audience.to_owned()),
                    }
                }
            }
        }
        Ok(scope)
    }
}

/// The name that a token for the resource carries. What is named like an interface of ours must be at
/// `issuer`'s address: a token for it would open ours, whoever asked for it. The address by itself is
/// the management API: Terraform's azurerm knows it by no other name.
fn audience<'r>(resource: &'r str, issuer: &str) -> Result<&'r str, ScopeError> {
    if let Some(known) = Audience::by_name(resource) {
        return Ok(known.name());
    }
    let rest = issuer.split_once("://").map_or("", |(_, rest)| rest);
    let is_ours =
        |host: &str| rest.split('/').next().is_some_and(|ours| ours.eq_ignore_ascii_case(host));
    let address = resource.trim_end_matches('/').strip_prefix("https://");
    if address.is_some_and(is_ours) {
        return Ok(Audience::Management.name());
    }
    let Some((known, host)) = Audience::by_path(resource) else { return Ok(resource) };
    match is_ours(host) {
        true => Ok(known.name()),
        false => Err(ScopeError::Elsewhere(resource.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://a:5000/tenant";

    fn audience_of(scope: &str) -> Result<Option<String>, ScopeError> {
        Scope::parse(scope, ISSUER).map(|scope| scope.audience)
    }

    #[test]
    fn interfaces_are_known_by_azure_s_names_and_by_path() {
        for (text, audience) in [
            ("https://management.azure.com/", Some(Audience::Management)),
            ("https://management.core.windows.net/", Some(Audience::Management)),
            ("https://localhost:5000/arm", Some(Audience::Management)),
            ("https://containerregistry.azure.net", Some(Audience::Registry)),
            ("https://graph.microsoft.com", Some(Audience::Graph)),
            ("https://localhost:5000/graph/", Some(Audience::Graph)),
            ("https://localhost:5000/arm/x", None),
            ("http://localhost:5000/arm", None),
            ("https://localhost:5000", None),
            ("https://localhost:5000//arm", None),
            ("api://x", None),
        ] {
            assert_eq!(Audience::of(text), audience, "{text}");
        }
        for audience in [Audience::Management, Audience::Registry, Audience::Graph] {
            assert_eq!(Audience::of(audience.name()), Some(audience));
        }
    }

    #[test]
    fn a_token_carries_one_name_however_it_was_asked_for() {
        let management = Audience::Management.name();
        for (resource, name) in [
            ("https://management.azure.com", management),
            ("https://management.azure.com/", management),
            ("HTTPS://Management.Azure.com", management),
            ("https://management.core.windows.net/", management),
            ("https://a:5000/arm", management),
            ("https://A:5000/arm/", management),
            ("https://a:5000", management),
            ("https://A:5000/", management),
            ("https://a:5000/graph", Audience::Graph.name()),
            ("00000003-0000-0000-c000-000000000000", Audience::Graph.name()),
            ("https://containerregistry.azure.net/", Audience::Registry.name()),
            ("api://x", "api://x"),
            ("https://evil.example/api", "https://evil.example/api"),
            ("https://evil.example", "https://evil.example"),
            ("https://a", "https://a"),
        ] {
            let audience = audience_of(&format!("{resource}/.default")).unwrap();
            assert_eq!(audience.as_deref(), Some(name), "{resource}");
        }
        assert_eq!(audience_of("User.Read").unwrap().as_deref(), Some(Audience::Graph.name()));
    }

    #[test]
    fn our_interfaces_are_at_our_address() {
        for resource in [
            "https://evil.example/arm",
            "https://evil.example/arm/",
            "https://a/arm",
            "https://a:5000@evil.example/graph",
        ] {
            let refused = audience_of(&format!("{resource}/.default"));
            assert_eq!(refused, Err(ScopeError::Elsewhere(resource.to_owned())));
        }
    }

    #[test]
    fn scopes_name_one_resource() {
        let scope = "https://a:5000/arm/.default https://management.azure.com/.default";
        let scope = format!("{scope} offline_access openid profile");
        let scope = Scope::parse(&scope, ISSUER).unwrap();
        assert_eq!(scope.audience.as_deref(), Some(Audience::Management.name()));
        assert!(scope.offline && scope.openid);
        let several = audience_of("https://a/.default https://b/.default");
        assert_eq!(several, Err(ScopeError::Several));
        assert_eq!(audience_of(""), Ok(None));
        assert!(matches!(audience_of("refresh/.default"), Err(ScopeError::Malformed(_))));
        let long = format!("https://{}/.default", "a".repeat(LONGEST));
        assert_eq!(audience_of(&long), Err(ScopeError::TooLong));
        assert!(matches!(audience_of("/x"), Err(ScopeError::Malformed(_))));
    }
}
