//! `GET /v2/_catalog`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError, PageQuery, next_link};
use http::header;
use http::request::Parts;
use serde_json::json;

use crate::error;

pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit_catalog()?;
    let page = PageQuery::of(&parts.uri, app.content.limits().page)?;
    let names = app
        .content
        .list_repositories(&permit, &page.last, page.limit)
        .await
        .map_err(error::store)?;
    let mut response = axum::Json(json!({ "repositories": names.items })).into_response();
    if let (true, Some(last)) = (names.more, names.items.last()) {
        let link = next_link("/v2/_catalog", page.limit, last.as_str(), &[]);
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
