//! `GET /metadata/endpoints`: what `az cloud register` reads of a cloud.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_directory::Audience;
use gantry_http_base::{App, BaseAddress, Query};
use http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ArmError;
use crate::{Call, names};

/// Where a cloud is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cloud {
    name: &'static str,
    portal: String,
    authentication: Authentication,
    graph: String,
    graph_audience: String,
    microsoft_graph_resource_id: String,
    resource_manager: String,
    gallery: String,
    suffixes: Suffixes,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CloudAuthentication")]
struct Authentication {
    login_endpoint: String,
    audiences: [String; 1],
    tenant: &'static str,
    identity_provider: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CloudSuffixes")]
struct Suffixes {
    acr_login_server: String,
    storage: String,
    key_vault_dns: String,
}

/// The first version that answers one cloud, where those before answer a list.
const ONE_CLOUD: &str = "2022-09-01";

pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ArmError> {
    Ok(shown(call.app, call.base, &call.parts.uri))
}

fn shown(app: &App, base: &BaseAddress, uri: &Uri) -> Response {
    let cloud = cloud(app, base);
    let version = Query::of(uri).first("api-version").unwrap_or_default();
    match version.is_empty() || *version >= *ONE_CLOUD {
        true => Json(cloud).into_response(),
        false => Json([cloud]).into_response(),
    }
}

/// Where this cloud is.
pub(crate) fn cloud(app: &App, base: &BaseAddress) -> Cloud {
    let suffix = names::suffix(app, base);
    let graph = format!("{base}{}", Audience::GRAPH_PATH);
    Cloud {
        name: "Gantry",
        portal: format!("{base}/portal"),
        authentication: Authentication {
            login_endpoint: base.to_string(),
            audiences: [format!("{base}{}", Audience::MANAGEMENT_PATH)],
            tenant: "common",
            identity_provider: "AAD",
        },
        graph: graph.clone(),
        graph_audience: graph.clone(),
        microsoft_graph_resource_id: graph,
        resource_manager: base.to_string(),
        gallery: format!("{base}/gallery"),
        suffixes: Suffixes {
            storage: format!("core.{suffix}"),
            key_vault_dns: format!("vault.{suffix}"),
            acr_login_server: suffix,
        },
    }
}
