//! Names that certificates are asked for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A host name in the DNS: lower case, of two labels or more, not on this machine alone. Its first label
/// may be a wildcard, `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateName(String);

/// A text that is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateNameError {
    /// It isn't a host name at all.
    #[error("not a host name; write it like registry.example.com or *.registries.example.com")]
    Form,
    /// It is an address.
    #[error("an address; certificates are asked for names")]
    Address,
    /// It has one label, or is below `localhost`.
    #[error(
        "a name that no authority can look up; it takes one in the DNS, like registry.example.com"
    )]
    Local,
}

impl CertificateName {
    /// The name, with its wildcard.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its first label is a wildcard.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl FromStr for CertificateName {
    type Err = CertificateNameError;

    fn from_str(text: &str) -> Result<Self, CertificateNameError> {
        if text.parse::<IpAddr>().is_ok() {
            return Err(CertificateNameError::Address);
        }
        let name = text.to_ascii_lowercase();
        let base = name.strip_prefix("*.").unwrap_or(&name);
        // RFC 1123 §2.1.
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let top = base.rsplit('.').next().unwrap_or_default();
        let numeric = top.bytes().all(|b| b.is_ascii_digit());
        if name.len() > 253 || !base.split('.').all(label) || numeric {
            return Err(CertificateNameError::Form);
        }
        if top == "localhost" || !base.contains('.') {
            return Err(CertificateNameError::Local);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_dns() {
        let parsed = |text: &str| text.parse::<CertificateName>();
        assert_eq!(parsed("Images.Example.COM").unwrap().as_str(), "images.example.com");
        assert!(parsed("*.registries.example.com").unwrap().is_wildcard());
        assert!(!parsed("registries.example.com").unwrap().is_wildcard());
        for bad in
            ["", "*", "a..b", "a.*.b", "*a.b", "-a.b", "a_b.c", "https://a.b", "a.b:443", "1.2.3"]
        {
            assert_eq!(parsed(bad), Err(CertificateNameError::Form), "{bad}");
        }
        for local in ["localhost", "example", "*.acr.localhost", "*.com"] {
            assert_eq!(parsed(local), Err(CertificateNameError::Local), "{local}");
        }
        for address in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(parsed(address), Err(CertificateNameError::Address), "{address}");
        }
    }
}
