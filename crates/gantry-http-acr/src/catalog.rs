//! `GET /acr/v1/_catalog`

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_catalog::Place;
use gantry_http_base::{App, OciError, catalog_page};
use gantry_model::Timestamp;
use gantry_model::permission::{CatalogPermit, MetadataRead};
use gantry_oci::RepositoryName;
use http::header;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;

use crate::caller::Caller;
use crate::error;
use crate::order::{ListQuery, refuse};

const PATH: &str = "/acr/v1/_catalog";

/// Lists repositories.
pub(crate) async fn list(
    app: &App,
    caller: &Caller<'_>,
    parts: &Parts,
) -> Result<Response, OciError> {
    let permit = caller.permit_catalog()?;
    let query = ListQuery::of(&parts.uri, app.content.limits().page)?;
    if query.is_by_time() {
        by_time(app, caller, &permit, &query).await
    } else {
        catalog_page(app, &permit, &query.page, PATH, &[("orderby", "")]).await
    }
}

async fn by_time(
    app: &App,
    caller: &Caller<'_>,
    permit: &CatalogPermit,
    query: &ListQuery,
) -> Result<Response, OciError> {
    let last = open(app, &query.page.last);
    let place = match (&*last, query.at) {
        ("", _) => None,
        (_, Some(at)) => Some(Place { at, name: last }),
        (_, None) => {
            let at = moment_of(app, caller, &last).await?;
            Some(Place { at, name: last })
        }
    };
    let page = app
        .content
        .list_repositories_by_time(permit, query.order, place, query.page.limit)
        .await
        .map_err(OciError::store)?;
    let link = page.next.map(|(at, name)| {
        let is_shown = page.repositories.last() == Some(&name);
        let last = if is_shown { name.to_string() } else { seal(app, name.as_str()) };
        query.next(PATH, &last, at, &[])
    });
    let mut response = Json(Repositories { repositories: page.repositories }).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// A page of the catalog.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Repositories {
    #[schemars(with = "Vec<String>")]
    pub(crate) repositories: Vec<RepositoryName>,
}

/// What a sealed place in the list is for: it may be the name of what must not be shown.
const CURSOR: &str = "catalog cursor by time";

fn seal(app: &App, name: &str) -> String {
    app.access.seal_text(CURSOR, name)
}

fn open(app: &App, last: &str) -> String {
    app.access.open_text(CURSOR, last).unwrap_or_else(|| last.to_owned())
}

async fn moment_of(app: &App, caller: &Caller<'_>, last: &str) -> Result<Timestamp, OciError> {
    let name: RepositoryName = last.parse().map_err(|error| refuse(format!("last: {error}")))?;
    let permit = caller.permit::<MetadataRead>(&name)?;
    let row = app.content.describe_repository(&permit).await.map_err(error::attributes)?;
    Ok(row.updated_at)
}
