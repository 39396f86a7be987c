//! `GET /{tenant}/oauth2/v2.0/logout`: ends the browser's session (OpenID Connect RP-Initiated Logout
//! 1.0). Tokens that programs have got live on.

use axum::response::Response;
use gantry_oci::Form;
use http::StatusCode;

use super::browser::signed_out;
use super::html::Page;
use super::problem;
use super::redirect::{Mode, Redirect};
use crate::call::Call;
use crate::error::EntraError;

pub(crate) async fn serve(call: &Call<'_>) -> Response {
    match respond(call).await {
        Ok(response) => response,
        Err(error) => problem(call, &error),
    }
}

async fn respond(call: &Call<'_>) -> Result<Response, EntraError> {
    let cookies = vec![signed_out(call)];
    let form = Form::parse(call.parts.uri.query().unwrap_or_default().as_bytes(), &[])?;
    let client = form.get("client_id").and_then(|client| client.parse().ok());
    if let (Some(client), Some(address)) = (client, form.get("post_logout_redirect_uri"))
        && call.directory().check_redirect(client, address).await?
    {
        let redirect = Redirect { address: address.to_owned(), mode: Mode::Query };
        let state: Vec<_> = form.get("state").map(|state| ("state", state)).into_iter().collect();
        return redirect.answer(&state, cookies);
    }
    let body = "<h1>You have signed out</h1>\n<p>You can close this window.</p>".to_owned();
    let page = Page { title: "Signed out", body, cookies, ..Page::default() };
    Ok(page.answer(StatusCode::OK, None))
}
