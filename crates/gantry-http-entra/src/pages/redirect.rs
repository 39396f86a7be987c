//! Sending a browser back to the program that sent it (RFC 6749, 4.1.2; OAuth 2.0 Form Post Response
//! Mode).

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use url::{Host, Url};

use super::html::{Page, escape, hidden};
use crate::error::EntraError;

/// How the answer goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
}

impl Mode {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// An address that the directory allows for the program.
pub(super) struct Redirect {
    pub(super) address: String,
    pub(super) mode: Mode,
}

impl Redirect {
    /// What a content security policy must allow for a form to end there.
    pub(super) fn source(&self) -> Option<String> {
        let url = Url::parse(&self.address).ok()?;
        Some(match (url.scheme(), url.host()) {
            ("http" | "https", Some(Host::Domain(_) | Host::Ipv4(_))) => {
                url.origin().ascii_serialization()
            }
            // The policy's grammar knows no addresses of IPv6, and no hosts of other schemes.
            (scheme, _) => format!("{scheme}:"),
        })
    }

    /// Sends the browser there with these parameters.
    pub(super) fn answer(
        &self,
        parameters: &[(&str, &str)],
        cookies: Vec<HeaderValue>,
    ) -> Result<Response, EntraError> {
        if self.mode == Mode::FormPost {
            return Ok(self.form(parameters, cookies));
        }
        let sent =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let separator = match self.mode {
            Mode::Fragment => '#',
            _ if self.address.contains('?') => '&',
            _ => '?',
        };
        let location = HeaderValue::from_str(&format!("{}{separator}{sent}", self.address));
        let location =
            location.map_err(|_| EntraError::invalid_request("The redirect_uri can't be used."))?;
        // After a form with a password, never 307 (RFC 9700, 4.12).
        let mut response = StatusCode::SEE_OTHER.into_response();
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, location);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let policy = HeaderName::from_static("referrer-policy");
        headers.insert(policy, HeaderValue::from_static("no-referrer"));
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }

    fn form(&self, parameters: &[(&str, &str)], cookies: Vec<HeaderValue>) -> Response {
        let fields: String = parameters.iter().map(|(name, value)| hidden(name, value)).collect();
        let action = escape(&self.address);
        let body = format!(
            "<h1>Almost there</h1>\n<form method=\"post\" action=\"{action}\">\n{fields}\
             <button autofocus>Continue</button>\n</form>"
        );
        Page { title: "Continue", body, leads_to: self.source(), cookies }
            .answer(StatusCode::OK, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(address: &str, mode: Mode) -> String {
        let redirect = Redirect { address: address.into(), mode };
        let answer =
            redirect.answer(&[("code", "a b"), ("state", "x\r\nSet-Cookie: y=&z")], vec![]);
        let answer = answer.unwrap_or_else(|_| panic!("{address}"));
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn parameters_stay_parameters() {
        let sent = "code=a+b&state=x%0D%0ASet-Cookie%3A+y%3D%26z";
        assert_eq!(location("http://localhost/", Mode::Query), format!("http://localhost/?{sent}"));
        assert_eq!(location("https://a/b?c=d", Mode::Query), format!("https://a/b?c=d&{sent}"));
        assert_eq!(location("https://a/b?c=d", Mode::Fragment), format!("https://a/b?c=d#{sent}"));
        let split = Redirect { address: "http://localhost/\r\nx: y".into(), mode: Mode::Query };
        assert!(split.answer(&[], vec![]).is_err());
    }

    #[test]
    fn a_policy_names_where_a_form_ends() {
        for (address, source) in [
            ("http://localhost:4711/x?y", "http://localhost:4711"),
            ("https://a.example/b", "https://a.example"),
            ("http://[::1]:80/", "http:"),
            ("msal123://auth", "msal123:"),
        ] {
            let redirect = Redirect { address: address.into(), mode: Mode::Query };
            assert_eq!(redirect.source().as_deref(), Some(source));
        }
    }
}
