//! What a request made, where its path doesn't tell: for the audit stream, which is told of the request
//! by whoever sees its answer.

use axum::response::Response;

/// Goes with the answer, inside the server.
#[derive(Clone, Debug)]
struct Made(String);

/// The answer, with what the request made. No secrets.
pub fn made(mut response: Response, what: impl Into<String>) -> Response {
    response.extensions_mut().insert(Made(what.into()));
    response
}

/// What the audit stream is told of a request: its answer's status, `what` was asked, and what that made.
pub fn audited(response: &Response, what: &str) -> String {
    let status = response.status().as_u16();
    match response.extensions().get::<Made>() {
        None => format!("{status} {what}"),
        Some(Made(made)) => format!("{status} {what}: {made}"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_was_made_goes_with_the_answer() {
        let answer = Response::new(Body::empty());
        assert_eq!(audited(&answer, "POST /a"), "200 POST /a");
        assert_eq!(audited(&made(answer, "password1"), "POST /a"), "200 POST /a: password1");
    }
}
