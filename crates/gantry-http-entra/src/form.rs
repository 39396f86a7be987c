//! Parameters of forms and query strings.

use std::time::Duration;

use axum::body::Body;
use gantry_http_base::{BodyError, read_body};
use gantry_oci::Secret;

use crate::error::EntraError;

/// A form is a few parameters, tokens and scopes.
const MOST_BYTES: usize = 64 << 10;

/// Parameters, each of which is there once (RFC 6749, 3.1 and 3.2).
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) async fn read(body: Body, patience: Duration) -> Result<Self, EntraError> {
        let bytes = read_body(body, MOST_BYTES, patience).await.map_err(|error| match error {
            BodyError::TooLong(_) => EntraError::invalid_request("The form is too long."),
            BodyError::TooSlow(_) => EntraError::too_slow(),
            BodyError::BrokenOff => EntraError::invalid_request("The form broke off."),
        })?;
        Self::parse(&bytes)
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self, EntraError> {
        let all: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        let mut names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(EntraError::duplicate(pair[0])),
            None => Ok(Self(all)),
        }
    }

    /// The parameter of that name. One without a value counts as absent (RFC 6749, 3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The names that are there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The parameters as a query string.
    pub(crate) fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, EntraError> {
        self.get(name).ok_or_else(|| EntraError::missing(name))
    }

    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_or_not() {
        let form = Form::parse(b"a=1&b=&c=x+%26y").unwrap_or_else(|_| panic!("it parses"));
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some("x &y")));
        for twice in ["a=1&a=1", "a=1&b=2&a=", "a&a", "%61=1&a=2"] {
            assert!(Form::parse(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
