//! HTML, and the headers that keep a page to itself.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1b1b1f;--back:#f4f4f7;--card:#fff;--edge:#767680;\
--act:#0b57d0;--on-act:#fff;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--text:#e6e6ea;--back:#131316;--card:#1e1e22;--edge:#90909a;\
--act:#a8c7fa;--on-act:#062e6f;--bad:#ffb4ab}}\
*{box-sizing:border-box}\
body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--back)}\
main{max-width:26rem;margin:8vh auto;padding:1.5rem;background:var(--card);border-radius:.5rem}\
h1{font-size:1.4rem;margin:0 0 1rem;overflow-wrap:anywhere}\
p,li{overflow-wrap:anywhere}\
label{display:block;margin:1rem 0 .25rem;font-weight:600}\
input{width:100%;font:inherit;padding:.5rem;color:inherit;background:var(--card);\
border:1px solid var(--edge);border-radius:.25rem}\
button{width:100%;margin-top:1.25rem;font:inherit;font-weight:600;padding:.6rem;cursor:pointer;\
color:var(--on-act);background:var(--act);border:1px solid var(--act);border-radius:.25rem}\
a{color:var(--act)}\
button.other{color:var(--act);background:var(--card)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
.problem{color:var(--bad);font-weight:600}\
.small{font-size:.875rem}\
@media(max-width:30rem){main{margin:0;border-radius:0;min-height:100vh}}";

/// A page. Its body is HTML: every text in it went through [`escape`].
#[derive(Default)]
pub(super) struct Page {
    pub(super) title: &'static str,
    pub(super) body: String,
    /// Where else its forms lead, at first or by redirection: a source as a content security policy
    /// names it.
    pub(super) leads_to: Option<String>,
    pub(super) cookies: Vec<HeaderValue>,
}

impl Page {
    pub(super) fn answer(self, status: StatusCode, retry_after: Option<u64>) -> Response {
        let nonce = gantry_directory::new_id();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{} – Gantry</title>\n<style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n\
             <body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
            self.title, self.body
        );
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'{}; base-uri 'none'; \
             frame-ancestors 'none'",
            self.leads_to.map_or(String::new(), |source| format!(" {source}"))
        );
        let mut response = (status, html).into_response();
        let headers = response.headers_mut();
        let is = HeaderValue::from_static;
        headers.insert(header::CONTENT_TYPE, is("text/html; charset=utf-8"));
        let policy = HeaderValue::from_str(&policy).unwrap_or(is("default-src 'none'"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::X_FRAME_OPTIONS, is("DENY"));
        headers.insert(HeaderName::from_static("referrer-policy"), is("no-referrer"));
        headers.insert(header::CACHE_CONTROL, is("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The text as it is written between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A field that people don't see.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_attribute_or_begins_a_tag() {
        for (text, escaped) in [
            ("plain é", "plain é"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onfocus='x' a=\"", "&quot; onfocus=&#39;x&#39; a=&quot;"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(escape(text), escaped);
        }
        assert_eq!(hidden("a", "\">"), "<input type=\"hidden\" name=\"a\" value=\"&quot;&gt;\">\n");
    }

    #[test]
    fn a_page_loads_nothing_and_is_framed_by_nobody() {
        let page = Page { leads_to: Some("http://localhost:1".into()), ..Page::default() };
        let response = page.answer(StatusCode::OK, None);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
        assert!(policy.contains("form-action 'self' http://localhost:1;"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    }
}
