//! What a request is called, in logs and in its answer.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's own id is taken over up to this length.
const LONGEST: usize = 64;

/// Letters and digits that are not mistaken for each other (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A name for one request: a keyed hash of its number, which is cheap to make and doesn't tell how
/// many requests there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the client gave, if it can be shown in a log, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let given = headers.get(REQUEST_ID).filter(|value| {
            (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(plain)
        });
        given.map_or_else(Self::new, |value| Self(value.clone()))
    }

    fn new() -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut hash = KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
        let mut text = [0; 13];
        for digit in &mut text {
            *digit = DIGITS[(hash % 32) as usize];
            hash /= 32;
        }
        Self(HeaderValue::from_bytes(&text).expect("it is letters and digits"))
    }

    /// The id, as headers carry it.
    pub fn as_header(&self) -> &HeaderValue {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_not_used_twice() {
        let ids: HashSet<_> =
            (0..5000).map(|_| RequestId::of(&HeaderMap::new()).as_str().to_owned()).collect();
        assert_eq!(ids.len(), 5000);
        assert!(ids.iter().all(|id| id.len() == 13));
    }

    #[test]
    fn a_client_s_own_id_is_taken_over_if_it_is_harmless() {
        let long = "x".repeat(LONGEST + 1);
        for (given, taken) in
            [("a-B_9.z", true), ("", false), ("a b", false), ("a\"b", false), (&*long, false)]
        {
            let headers = HeaderMap::from_iter([(REQUEST_ID, given.parse().unwrap())]);
            assert_eq!(RequestId::of(&headers).as_str() == given, taken, "{given}");
        }
    }
}
