//! `GET /v2/<name>/tags/list`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError, PageQuery, next_link};
use gantry_model::permission::MetadataRead;
use gantry_oci::RepositoryName;
use http::header;
use http::request::Parts;
use serde_json::json;

use crate::error;

pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let page = PageQuery::of(&parts.uri, app.content.limits().page)?;
    let tags =
        app.content.list_tags(&permit, &page.last, page.limit).await.map_err(error::list_tags)?;
    let mut response = axum::Json(json!({ "name": name, "tags": tags.items })).into_response();
    if let (true, Some(last)) = (tags.more, tags.items.last()) {
        let link = next_link(&format!("/v2/{name}/tags/list"), page.limit, last.as_str(), &[]);
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
