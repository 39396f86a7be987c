//! Webhooks. Whom one tells is shown by `getCallbackConfig` alone.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_model::resource::{self, Resource, WebhookAction, WebhookError};
use gantry_model::{Precondition, Registry, Versioned, Written};
use gantry_oci::Secret;
use gantry_resources::{At, ResourceError, WebhookChange};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::children::Child;
use crate::error::ArmError;
use crate::kept::{Kept, refused, wish};
use crate::{Call, registries};

/// A webhook.
pub(crate) type Webhook = Resource<resource::Webhook>;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    service_uri: Option<String>,
    custom_headers: Option<BTreeMap<String, String>>,
    status: Option<Status>,
    scope: Option<String>,
    actions: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Enabled,
    Disabled,
}

impl Kept for resource::Webhook {
    const PARAMETER: &'static str = "webhookName";
    const DELETED: StatusCode = StatusCode::OK;

    fn properties(resource: &Webhook, _: &Call<'_>, _: &Registry) -> Value {
        let Self { enabled, scope, actions } = &resource.value;
        json!({
            "status": if *enabled { "enabled" } else { "disabled" },
            "scope": scope,
            "actions": actions.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        })
    }

    async fn write(
        call: &Call<'_>,
        _: &Registry,
        at: At,
        wanted: Value,
    ) -> Result<(Versioned<Webhook>, Written), ArmError> {
        let wish = wish(call, wanted, change)?;
        call.app.resources.write_webhook(at, wish).await.map_err(refused)
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        call.app.resources.delete_webhook(registry, name, precondition).await
    }
}

fn change(wanted: Properties) -> Result<WebhookChange, ArmError> {
    let actions = |actions: Vec<String>| -> Result<Vec<WebhookAction>, ArmError> {
        let parse = |text: &String| {
            text.parse().map_err(|error: WebhookError| {
                ArmError::bad_request(format!("{text:?}: {error}")).about("properties.actions")
            })
        };
        actions.iter().map(parse).collect()
    };
    let secrets = |headers: BTreeMap<String, String>| {
        headers.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()
    };
    Ok(WebhookChange {
        enabled: wanted.status.map(|status| status == Status::Enabled),
        scope: wanted.scope,
        actions: wanted.actions.map(actions).transpose()?,
        address: wanted.service_uri.map(Secret::new),
        headers: wanted.custom_headers.map(secrets),
    })
}

/// `POST getCallbackConfig`
pub(crate) async fn callback_config(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let name = call.asked.parameter(Webhook::NAME);
    let target = call.app.resources.webhook_target(&registry, name).await.map_err(refused)?;
    let headers: BTreeMap<_, _> =
        target.headers.iter().map(|(name, value)| (name, value.expose())).collect();
    let shown = json!({ "serviceUri": target.address.expose(), "customHeaders": headers });
    Ok(Json(shown).into_response())
}
