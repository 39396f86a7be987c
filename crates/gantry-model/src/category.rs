//! The five categories in which ACR counts requests against rate limits.
//!
//! <https://learn.microsoft.com/azure/container-registry/container-registry-skus#api-rate-limits>

use std::fmt;
use std::str::FromStr;

use gantry_oci::Endpoint;
use http::Method;

/// What requests are counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// `GET`, `HEAD`, `OPTIONS`.
    DataplaneRead,
    /// `PUT`, `PATCH`, `POST`.
    DataplaneWrite,
    /// `DELETE`.
    DataplaneDelete,
    /// Lists of referrers, which are reads too.
    ListReferrers,
    /// Tokens asked for and exchanged.
    OAuth,
}

impl Category {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::DataplaneRead,
        Self::DataplaneWrite,
        Self::DataplaneDelete,
        Self::ListReferrers,
        Self::OAuth,
    ];

    /// The word for it in settings, rows and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataplaneRead => "read",
            Self::DataplaneWrite => "write",
            Self::DataplaneDelete => "delete",
            Self::ListReferrers => "referrers",
            Self::OAuth => "oauth",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Category {
    type Err = CategoryError;

    fn from_str(text: &str) -> Result<Self, CategoryError> {
        Self::ALL.into_iter().find(|category| text == category.as_str()).ok_or(CategoryError)
    }
}

/// A text that names no category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a category is read, write, delete, referrers or oauth")]
pub struct CategoryError;

/// An endpoint, as far as categories depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// Asks for a token or exchanges one.
    Token,
    /// Lists referrers.
    Referrers,
    /// Any other, also one that doesn't exist.
    Other,
}

impl From<&Endpoint> for EndpointKind {
    fn from(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Referrers { .. } => Self::Referrers,
            Endpoint::Base
            | Endpoint::Catalog
            | Endpoint::TagList { .. }
            | Endpoint::Manifest { .. }
            | Endpoint::Blob { .. }
            | Endpoint::UploadStart { .. }
            | Endpoint::Upload { .. } => Self::Other,
        }
    }
}

/// The categories that one request is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Categories(&'static [Category]);

impl Categories {
    /// Those of a request. A method that nobody serves counts as a read.
    pub fn of(method: &Method, endpoint: EndpointKind) -> Self {
        use Category::{DataplaneDelete, DataplaneRead, DataplaneWrite, ListReferrers, OAuth};
        if endpoint == EndpointKind::Token {
            return Self(&[OAuth]);
        }
        match *method {
            Method::PUT | Method::PATCH | Method::POST => Self(&[DataplaneWrite]),
            Method::DELETE => Self(&[DataplaneDelete]),
            _ if endpoint == EndpointKind::Referrers => Self(&[ListReferrers, DataplaneRead]),
            _ => Self(&[DataplaneRead]),
        }
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Category> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_as_acr_does() {
        use EndpointKind::{Other, Referrers, Token};
        let cases = [
            ("GET", Other, "read"),
            ("HEAD", Other, "read"),
            ("OPTIONS", Other, "read"),
            ("TRACE", Other, "read"),
            ("PUT", Other, "write"),
            ("PATCH", Other, "write"),
            ("POST", Other, "write"),
            ("DELETE", Other, "delete"),
            ("GET", Referrers, "referrers read"),
            ("HEAD", Referrers, "referrers read"),
            ("DELETE", Referrers, "delete"),
            ("GET", Token, "oauth"),
            ("POST", Token, "oauth"),
        ];
        for (method, endpoint, expected) in cases {
            let categories = Categories::of(&method.parse().unwrap(), endpoint);
            let words: Vec<&str> = categories.iter().map(Category::as_str).collect();
            assert_eq!(words.join(" "), expected, "{method} {endpoint:?}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_printed() {
        for category in Category::ALL {
            assert_eq!(category.to_string().parse(), Ok(category));
        }
        assert_eq!("reads".parse::<Category>(), Err(CategoryError));
    }
}
