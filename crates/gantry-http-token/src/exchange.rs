//! `POST /oauth2/exchange`: a refresh token of the registry for a token of the directory, as ACR has
//! it.

use std::sync::Arc;

use axum::body::Body;
use gantry_http_base::{App, Caller, read_form};
use gantry_model::EndpointKind;
use http::request::Parts;

use crate::Asked;
use crate::SEVERAL;
use crate::refused::Refused;
use crate::reply::{OauthError, RefreshReply};
use crate::token::{check_service, claimed, note};

pub(crate) async fn post(
    app: &App,
    parts: &Parts,
    body: Body,
    asked: &mut Asked,
) -> Result<RefreshReply, Refused> {
    let caller = Caller::unauthenticated(app, parts).await?;
    asked.registry = Some(caller.registry().clone());
    caller.check_rate(app, &parts.method, EndpointKind::Token).await?;
    let form = read_form(body, app.body_timeout, SEVERAL).await?;
    check_service(app, &caller, form.all("service"))?;
    match form.required("grant_type")? {
        // The second is what older clients write.
        "access_token" | "access_token_refresh_token" => {}
        _ => {
            let problem = "grant_type must be access_token";
            return Err(OauthError::unsupported_grant_type(problem).into());
        }
    }
    let exchanged = app.access.exchange(caller.registry(), form.required("access_token")?).await;
    let account = || claimed(app, &form, "access_token");
    note(app, &caller, account, exchanged.as_ref().map(|(signed_in, _)| signed_in));
    let (signed_in, token) = exchanged.map_err(|error| OauthError::refused_credential(&error))?;
    asked.actor = Some(Arc::clone(signed_in.actor()));
    caller.check_let_in(app, signed_in.actor().identity())?;
    Ok(RefreshReply(token))
}
