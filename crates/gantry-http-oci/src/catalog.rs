//! `GET /v2/_catalog`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError, PageQuery, next_link};
use http::header;
use http::request::Parts;
use serde_json::json;

use gantry_registry::repositories::NextPage;

use crate::error;

/// What a sealed place in the list is for.
const CURSOR: &str = "catalog cursor";

pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit_catalog()?;
    let page = PageQuery::of(&parts.uri, app.content.limits().page)?;
    let last = app.access.open_text(CURSOR, &page.last).unwrap_or_else(|| page.last.to_string());
    let listed =
        app.content.list_repositories(&permit, &last, page.limit).await.map_err(error::store)?;
    let mut response = axum::Json(json!({ "repositories": listed.repositories })).into_response();
    if let Some(next) = listed.next {
        let last = match next {
            NextPage::Behind(name) => name.to_string(),
            NextPage::Secret(text) => app.access.seal_text(CURSOR, &text),
        };
        let link = next_link("/v2/_catalog", page.limit, &last, &[]);
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
