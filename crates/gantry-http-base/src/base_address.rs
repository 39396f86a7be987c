//! The address of this server, as the client reached it.

use std::fmt;

use gantry_edge::Scheme;
use http::request::Parts;

use crate::origin::{Origin, is_from_this_machine};
use crate::{App, OciError};

/// The address of this server, as the client reached it: `https://host[:port]`, without a slash at
/// its end. Its host is whatever the request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseAddress {
    scheme: Scheme,
    authority: String,
    is_private: bool,
}

impl BaseAddress {
    /// The address that the request names.
    pub fn of(app: &App, parts: &Parts) -> Result<Self, OciError> {
        let Origin { scheme, host, .. } = Origin::of(app, parts)?;
        Ok(Self {
            scheme,
            authority: host.authority.to_owned(),
            is_private: scheme == Scheme::Https || is_from_this_machine(app, parts),
        })
    }

    /// Host and port, as the client wrote them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the client speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether nobody between the client and here reads what is said: it speaks TLS, or is on this
    /// machine.
    pub fn is_private(&self) -> bool {
        self.is_private
    }
}

impl fmt::Display for BaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}
