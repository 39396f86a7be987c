//! Forms and query strings: a few parameters, each of which is there once (RFC 6749, 3.1 and 3.2).

use crate::Secret;

/// The parameters of a form or query string (`application/x-www-form-urlencoded`), in order.
#[derive(Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// Why there is no form, or not the parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is longer than [`Form::MAX_LEN`].
    #[error("the form is too long")]
    TooLong,
    /// A parameter is there more than once.
    #[error("{0} is there twice")]
    Twice(String),
    /// A parameter isn't there, or is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
}

impl Form {
    /// The longest form, in bytes: a few tokens and scopes.
    pub const MAX_LEN: usize = 64 << 10;

    /// Reads a form. `several` are the parameters that there may be more of than one.
    pub fn parse(text: &[u8], several: &[&str]) -> Result<Self, FormError> {
        if text.len() > Self::MAX_LEN {
            return Err(FormError::TooLong);
        }
        let all: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        let mut names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|two| two[0] == two[1] && !several.contains(&two[0]));
        match twice {
            Some(two) => Err(FormError::Twice(two[0].to_owned())),
            None => Ok(Self(all)),
        }
    }

    /// The parameter of that name: the first, if there are several. One without a value counts as
    /// absent (RFC 6749, 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// The parameters of that name, in order, also those without a value.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parameter of that name, which must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, FormError> {
        self.get(name).ok_or(FormError::Missing(name))
    }

    /// The parameter of that name, which no log shows.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.get(name).map(Secret::new)
    }

    /// The names that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The parameters as a query string.
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// What the values are is for no log.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_or_not() {
        let form = Form::parse(b"a=1&b=&c=x+%26y&s=1&s=2", &["s"]).unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some("x &y")));
        assert_eq!(form.all("s").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.required("b"), Err(FormError::Missing("b")));
        assert_eq!(Form::parse(form.to_query().as_bytes(), &["s"]).as_ref(), Ok(&form));
        for twice in ["a=1&a=1", "a=1&b=2&a=", "a&a", "%61=1&a=2"] {
            let refused = Form::parse(twice.as_bytes(), &["s"]);
            assert_eq!(refused, Err(FormError::Twice("a".into())), "{twice}");
        }
        assert_eq!(Form::parse(&vec![b'a'; Form::MAX_LEN + 1], &[]), Err(FormError::TooLong));
    }

    #[test]
    fn no_log_shows_a_value() {
        let form = Form::parse(b"password=secret", &[]).unwrap();
        assert_eq!(format!("{form:?}"), "[\"password\"]");
    }
}
