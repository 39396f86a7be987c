//! The `Authorization` header of a request.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What a client shows of itself (RFC 7617, RFC 6750). Holding one proves only that
/// the header parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authorization {
    /// A user and its password.
    Basic {
        /// Who it says it is; may be empty.
        user: String,
        /// Its password; may be empty, and may be a token.
        password: Secret,
    },
    /// An access token.
    Bearer {
        /// The token, as it is.
        token: Secret,
    },
}

/// A text that no log shows: its `Debug` is `[redacted]`, and it has no `Display`.
///
/// Comparing two takes a time that tells where they differ. Compare what is kept
/// against what was sent in constant time, by [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a header is no [`Authorization`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// Longer than [`Authorization::MAX_LEN`] bytes.
    #[error("Authorization header is longer than 16 KiB")]
    TooLong,
    /// A scheme other than Basic and Bearer, or none.
    #[error("Authorization scheme must be Basic or Bearer")]
    Scheme,
    /// Basic credentials that are no base64.
    #[error("Basic credentials are not base64")]
    NotBase64,
    /// Basic credentials that are no UTF-8 or have control characters.
    #[error("Basic credentials are not UTF-8 text without control characters")]
    NotText,
    /// Basic credentials without a colon.
    #[error("Basic credentials are not of the form `user:password`")]
    NoPassword,
    /// A token with characters that no token has.
    #[error("Bearer token is empty or has characters that no token has")]
    Token,
}

/// Base64 with or without its padding: not every client adds it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Which bytes tokens are made of (RFC 6750 §2.1). A table, since most requests bring a token.
const IN_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    let mut index = 0;
    while index < bytes.len() {
        table[bytes[index] as usize] = true;
        index += 1;
    }
    table
};

impl Authorization {
    /// The length of the longest header, in bytes. Tokens that carry many grants are
    /// some kilobytes.
    pub const MAX_LEN: usize = 16 << 10;

    fn basic(credentials: &str) -> Result<Self, AuthorizationError> {
        let bytes = BASE64.decode(credentials).map_err(|_| AuthorizationError::NotBase64)?;
        let text = String::from_utf8(bytes).map_err(|_| AuthorizationError::NotText)?;
        if text.contains(char::is_control) {
            return Err(AuthorizationError::NotText);
        }
        // The user has no colon; the password may.
        let (user, password) = text.split_once(':').ok_or(AuthorizationError::NoPassword)?;
        Ok(Self::Basic { user: user.to_owned(), password: Secret(password.to_owned()) })
    }

    fn bearer(token: &str) -> Result<Self, AuthorizationError> {
        let body = token.trim_end_matches('=');
        if body.is_empty() || !body.bytes().all(|byte| IN_TOKEN[usize::from(byte)]) {
            return Err(AuthorizationError::Token);
        }
        Ok(Self::Bearer { token: Secret(token.to_owned()) })
    }
}

impl FromStr for Authorization {
    type Err = AuthorizationError;

    fn from_str(header: &str) -> Result<Self, AuthorizationError> {
        if header.len() > Self::MAX_LEN {
            return Err(AuthorizationError::TooLong);
        }
        let (scheme, credentials) =
            header.trim_matches([' ', '\t']).split_once(' ').ok_or(AuthorizationError::Scheme)?;
        let credentials = credentials.trim_start_matches(' ');
        if scheme.eq_ignore_ascii_case("basic") {
            Self::basic(credentials)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Self::bearer(credentials)
        } else {
            Err(AuthorizationError::Scheme)
        }
    }
}

impl Secret {
    /// Wraps a text that is to be kept out of logs.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who compares or verifies it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Result<Authorization, AuthorizationError> {
        Ok(Authorization::Basic { user: user.into(), password: Secret::new(password) })
    }

    fn bearer(token: &str) -> Result<Authorization, AuthorizationError> {
        Ok(Authorization::Bearer { token: Secret::new(token) })
    }

    #[test]
    fn credentials_parse() {
        for (header, expected) in [
            ("Basic YWxhZGRpbjpvcGVuc2VzYW1l", basic("aladdin", "opensesame")),
            ("basic YWxhZGRpbjpvcGVuc2VzYW1l", basic("aladdin", "opensesame")),
            ("BASIC  YTpiOmM=", basic("a", "b:c")),
            ("Basic YTpiOmM", basic("a", "b:c")),
            ("Basic Og==", basic("", "")),
            ("Basic w6k6w7w=", basic("é", "ü")),
            ("Bearer abc.DEF-_~+/123==", bearer("abc.DEF-_~+/123==")),
            (" bearer x ", bearer("x")),
        ] {
            assert_eq!(header.parse(), expected, "{header:?}");
        }
    }

    #[test]
    fn other_headers_are_refused_with_the_reason() {
        use AuthorizationError::*;
        for (header, reason) in [
            ("", Scheme),
            ("Basic", Scheme),
            ("Bearer", Scheme),
            ("YWxhZGRpbjpvcGVuc2VzYW1l", Scheme),
            ("Digest username=\"a\"", Scheme),
            ("Basic !!!!", NotBase64),
            ("Basic YTpi YTpi", NotBase64),
            ("Basic YTpi, Basic YTpi", NotBase64),
            ("Basic YQ==", NoPassword),
            ("Basic /zo6", NotText),
            ("Basic YQA6Yg==", NotText),
            ("Basic YTpiCg==", NotText),
            ("Bearer  ", Scheme),
            ("Bearer =", Token),
            ("Bearer a b", Token),
            ("Bearer a=b", Token),
            ("Bearer é", Token),
        ] {
            assert_eq!(header.parse::<Authorization>(), Err(reason), "{header:?}");
        }
        let long = format!("Bearer {}", "a".repeat(Authorization::MAX_LEN));
        assert_eq!(long.parse::<Authorization>(), Err(TooLong));
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!("{:?} {:?}", basic("me", "hunter2"), bearer("hunter2"));
        assert!(
            shown.contains("[redacted]") && shown.contains("me") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
