//! Host names in settings.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::setting::TextSetting;

/// A host as a `Host` header names it, without a port: a DNS name in lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostName(String);

/// A text that is no host.
#[derive(Debug, thiserror::Error)]
#[error("not a host name; write it without scheme, port and path, like registry.example.com")]
pub(crate) struct HostNameError;

impl HostName {
    /// The host's text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an address.
    pub(super) fn is_address(&self) -> bool {
        self.0.parse::<IpAddr>().is_ok()
    }

    /// Whether it is `localhost` or a name below it, which no other machine can use.
    pub(crate) fn is_local(&self) -> bool {
        self.0.rsplit('.').next() == Some("localhost")
    }

    /// Whether it is `parent` or a name below it.
    pub(super) fn is_within(&self, parent: &Self) -> bool {
        self.0.strip_suffix(&parent.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().to_string()));
        }
        // RFC 1123 §2.1: letters, digits and inner hyphens; 63 to a label, 253 in all.
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let name = text.to_ascii_lowercase();
        // A last label of digits is a mistyped address.
        let numeric =
            name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        let fits = name.len() <= 253 && name.split('.').all(label) && !numeric;
        if fits { Ok(Self(name)) } else { Err(HostNameError) }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextSetting for HostName {
    const WANTED: &'static str = "a host name";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        let parsed = |text: &str| text.parse::<HostName>().map(|host| host.to_string()).ok();
        assert_eq!(parsed("Registry.Example.COM").as_deref(), Some("registry.example.com"));
        assert_eq!(parsed("localhost").as_deref(), Some("localhost"));
        assert_eq!(parsed("[::1]").as_deref(), Some("::1"));
        assert_eq!(parsed("192.0.2.1").as_deref(), Some("192.0.2.1"));
        for bad in ["", "a..b", "https://a", "a:5000", "a/b", "-a.b", "a_b", "300.1.1.1", "*.a.b"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn being_within_is_by_label() {
        let host = |text: &str| text.parse::<HostName>().unwrap();
        assert!(host("a.acr.localhost").is_within(&host("acr.localhost")));
        assert!(host("acr.localhost").is_within(&host("acr.localhost")));
        assert!(!host("macr.localhost").is_within(&host("acr.localhost")));
    }
}
