//! A request's query string.

use std::borrow::Cow;

use http::Uri;

/// The parameters of a query string, looked up by name.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// The query of `uri`.
    pub fn of(uri: &'a Uri) -> Self {
        Self(uri.query().unwrap_or(""))
    }

    /// The first parameter of that name, decoded.
    pub fn first(&self, name: &str) -> Option<Cow<'a, str>> {
        self.all(name).next()
    }

    /// The parameters of that name, decoded, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        form_urlencoded::parse(self.0.as_bytes())
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value)
    }
}
