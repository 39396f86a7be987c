//! What a command asks of a server, and what it answers, whichever way that goes.

use http::{HeaderValue, Method, StatusCode, Uri};
use hyper::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::output::printable;
use super::refusal::Refusal;

/// No words of a server are shown beyond this, in characters.
const MESSAGE_CHARS: usize = 2000;
/// No answer is longer.
pub(super) const ANSWER_BYTES: usize = 32 << 20;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Question<'q> {
    pub(super) method: Method,
    pub(super) to: Whom<'q>,
    /// With its query.
    pub(super) path: &'q str,
    /// JSON, or nothing.
    pub(super) body: Vec<u8>,
}

/// Whose interface is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whom<'q> {
    /// The server's: its management API or Microsoft Graph.
    Server,
    /// A registry's data plane.
    Registry {
        login_server: &'q str,
        /// What a token must allow.
        scope: &'q str,
    },
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// The `Link` header.
    pub(super) link: Option<HeaderValue>,
    pub(super) body: Bytes,
}

impl Reply {
    /// Where the next page is, if there is one (RFC 8288).
    pub(super) fn next(&self) -> Result<Option<String>, Refusal> {
        let Some(link) = &self.link else { return Ok(None) };
        let read = || {
            let (target, parameters) = link.to_str().ok()?.strip_prefix('<')?.split_once('>')?;
            let path = target.parse::<Uri>().ok()?.path_and_query()?.to_string();
            Some(parameters.contains("rel=\"next\"").then_some(path))
        };
        read().ok_or(Refusal::Link)
    }

    /// What it says, if it is a success; nothing is null.
    pub(super) fn value<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        if !self.status.is_success() {
            let message = message(self.status, &self.body);
            return Err(Refusal::Said { status: self.status, message });
        }
        let bytes = if self.body.is_empty() { &b"null"[..] } else { &self.body };
        serde_json::from_slice(bytes).map_err(Refusal::Unreadable)
    }
}

/// Takes a field out of an answer; null, if it has none.
pub(super) fn take(answer: &mut Value, name: &str) -> Value {
    answer.get_mut(name).map(Value::take).unwrap_or_default()
}

/// What an answer that is no success says, as far as someone would read.
fn message(status: StatusCode, bytes: &[u8]) -> String {
    let words: String = said(status, bytes).chars().take(MESSAGE_CHARS).collect();
    printable(&words)
}

/// The same: in the form of Azure, of a registry or of OAuth, or as plain text.
fn said(status: StatusCode, bytes: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if let Some(message) = answer["error"]["message"].as_str() {
        return message.to_owned();
    }
    if let Some(description) = answer["error_description"].as_str() {
        // What follows is for whoever reads the server's log.
        return description.split(" Trace ID:").next().unwrap_or_default().to_owned();
    }
    if answer["errors"][0].is_object() {
        return of_registry(&answer["errors"][0]);
    }
    match bytes.is_empty() {
        true => format!("the server answered {status}"),
        false => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The reason rather than the message, which is the same for all of a kind; and what was needed.
fn of_registry(error: &Value) -> String {
    let detail = &error["detail"];
    let said = detail["reason"].as_str().or(error["message"].as_str()).unwrap_or_default();
    let needed = detail["needed"].as_array().into_iter().flatten().map(|needed| {
        let field = |name: &str| needed[name].as_str().unwrap_or_default();
        format!("{} on {} {}", field("Action"), field("Type"), field("Name"))
    });
    let needed: Vec<String> = needed.collect();
    match needed.is_empty() {
        true => said.to_owned(),
        false => format!("{said}: it takes {}", needed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_own_words_are_shown() {
        let of = |status: u16, text: &str| {
            message(StatusCode::from_u16(status).unwrap(), text.as_bytes())
        };
        assert_eq!(of(409, r#"{"error":{"code":"X","message":"it is taken"}}"#), "it is taken");
        assert_eq!(of(404, "there is no registry x"), "there is no registry x");
        assert_eq!(of(405, ""), "the server answered 405 Method Not Allowed");
        let oauth = r#"{"error":"invalid_client","error_description":"AADSTS1: no. Trace ID: 1"}"#;
        assert_eq!(of(401, oauth), "AADSTS1: no.");
        let locked = r#"{"errors":[{"code":"UNSUPPORTED","message":"unsupported",
            "detail":{"reason":"tag v1 is locked"}}]}"#;
        assert_eq!(of(405, locked), "tag v1 is locked");
        let denied = r#"{"errors":[{"message":"denied","detail":{"reason":"access is denied",
            "needed":[{"Type":"repository","Name":"app","Action":"delete"}]}}]}"#;
        assert_eq!(of(401, denied), "access is denied: it takes delete on repository app");
    }

    #[test]
    fn a_link_leads_to_the_next_page() {
        let next = |link: &str| {
            let link = Some(HeaderValue::from_str(link).unwrap());
            Reply { status: StatusCode::OK, link, body: Bytes::new() }.next().unwrap()
        };
        let path = "/acr/v1/_catalog?last=a&n=1";
        assert_eq!(next(&format!("<{path}>; rel=\"next\"")).as_deref(), Some(path));
        let whole = format!("<https://a:5000{path}>; rel=\"next\"");
        assert_eq!(next(&whole).as_deref(), Some(path));
        assert_eq!(next(&format!("<{path}>; rel=\"prev\"")), None);
        let link = Some(HeaderValue::from_static("what is this"));
        let unreadable = Reply { status: StatusCode::OK, link, body: Bytes::new() };
        assert!(unreadable.next().is_err());
    }
}
