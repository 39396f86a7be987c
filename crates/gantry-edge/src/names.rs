//! The names a certificate speaks for.

use std::fmt;
use std::net::IpAddr;

/// One subject name: a host name, perhaps with a wildcard for its first label, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SubjectName {
    /// In lower case, without a final dot.
    Dns(String),
    Ip(IpAddr),
}

impl SubjectName {
    /// Reads a host name or an address. Whatever isn't an address is taken for a name.
    pub(crate) fn new(text: &str) -> Self {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Ip(address.to_canonical()),
            Err(_) => Self::Dns(normal(text)),
        }
    }

    /// Whether a client that asked for `host` accepts this name: equal, or a wildcard over exactly
    /// one label (RFC 6125 §6.4.3).
    pub(crate) fn covers(&self, host: &str) -> bool {
        let Self::Dns(name) = self else { return false };
        match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
                !label.is_empty() && rest.eq_ignore_ascii_case(parent)
            }),
            None => host.eq_ignore_ascii_case(name),
        }
    }

    /// Whether the name has a wildcard.
    pub(crate) fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// A host name as names are compared: lower case, no final dot.
pub(crate) fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_covers_exactly_one_label() {
        let name = SubjectName::new("*.ACR.localhost");
        assert!(name.is_wildcard());
        assert!(name.covers("local.acr.localhost"));
        assert!(name.covers("LOCAL.acr.LOCALHOST"));
        for host in ["acr.localhost", "a.b.acr.localhost", ".acr.localhost", "localhost"] {
            assert!(!name.covers(host), "{host}");
        }
    }

    #[test]
    fn addresses_are_recognised_in_every_spelling() {
        assert_eq!(SubjectName::new("[::1]"), SubjectName::new("::1"));
        assert_eq!(SubjectName::new("::ffff:10.0.0.1"), SubjectName::new("10.0.0.1"));
        assert!(!SubjectName::new("10.0.0.1").covers("10.0.0.1"));
    }

    #[test]
    fn a_final_dot_does_not_matter() {
        assert_eq!(SubjectName::new("Registry.Example."), SubjectName::new("registry.example"));
    }
}
