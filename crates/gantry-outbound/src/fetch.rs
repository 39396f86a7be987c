//! One request, and its answer.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::{Host, Url};

use crate::FetchError;

/// How long an answer may be, unless the request says otherwise.
const MAX_BYTES: usize = 64 << 10;

/// Which redirects are followed. Of a request with a method other than GET and HEAD none is: its answer
/// is the redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Those to the same scheme, host and port.
    SameHost,
    /// All. Headers other than `Accept` stay behind where the host changes.
    AnyHost,
}

/// A request.
#[derive(Clone)]
pub struct Fetch {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) redirects: Redirects,
    pub(crate) max_bytes: usize,
}

impl Fetch {
    /// A request without a body for `url`: follows redirects on the same host, reads 64 KiB.
    ///
    /// # Errors
    /// When `url` isn't the address of something on a host.
    pub fn new(method: Method, url: &str) -> Result<Self, FetchError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Self {
            method,
            url: checked(Url::parse(url).map_err(|_| FetchError::Url)?)?,
            headers,
            body: Bytes::new(),
            redirects: Redirects::SameHost,
            max_bytes: MAX_BYTES,
        })
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With this header, for the host of the address only. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// With these credentials, for the host of the address only.
    #[must_use]
    pub fn authorization(self, value: HeaderValue) -> Self {
        self.header(AUTHORIZATION, value)
    }

    /// For an answer of one of these media types.
    #[must_use]
    pub fn accept(mut self, media_types: HeaderValue) -> Self {
        self.headers.insert(ACCEPT, media_types);
        self
    }

    /// Follows these redirects.
    #[must_use]
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Takes an answer of up to that many bytes.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    pub(crate) fn host(&self) -> String {
        host(&self.url)
    }

    pub(crate) fn follows_redirects(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// The same request to where `location` leads.
    pub(crate) fn moved(mut self, location: Option<&HeaderValue>) -> Result<Self, FetchError> {
        let nowhere = || FetchError::RedirectNowhere { host: self.host() };
        let location = location.and_then(|location| location.to_str().ok()).ok_or_else(nowhere)?;
        let target = self.url.join(location).map_err(|_| nowhere())?;
        let target = checked(target)?;
        if self.url.scheme() == "https" && target.scheme() != "https" {
            return Err(FetchError::NotHttps { host: host(&target) });
        }
        if target.origin() != self.url.origin() {
            match self.redirects {
                Redirects::SameHost => {
                    return Err(FetchError::RedirectElsewhere { host: self.host() });
                }
                Redirects::AnyHost => {
                    let public = [ACCEPT, ACCEPT_ENCODING];
                    let kept =
                        |name: &HeaderName| Some((name.clone(), self.headers.get(name)?.clone()));
                    self.headers = public.iter().filter_map(kept).collect();
                }
            }
        }
        self.url = target;
        Ok(self)
    }
}

/// Shows no header and no body, and of the address no more than its host: a webhook's path can be as
/// good as a password.
impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("method", &self.method)
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

/// An answer, read to its end.
#[derive(Clone)]
pub struct Answer {
    /// Its status: any; redirects are followed.
    pub status: StatusCode,
    /// Its header.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Shows neither header nor body.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The host as errors name it.
pub(crate) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Refuses what has no host, another scheme, or credentials.
fn checked(url: Url) -> Result<Url, FetchError> {
    let named = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
        || matches!(url.host(), Some(Host::Domain(name)) if !name.is_empty());
    if !named || !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::CredentialsInUrl { host: host(&url) });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Fetch {
        let secret = HeaderValue::from_static("Bearer secret");
        let json = HeaderValue::from_static("application/json");
        Fetch::new(Method::GET, url).unwrap().authorization(secret).accept(json)
    }

    fn moved(fetch: Fetch, location: &'static str) -> Result<Fetch, FetchError> {
        fetch.moved(Some(&HeaderValue::from_static(location)))
    }

    #[test]
    fn only_addresses_on_hosts_are_fetched() {
        for bad in ["", "a", "/a", "file:///etc/passwd", "ftp://a/", "https://", "data:,a"] {
            assert!(matches!(Fetch::new(Method::GET, bad), Err(FetchError::Url)), "{bad}");
        }
        for bad in ["https://user@a/", "https://user:password@a/", "https://:password@a/"] {
            let refused = Fetch::new(Method::GET, bad);
            assert!(matches!(refused, Err(FetchError::CredentialsInUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn credentials_go_to_their_host_only() {
        let any = || get("https://a.example/x").redirects(Redirects::AnyHost);
        let same = moved(any(), "/y").unwrap();
        assert_eq!(same.url.as_str(), "https://a.example/y");
        assert!(same.headers.contains_key(AUTHORIZATION));
        for elsewhere in [
            "https://b.example/x",
            "//b.example/",
            "https://a.example:8443/x",
            "https://a.example./x",
        ] {
            let other = moved(any(), elsewhere).unwrap();
            assert!(!other.headers.contains_key(AUTHORIZATION), "{elsewhere}");
            assert!(other.headers.contains_key(ACCEPT), "{elsewhere}");
            let back = moved(other, "https://a.example/x").unwrap();
            assert!(!back.headers.contains_key(AUTHORIZATION), "{elsewhere}");
        }
    }

    #[test]
    fn redirects_stay_on_the_host_and_on_https() {
        let away = moved(get("https://a.example/x"), "https://b.example/x");
        assert!(matches!(away, Err(FetchError::RedirectElsewhere { .. })));
        let any = get("https://a.example/x").redirects(Redirects::AnyHost);
        let down = moved(any.clone(), "http://a.example/x");
        assert!(matches!(down, Err(FetchError::NotHttps { .. })));
        let nowhere = moved(any.clone(), "https://[");
        assert!(matches!(nowhere, Err(FetchError::RedirectNowhere { .. })));
        let smuggled = moved(any.clone(), "https://u:p@b.example/");
        assert!(matches!(smuggled, Err(FetchError::CredentialsInUrl { .. })));
        let other = moved(any, "gopher://a.example/");
        assert!(matches!(other, Err(FetchError::Url)));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", get("https://hooks.example/secret?key=secret").body("secret"));
        assert!(shown.contains("hooks.example") && !shown.contains("secret"), "{shown}");
    }
}
