//! Which endpoint a path is.

use crate::managed_identity::Service;

/// An endpoint, with the tenant as its path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'p> {
    /// OpenID Connect Discovery 1.0, section 4.
    Configuration(&'p str),
    /// The keys that verify tokens.
    Keys(&'p str),
    /// How a user signs in.
    UserRealm(&'p str),
    /// Which hosts are this server's.
    Instance,
    Token(&'p str, Version),
    DeviceCode(&'p str, Version),
    /// Where programs send browsers.
    Authorize(&'p str),
    Logout(&'p str),
    /// Where people sign in for devices.
    DeviceLogin,
    /// Where workloads get tokens.
    ManagedIdentity(Service),
    /// Microsoft Graph, with what is behind `/graph/`.
    Graph(&'p str),
}

/// Of the endpoint: the older one is asked for a `resource`, the newer for a `scope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl<'p> Endpoint<'p> {
    pub(crate) fn parse(path: &'p str) -> Option<Self> {
        if path == "/devicelogin" {
            return Some(Self::DeviceLogin);
        }
        match path {
            "/metadata/identity/oauth2/token" => {
                return Some(Self::ManagedIdentity(Service::Metadata));
            }
            "/msi/token" => return Some(Self::ManagedIdentity(Service::AppService)),
            _ => {}
        }
        let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
        if first.is_empty() {
            return None;
        }
        if first == "graph" {
            return Some(Self::Graph(rest));
        }
        Some(match rest {
            "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration" => {
                Self::Configuration(first)
            }
            "discovery/v2.0/keys" | "discovery/keys" => Self::Keys(first),
            "discovery/instance" if first == "common" => Self::Instance,
            "oauth2/token" => Self::Token(first, Version::V1),
            "oauth2/v2.0/token" => Self::Token(first, Version::V2),
            "oauth2/devicecode" => Self::DeviceCode(first, Version::V1),
            "oauth2/v2.0/devicecode" => Self::DeviceCode(first, Version::V2),
            "oauth2/authorize" | "oauth2/v2.0/authorize" => Self::Authorize(first),
            "oauth2/logout" | "oauth2/v2.0/logout" => Self::Logout(first),
            _ => match rest.strip_prefix("userrealm/") {
                Some(user) if first == "common" && !user.is_empty() && !user.contains('/') => {
                    Self::UserRealm(user)
                }
                _ => return None,
            },
        })
    }

    /// The tenant that the path names.
    pub(crate) fn tenant(self) -> Option<&'p str> {
        match self {
            Self::Configuration(tenant)
            | Self::Keys(tenant)
            | Self::Token(tenant, _)
            | Self::DeviceCode(tenant, _)
            | Self::Authorize(tenant)
            | Self::Logout(tenant) => Some(tenant),
            Self::UserRealm(_)
            | Self::Instance
            | Self::DeviceLogin
            | Self::ManagedIdentity(_)
            | Self::Graph(_) => None,
        }
    }

    /// The methods that it answers, as `Allow` lists them.
    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::Configuration(_) | Self::Keys(_) | Self::UserRealm(_) | Self::Instance => {
                "GET, HEAD"
            }
            Self::Token(..) | Self::DeviceCode(..) => "POST",
            Self::Authorize(_) | Self::DeviceLogin => "GET, POST",
            Self::Logout(_) | Self::ManagedIdentity(_) => "GET",
            Self::Graph(_) => "GET, HEAD, POST, PATCH, DELETE",
        }
    }

    /// Whether secrets are sent to it, or answered.
    pub(crate) fn is_secret(self) -> bool {
        match self {
            Self::Configuration(_) | Self::Keys(_) | Self::UserRealm(_) | Self::Instance => false,
            Self::ManagedIdentity(_) => false,
            Self::Token(..)
            | Self::DeviceCode(..)
            | Self::Authorize(_)
            | Self::Logout(_)
            | Self::DeviceLogin
            | Self::Graph(_) => true,
        }
    }

    /// What it is called in the metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Configuration(_) => "entra_configuration",
            Self::Keys(_) => "entra_keys",
            Self::UserRealm(_) => "entra_user_realm",
            Self::Instance => "entra_instance",
            Self::Token(..) => "entra_token",
            Self::DeviceCode(..) => "entra_device_code",
            Self::Authorize(_) => "entra_authorize",
            Self::Logout(_) => "entra_logout",
            Self::DeviceLogin => "entra_device_login",
            Self::ManagedIdentity(_) => "entra_managed_identity",
            Self::Graph(_) => "graph",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_entra() {
        for (path, endpoint) in [
            ("/t/v2.0/.well-known/openid-configuration", Some(Endpoint::Configuration("t"))),
            ("/adfs/.well-known/openid-configuration", Some(Endpoint::Configuration("adfs"))),
            ("/t/discovery/v2.0/keys", Some(Endpoint::Keys("t"))),
            ("/common/discovery/instance", Some(Endpoint::Instance)),
            ("/t/discovery/instance", None),
            ("/common/userrealm/a@b", Some(Endpoint::UserRealm("a@b"))),
            ("/common/userrealm/", None),
            ("/common/userrealm/a/b", None),
            ("/t/oauth2/v2.0/token", Some(Endpoint::Token("t", Version::V2))),
            ("/t/oauth2/token", Some(Endpoint::Token("t", Version::V1))),
            ("/t/oauth2/v2.0/devicecode", Some(Endpoint::DeviceCode("t", Version::V2))),
            ("/t/oauth2/v2.0/authorize", Some(Endpoint::Authorize("t"))),
            ("/t/oauth2/v2.0/logout", Some(Endpoint::Logout("t"))),
            ("/devicelogin", Some(Endpoint::DeviceLogin)),
            ("/devicelogin/", None),
            ("/metadata/identity/oauth2/token", Some(Endpoint::ManagedIdentity(Service::Metadata))),
            ("/msi/token", Some(Endpoint::ManagedIdentity(Service::AppService))),
            ("/graph/v1.0/users", Some(Endpoint::Graph("v1.0/users"))),
            ("/graph", None),
            // The registry's own token endpoint.
            ("/oauth2/token", None),
            ("//oauth2/token", None),
            ("/t/oauth2/v2.0/token/", None),
            ("/", None),
            ("", None),
            ("/v2/", None),
        ] {
            assert_eq!(Endpoint::parse(path), endpoint, "{path}");
        }
    }
}
