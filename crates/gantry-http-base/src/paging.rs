//! Pages of lists: `n`, `last` and the `Link` to the next (RFC 8288).

use gantry_oci::ErrorCode;
use http::{HeaderValue, StatusCode, Uri};

use crate::{OciError, Query};

/// No name that is listed is longer; a longer `last` is behind them all or before the next, as its
/// beginning is.
const LAST_MAX: usize = 1024;

/// Which page a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// How many entries.
    pub limit: usize,
    /// The entry before the page; empty for the first.
    pub last: String,
}

impl PageQuery {
    /// Reads `n` and `last`. Without `n`, and for more than it, the page has `most` entries.
    pub fn of(uri: &Uri, most: usize) -> Result<Self, OciError> {
        let query = Query::of(uri);
        let limit = match query.first("n") {
            None => most,
            Some(text) => parse_count(&text, most)?,
        };
        let last = query.first("last").unwrap_or_default();
        let refuse = |reason: String| {
            OciError::new(StatusCode::BAD_REQUEST, ErrorCode::PaginationNumberInvalid, reason)
        };
        if last.len() > LAST_MAX {
            return Err(refuse(format!("last is longer than {LAST_MAX} bytes")));
        }
        if last.contains('\0') {
            return Err(refuse("last has a NUL in it".to_owned()));
        }
        Ok(Self { limit, last: last.into_owned() })
    }
}

fn parse_count(text: &str, most: usize) -> Result<usize, OciError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(OciError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::PaginationNumberInvalid,
            format!("n must be a number, not {text:?}"),
        ));
    }
    // What doesn't fit a number is more than any page has.
    Ok(text.parse().unwrap_or(most).min(most))
}

/// The `Link` header to the page behind `last`; `keep` are further parameters of the request.
pub fn next_link(path: &str, limit: usize, last: &str, keep: &[(&str, &str)]) -> HeaderValue {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("last", last).append_pair("n", &limit.to_string());
    for (key, value) in keep {
        query.append_pair(key, value);
    }
    let link = format!("<{path}?{}>; rel=\"next\"", query.finish());
    HeaderValue::from_str(&link).expect("encoded paths and queries are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_text_that_names_can_have() {
        let ask = |text: &str| PageQuery::of(&text.parse().unwrap(), 100);
        assert_eq!(ask("/x?last=a").unwrap().last, "a");
        assert!(ask("/x?last=a%00").is_err());
        assert!(ask(&format!("/x?last={}", "a".repeat(LAST_MAX + 1))).is_err());
    }

    #[test]
    fn counts_are_bounded_whatever_is_asked() {
        let ask = |text: &str| PageQuery::of(&text.parse().unwrap(), 100).map(|page| page.limit);
        assert_eq!(ask("/x").unwrap(), 100);
        assert_eq!(ask("/x?n=7").unwrap(), 7);
        assert_eq!(ask("/x?n=0").unwrap(), 0);
        assert_eq!(ask("/x?n=99999999999999999999999999").unwrap(), 100);
        for bad in ["/x?n=", "/x?n=-1", "/x?n=ten", "/x?n=1.5"] {
            assert!(ask(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_next_page_keeps_what_was_asked() {
        let link = next_link("/v2/a/tags/list", 2, "v1+x", &[("artifactType", "a/b")]);
        assert_eq!(link, "</v2/a/tags/list?last=v1%2Bx&n=2&artifactType=a%2Fb>; rel=\"next\"");
    }
}
