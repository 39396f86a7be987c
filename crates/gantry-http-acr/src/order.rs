//! The order of a list, and where in it a page begins: `orderby`, and `at` beside `last`.
//!
//! In an order of time, `last` alone says where a page begins only while what it names is there. So a
//! link to the next page gives the moment too, and what was deleted meanwhile is no matter.

use gantry_catalog::Order;
use gantry_http_base::{OciError, PageQuery, Query, next_link};
use gantry_model::Timestamp;
use gantry_oci::ErrorCode;
use http::{HeaderValue, StatusCode, Uri};

/// A list as a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// In which order.
    pub(crate) order: Order,
    /// How many, and behind which.
    pub(crate) page: PageQuery,
    /// When that was changed, in an order of time, if the client knows.
    pub(crate) at: Option<Timestamp>,
}

impl ListQuery {
    /// Reads `n`, `last`, `orderby` and `at`. Without `n`, and for more than it, the page has `most`
    /// entries.
    pub(crate) fn of(uri: &Uri, most: usize) -> Result<Self, OciError> {
        let query = Query::of(uri);
        let order = match query.first("orderby").as_deref() {
            None | Some("" | "none") => Order::Name,
            Some("timeasc") => Order::Oldest,
            Some("timedesc") => Order::Newest,
            Some(other) => {
                let shown = other.chars().take(64).collect::<String>();
                let reason = format!("orderby is none, timeasc or timedesc, not {shown:?}");
                return Err(refuse(reason));
            }
        };
        let at = match query.first("at") {
            None => None,
            Some(text) => {
                let micros = text.parse().map_err(|_| refuse("at is no moment of a link"))?;
                Some(Timestamp::from_micros(micros))
            }
        };
        Ok(Self { order, page: PageQuery::of(uri, most)?, at })
    }

    /// Whether the list is in an order of time.
    pub(crate) fn is_by_time(&self) -> bool {
        self.order != Order::Name
    }

    /// The `Link` to the page behind `last`, which was changed `at` that moment; `keep` are further
    /// parameters of the request.
    pub(crate) fn next(
        &self,
        path: &str,
        last: &str,
        at: Timestamp,
        keep: &[(&str, &str)],
    ) -> HeaderValue {
        let at = at.micros().to_string();
        let mut kept = keep.to_vec();
        match self.order {
            // An empty one, as ACR has it: to az a parameter without `=` is none.
            Order::Name => kept.push(("orderby", "")),
            Order::Oldest => kept.extend([("orderby", "timeasc"), ("at", &*at)]),
            Order::Newest => kept.extend([("orderby", "timedesc"), ("at", &*at)]),
        }
        next_link(path, self.page.limit, last, &kept)
    }
}

/// A page that can't be had.
pub(crate) fn refuse(reason: impl std::fmt::Display) -> OciError {
    OciError::new(StatusCode::BAD_REQUEST, ErrorCode::PaginationNumberInvalid, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_on_in_the_same_order() {
        let ask = |uri: &str| ListQuery::of(&uri.parse().unwrap(), 100);
        let asked = ask("/acr/v1/app/_tags?n=2&orderby=timedesc").unwrap();
        assert!(asked.is_by_time());
        let at = Timestamp::from_micros(77);
        let link = asked.next("/acr/v1/app/_tags", "v1", at, &[("digest", "sha256:0")]);
        let link = link.to_str().unwrap();
        let address = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        let next = ask(address).unwrap();
        assert_eq!((next.order, next.at, &*next.page.last), (Order::Newest, Some(at), "v1"));
        assert!(address.contains("digest=sha256%3A0"));
        let by_name = ask("/acr/v1/_catalog").unwrap().next("/acr/v1/_catalog", "a", at, &[]);
        assert_eq!(by_name, "</acr/v1/_catalog?last=a&n=100&orderby=>; rel=\"next\"");
        for bad in ["/x?orderby=size", "/x?orderby=timedesc&at=noon"] {
            assert_eq!(ask(bad).unwrap_err().status(), 400, "{bad}");
        }
    }
}
