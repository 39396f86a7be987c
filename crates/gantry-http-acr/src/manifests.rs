//! `/acr/v1/<name>/_manifests`, and one of them.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_catalog::{Order, Place};
use gantry_http_base::{App, OciError};
use gantry_model::Timestamp;
use gantry_model::permission::{Delete, MetadataRead, MetadataWrite, Permit};
use gantry_oci::{Digest, MediaType, RepositoryName, Tag};
use gantry_registry::attributes::DescribedManifest;
use http::request::Parts;
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::attributes::{self, Attributes};
use crate::caller::Caller;
use crate::error;
use crate::order::{ListQuery, refuse};

/// Lists manifests with their attributes.
pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let query = ListQuery::of(&parts.uri, app.content.limits().page)?;
    let last = last_digest(&query)?;
    let at = moment_of_last(app, &permit, &query, last.as_ref()).await?;
    let place = last.as_ref().map(|name| Place { at, name });
    let found = app
        .content
        .list_manifest_attributes(&permit, query.order, place, query.page.limit)
        .await
        .map_err(error::attributes)?;
    let manifests = found.items.iter().map(Shown::of).collect();
    let listed = Listed { registry: caller.login_server(), image_name: name, manifests };
    let mut response = Json(listed).into_response();
    if let (true, Some(last)) = (found.more, found.items.last()) {
        let path = format!("/acr/v1/{name}/_manifests");
        let last = &last.attributes;
        let link = query.next(&path, &last.digest.to_string(), last.updated_at, &[]);
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Tells a manifest's attributes.
pub(crate) async fn show(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataRead>(name)?;
    let found = app.content.describe_manifest(&permit, digest).await.map_err(error::attributes)?;
    Ok(one(caller, name, &found))
}

/// Locks or unlocks it.
pub(crate) async fn update(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
    body: Body,
) -> Result<Response, OciError> {
    let permit = caller.permit::<MetadataWrite>(name)?;
    let change = attributes::read(app, body).await?;
    let found =
        app.content.lock_manifest(&permit, digest, change).await.map_err(error::attributes)?;
    Ok(one(caller, name, &found))
}

/// Deletes it, with its tags and what refers to it.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller<'_>,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Response, OciError> {
    let permit = caller.permit::<Delete>(name)?;
    app.content.delete_manifest(&permit, digest).await.map_err(error::delete_manifest)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn last_digest(query: &ListQuery) -> Result<Option<Digest>, OciError> {
    if query.page.last.is_empty() {
        return Ok(None);
    }
    query.page.last.parse().map(Some).map_err(|error| refuse(format!("last: {error}")))
}

/// When the last entry of the page before was changed: what the link says, or the manifest that is
/// there.
async fn moment_of_last(
    app: &App,
    permit: &Permit<MetadataRead>,
    query: &ListQuery,
    last: Option<&Digest>,
) -> Result<Timestamp, OciError> {
    match (query.at, last) {
        (Some(at), _) => Ok(at),
        (None, Some(last)) if query.order != Order::Name => {
            let found = app.content.describe_manifest(permit, last).await;
            Ok(found.map_err(error::attributes)?.attributes.updated_at)
        }
        _ => Ok(Timestamp::from_micros(0)),
    }
}

fn one(caller: &Caller<'_>, name: &RepositoryName, found: &DescribedManifest) -> Response {
    let registry = caller.login_server();
    Json(One { registry, image_name: name, manifest: Shown::of(found) }).into_response()
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ManifestList")]
pub(crate) struct Listed<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    manifests: Vec<Shown<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ManifestAttributes")]
pub(crate) struct One<'a> {
    registry: &'a str,
    #[schemars(with = "String")]
    image_name: &'a RepositoryName,
    manifest: Shown<'a>,
}

/// What isn't known, or is nothing, is left out, as ACR does with the tags of what has none.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ManifestAttributesBase")]
pub(crate) struct Shown<'a> {
    #[schemars(with = "String")]
    digest: &'a Digest,
    image_size: u64,
    created_time: String,
    last_update_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[schemars(with = "String")]
    media_type: &'a MediaType,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Tag]>::is_empty")]
    #[schemars(with = "Vec<String>")]
    tags: &'a [Tag],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Child<'a>>,
    changeable_attributes: Attributes,
}

/// A manifest that an index lists.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ManifestChild")]
pub(crate) struct Child<'a> {
    #[schemars(with = "String")]
    digest: &'a Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(found: &'a DescribedManifest) -> Self {
        let DescribedManifest { attributes: told, tags, children } = found;
        let child = |child: &'a gantry_oci::Descriptor| Child {
            digest: &child.digest,
            architecture: child.platform.as_ref().map(|platform| &*platform.architecture),
            os: child.platform.as_ref().map(|platform| &*platform.os),
        };
        Self {
            digest: &told.digest,
            image_size: told.facts.image_size,
            created_time: told.created_at.to_string(),
            last_update_time: told.updated_at.to_string(),
            architecture: told.facts.architecture.as_deref(),
            os: told.facts.os.as_deref(),
            media_type: &told.media_type,
            config_media_type: told.facts.config_media_type.as_deref(),
            artifact_type: told.artifact_type.as_deref(),
            tags,
            references: children.iter().map(child).collect(),
            changeable_attributes: told.locks.into(),
        }
    }
}
