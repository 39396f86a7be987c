//! `GET /v2/<name>/referrers/<digest>`

use axum::response::{IntoResponse, Response};
use gantry_http_base::{App, Caller, OciError, PageQuery, Query, inert, next_link};
use gantry_model::permission::Pull;
use gantry_oci::{Digest, ErrorCode, ReferrerIndex, RepositoryName};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::error;

pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    subject: &Digest,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Pull>(name)?;
    let page = PageQuery::of(&parts.uri, app.content.limits().page)?;
    let last = last_digest(&page)?;
    let artifact_type = Query::of(&parts.uri).first("artifactType").filter(|t| !t.is_empty());
    let wanted = artifact_type.as_deref();
    let found = app
        .content
        .list_referrers(&permit, subject, wanted, last.as_ref(), page.limit)
        .await
        .map_err(error::list_referrers)?;

    let last = found.items.last().map(|descriptor| descriptor.digest.to_string());
    let index = ReferrerIndex { manifests: found.items };
    let mut response = axum::Json(index).into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
    headers.insert(header::CONTENT_TYPE, media_type);
    inert(headers);
    if wanted.is_some() {
        let applied = HeaderName::from_static("oci-filters-applied");
        headers.insert(applied, HeaderValue::from_static("artifactType"));
    }
    if let (true, Some(last)) = (found.more, last) {
        let path = format!("/v2/{name}/referrers/{subject}");
        let keep: Vec<_> = wanted.map(|wanted| ("artifactType", wanted)).into_iter().collect();
        headers.insert(header::LINK, next_link(&path, page.limit, &last, &keep));
    }
    Ok(response)
}

fn last_digest(page: &PageQuery) -> Result<Option<Digest>, OciError> {
    if page.last.is_empty() {
        return Ok(None);
    }
    page.last.parse().map(Some).map_err(|error| {
        OciError::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::DigestInvalid,
            format!("last must be a digest: {error}"),
        )
    })
}
