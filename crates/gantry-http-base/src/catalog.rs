//! One page of a registry's repositories by name, as both data planes list them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_model::permission::CatalogPermit;
use gantry_registry::repositories::NextPage;
use http::header;
use serde_json::json;

use crate::{App, OciError, PageQuery, next_link};

/// What a sealed place in the list is for.
const CURSOR: &str = "catalog cursor";

/// The page that was asked for at `path`, with the link to the next; `keep` are further parameters of
/// the request.
pub async fn catalog_page(
    app: &App,
    permit: &CatalogPermit,
    page: &PageQuery,
    path: &str,
    keep: &[(&str, &str)],
) -> Result<Response, OciError> {
    let last = app.access.open_text(CURSOR, &page.last).unwrap_or_else(|| page.last.clone());
    let listed = app.content.list_repositories(permit, &last, page.limit).await;
    let listed = listed.map_err(OciError::store)?;
    let mut response = Json(json!({ "repositories": listed.repositories })).into_response();
    if let Some(next) = listed.next {
        let last = match next {
            NextPage::Behind(name) => name.to_string(),
            NextPage::Secret(text) => app.access.seal_text(CURSOR, &text),
        };
        response.headers_mut().insert(header::LINK, next_link(path, page.limit, &last, keep));
    }
    Ok(response)
}
