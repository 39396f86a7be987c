//! `GET /metadata/endpoints`: what `az cloud register` reads of a cloud.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_directory::Audience;
use gantry_http_base::{App, BaseAddress, Query};
use http::Uri;
use serde_json::json;

use crate::error::ArmError;
use crate::{Call, names};

/// The first version that answers one cloud, where those before answer a list.
const ONE_CLOUD: &str = "2022-09-01";

pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(shown(call.app, call.base, &call.parts.uri))
}

fn shown(app: &App, base: &BaseAddress, uri: &Uri) -> Response {
    let suffix = names::suffix(app, base);
    let graph = format!("{base}{}", Audience::GRAPH_PATH);
    let cloud = json!({
        "name": "Gantry",
        "portal": format!("{base}/portal"),
        "authentication": {
            "loginEndpoint": base.to_string(),
            "audiences": [format!("{base}{}", Audience::MANAGEMENT_PATH)],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": graph,
        "graphAudience": graph,
        "microsoftGraphResourceId": graph,
        "resourceManager": base.to_string(),
        "gallery": format!("{base}/gallery"),
        "suffixes": {
            "acrLoginServer": suffix,
            "storage": format!("core.{suffix}"),
            "keyVaultDns": format!("vault.{suffix}"),
        },
    });
    let version = Query::of(uri).first("api-version").unwrap_or_default();
    match version.is_empty() || *version >= *ONE_CLOUD {
        true => Json(cloud).into_response(),
        false => Json(json!([cloud])).into_response(),
    }
}
