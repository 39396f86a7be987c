//! Lists, in pages: `{"value":[…],"nextLink":…}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_arm::Filter;
use gantry_http_base::Query;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Call;
use crate::error::ArmError;

/// Entries on a page.
pub(crate) const LIMIT: usize = 100;
/// The parameter that says behind what a page begins.
const AFTER: &str = "$skiptoken";

/// Behind what the page begins that is asked for; empty for the first.
pub(crate) fn after(call: &Call<'_>) -> Result<String, ArmError> {
    let after = Query::of(&call.parts.uri).first(AFTER).unwrap_or_default().into_owned();
    match after.len() <= 260 {
        true => Ok(after),
        false => Err(ArmError::bad_request("$skiptoken is too long")),
    }
}

/// The `$filter` that the request has, if it has one.
pub(crate) fn filter(call: &Call<'_>) -> Result<Option<Filter>, ArmError> {
    let text = Query::of(&call.parts.uri).first("$filter").filter(|text| !text.trim().is_empty());
    text.map(|text| text.parse().map_err(ArmError::bad_filter)).transpose()
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A whole list.
pub(crate) fn whole<T: Serialize>(value: Vec<T>) -> Response {
    Json(List { value, next_link: None }).into_response()
}

/// A page of what was found, up to one more than [`LIMIT`]; `key` is an entry's place.
pub(crate) fn cut<T, S: Serialize>(
    call: &Call<'_>,
    mut found: Vec<T>,
    key: impl Fn(&T) -> String,
    render: impl Fn(&T) -> S,
) -> Response {
    let more = found.len() > LIMIT;
    found.truncate(LIMIT);
    let next = found.last().filter(|_| more).map(key);
    page(call, found.iter().map(render).collect(), next.as_deref())
}

/// A page, behind whose last entry there may be more: `next` is that entry's place.
pub(crate) fn page<T: Serialize>(call: &Call<'_>, value: Vec<T>, next: Option<&str>) -> Response {
    let next_link = next.map(|next| {
        let query = Query::of(&call.parts.uri);
        let version = query.first("api-version").unwrap_or_default();
        let filter = query.first("$filter");
        let mut link = form_urlencoded::Serializer::new(String::new());
        link.append_pair("api-version", &version).append_pair(AFTER, next);
        if let Some(filter) = filter {
            link.append_pair("$filter", &filter);
        }
        format!("{}{}?{}", call.base, call.parts.uri.path(), link.finish())
    });
    Json(List { value, next_link }).into_response()
}
