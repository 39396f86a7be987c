//! Tokens as they are written: JSON Web Signatures in compact form (RFC 7515 §7.1) over claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::VerifyError;
use crate::algorithm::Algorithm;

/// No longer token is looked at.
pub const MAX_TOKEN_LEN: usize = 16 << 10;

/// What a token says of itself, which anyone can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// Who is said to have issued it.
    pub issuer: String,
    /// Whom it is said to be about.
    pub subject: String,
    /// For whom it is said to be.
    pub audiences: Vec<String>,
}

/// Reads what a token says of itself, to choose whose keys to check it with. `None` for a text that no
/// issuer's keys make a good token.
pub fn peek(token: &str) -> Option<Unverified> {
    let token = Token::parse(token).ok()?;
    Some(Unverified {
        issuer: token.text("iss")?.to_owned(),
        subject: token.text("sub")?.to_owned(),
        audiences: token.audiences().map(str::to_owned).collect(),
    })
}

/// A token that parsed: three parts, a header without surprises, claims.
pub(crate) struct Token<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) claims: Map<String, Value>,
    /// What the signature is over.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, VerifyError> {
        if text.len() > MAX_TOKEN_LEN {
            return Err(VerifyError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(VerifyError::Malformed)?;
        // A point is no letter of base64, so a part too many fails here.
        let (header, claims) = (object(header)?, object(claims)?);
        let signature = decode(signature)?;
        // RFC 7515 §4.1.11: what is critical and not understood refuses the token. RFC 7516 §4.1.3: `zip`
        // is of encrypted tokens; here it could only be meant to be unpacked.
        if header.contains_key("crit") || header.contains_key("zip") {
            return Err(VerifyError::Extended);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(VerifyError::Malformed),
        };
        let algorithm = algorithm.ok_or(VerifyError::Algorithm)?;
        Ok(Self { algorithm, key_id, claims, signed: signed.as_bytes(), signature })
    }

    /// A claim that is a text and not empty.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The audiences: one text, or a list of them (RFC 7519 §4.1.3).
    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self.claims.get("aud") {
            Some(Value::String(one)) => (Some(one.as_str()), &[][..]),
            Some(Value::Array(many)) => (None, many.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(many.iter().filter_map(Value::as_str))
    }

    /// A moment in seconds since the epoch, possibly with a fraction (RFC 7519 §2, NumericDate).
    pub(crate) fn moment(&self, claim: &str) -> Result<Option<f64>, VerifyError> {
        match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or(VerifyError::Malformed),
        }
    }
}

fn object(part: &str) -> Result<Map<String, Value>, VerifyError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| VerifyError::Malformed)
}

fn decode(part: &str) -> Result<Vec<u8>, VerifyError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| VerifyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(header), encode(claims), encode("signature"))
    }

    fn refused(header: &str, claims: &str) -> VerifyError {
        Token::parse(&token(header, claims)).err().unwrap()
    }

    const HEADER: &str = r#"{"alg":"RS256","kid":"a"}"#;
    const CLAIMS: &str = r#"{"iss":"https://a.example","sub":"b","aud":["c",1,"d"]}"#;

    #[test]
    fn token_says_of_itself_who_made_it_for_whom() {
        let says = Unverified {
            issuer: "https://a.example".to_owned(),
            subject: "b".to_owned(),
            audiences: vec!["c".to_owned(), "d".to_owned()],
        };
        assert_eq!(peek(&token(HEADER, CLAIMS)), Some(says.clone()));
        let one = r#"{"iss":"https://a.example","sub":"b","aud":"c"}"#;
        let says = Unverified { audiences: vec!["c".to_owned()], ..says };
        assert_eq!(peek(&token(HEADER, one)), Some(says));
    }

    #[test]
    fn token_without_issuer_or_subject_says_nothing() {
        for claims in [
            "{}",
            r#"{"iss":"a"}"#,
            r#"{"sub":"a"}"#,
            r#"{"iss":"","sub":"a"}"#,
            r#"{"iss":"a","sub":""}"#,
            r#"{"iss":1,"sub":"a"}"#,
            r#"{"iss":"a","sub":null}"#,
            "[]",
            "null",
            "",
            "{",
        ] {
            assert_eq!(peek(&token(HEADER, claims)), None, "{claims}");
        }
    }

    #[test]
    fn algorithms_without_a_public_key_are_none() {
        for name in ["none", "None", "NONE", "", "HS256", "HS512", "rs256", "RS1", "ES256K", "dir"]
        {
            let header = format!(r#"{{"alg":"{name}"}}"#);
            assert!(matches!(refused(&header, CLAIMS), VerifyError::Algorithm), "{name}");
        }
        for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["RS256"]}"#] {
            assert!(matches!(refused(header, CLAIMS), VerifyError::Algorithm), "{header}");
        }
    }

    #[test]
    fn headers_that_ask_for_more_are_refused() {
        for header in [
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":null}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
        ] {
            assert!(matches!(refused(header, CLAIMS), VerifyError::Extended), "{header}");
        }
        let number = r#"{"alg":"RS256","kid":1}"#;
        assert!(matches!(refused(number, CLAIMS), VerifyError::Malformed));
    }

    #[test]
    fn other_shapes_are_malformed() {
        let good = token(HEADER, CLAIMS);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        for bad in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "a.b.c".to_owned(),
            signed.to_owned(),
            format!("{good}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{signed}.+/"),
            good.replace('.', ".."),
        ] {
            assert!(matches!(Token::parse(&bad), Err(VerifyError::Malformed)), "{bad}");
        }
    }

    #[test]
    fn long_tokens_are_not_looked_at() {
        let fill = MAX_TOKEN_LEN - token(HEADER, CLAIMS).len();
        let longest = format!("{}{}", token(HEADER, CLAIMS), "A".repeat(fill / 4 * 4));
        assert!(Token::parse(&longest).is_ok());
        let longer = "A".repeat(MAX_TOKEN_LEN + 1);
        assert!(matches!(Token::parse(&longer), Err(VerifyError::TooLong)));
        let deep = format!("{}{}", "[".repeat(6000), "]".repeat(6000));
        assert!(matches!(refused(HEADER, &deep), VerifyError::Malformed));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_panic(text: String, header: String, claims: String) {
            prop_assert_eq!(peek(&text), None);
            peek(&token(&header, &claims));
            peek(&token(HEADER, &claims));
        }
    }
}
