//! The pages on which people sign in. They are complete as they come: no script, nothing loaded, the
//! little HTML there is made by `format!` with one escaping function, since a template engine would be
//! more to trust than three forms are worth.

pub(crate) mod authorize;
mod browser;
pub(crate) mod device;
mod html;
pub(crate) mod logout;
mod redirect;
mod sign_in;

use axum::response::Response;

use crate::call::Call;
use crate::error::EntraError;
use html::{Page, escape};

/// The error as people read it.
fn problem(call: &Call<'_>, error: &EntraError) -> Response {
    let body = format!(
        "<h1>That didn’t work</h1>\n<p role=\"alert\" class=\"problem\">{}</p>\n\
         <p class=\"small\">AADSTS{}. Correlation ID: {}</p>",
        escape(&error.description),
        error.number,
        call.correlation(),
    );
    Page { title: "Sign-in failed", body, ..Page::default() }
        .answer(error.status, error.retry_after)
}
