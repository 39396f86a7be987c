//! `/acr/v1/<name>/_tags`, and one of them.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_catalog::{Order, Place, TagRow};
use gantry_http_base::{App, OciError, Query};
use gantry_model::Timestamp;
use gantry_model::permission::{Delete, MetadataRead, MetadataWrite, Permit};
use gantry_oci::{Digest, ErrorCode, RepositoryName, Tag};
use http::request::Parts;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::attributes::{self, Attributes};
use crate::caller::Caller;
use crate::error;
use crate::order::{ListQuery, refuse};

/// Lists tags with their attributes.
pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let query = ListQuery::of(&parts.uri, app.content.limits().page)?;
    let digest = digest_asked(parts)?;
    if digest.is_some() && query.is_by_time() {
        return Err(refuse("the tags of one digest are listed by name: leave orderby out"));
    }
    let at = moment_of_last(app, &permit, &query).await?;
    let place = at.map(|at| Place { at, name: &*query.page.last });
    let found = app
        .content
        .list_tag_attributes(&permit, query.order, digest.as_ref(), place, query.page.limit)
        .await
        .map_err(error::attributes)?;
    let tags = found.items.iter().map(Shown::of).collect();
    let mut response =
        Json(Listed { registry: caller.login_server(), image_name: name, tags }).into_response();
    if let (true, Some(last)) = (found.more, found.items.last()) {
        let digest = digest.map(|digest| digest.to_string());
        let keep: Vec<_> = digest.iter().map(|digest| ("digest", &**digest)).collect();
        let path = format!("/acr/v1/{name}/_tags");
        let link = query.next(&path, last.name.as_str(), last.updated_at, &keep);
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Tells a tag's attributes.
pub(crate) async fn show(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    tag: &Tag,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let row = app.content.describe_tag(&permit, tag).await.map_err(error::attributes)?;
    Ok(one(caller, name, &row))
}

/// Locks or unlocks it.
pub(crate) async fn update(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    tag: &Tag,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataWrite>(name)?;
    let change = attributes::read(app, body).await?;
    let row = app.content.lock_tag(&permit, tag, change).await.map_err(error::attributes)?;
    Ok(one(caller, name, &row))
}

/// Removes it; what it named stays.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    tag: &Tag,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Delete>(name)?;
    app.content.delete_tag(&permit, tag).await.map_err(error::delete_manifest)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn digest_asked(parts: &Parts) -> Result<Option<Digest>, OciError> {
    let asked = Query::of(&parts.uri).first("digest").filter(|digest| !digest.is_empty());
    let digest = asked.map(|digest| digest.parse()).transpose();
    digest.map_err(|error| OciError::new(StatusCode::BAD_REQUEST, ErrorCode::DigestInvalid, error))
}

/// When the last entry of the page before was changed: what the link says, or the tag that is there.
async fn moment_of_last(
    app: &App,
    permit: &Permit<MetadataRead>,
    query: &ListQuery,
) -> Result<Option<Timestamp>, OciError> {
    if query.page.last.is_empty() {
        return Ok(None);
    }
    if query.at.is_some() {
        return Ok(query.at);
    }
    if query.order == Order::Name {
        return Ok(Some(Timestamp::from_micros(0)));
    }
    let tag = query.page.last.parse().map_err(|error| refuse(format!("last: {error}")))?;
    let row = app.content.describe_tag(permit, &tag).await.map_err(error::attributes)?;
    Ok(Some(row.updated_at))
}

fn one(caller: &Caller<'_>, name: &RepositoryName, row: &TagRow) -> Response {
    let registry = caller.login_server();
    Json(One { registry, image_name: name, tag: Shown::of(row) }).into_response()
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TagList")]
pub(crate) struct Listed<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    tags: Vec<Shown<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TagAttributes")]
pub(crate) struct One<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    tag: Shown<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TagAttributesBase")]
pub(crate) struct Shown<'a> {
    #[schemars(with = "String")]
    name: &'a Tag,
    #[schemars(with = "String")]
    digest: &'a Digest,
    created_time: String,
    last_update_time: String,
    /// By Docker Content Trust, which nothing here is.
    signed: bool,
    changeable_attributes: Attributes,
}

impl<'a> Shown<'a> {
    fn of(row: &'a TagRow) -> Self {
        Self {
            name: &row.name,
            digest: &row.digest,
            created_time: row.created_at.to_string(),
            last_update_time: row.updated_at.to_string(),
            signed: false,
            changeable_attributes: row.locks.into(),
        }
    }
}
