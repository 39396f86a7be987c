//! `GET /v2/_catalog`

use axum::response::Response;
use gantry_http_base::{App, Caller, OciError, PageQuery, catalog_page};
use http::request::Parts;

pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit_catalog()?;
    let page = PageQuery::of(&parts.uri, app.content.limits().page)?;
    catalog_page(app, &permit, &page, "/v2/_catalog", &[]).await
}
