//! Webhooks. Whom one tells is shown by `getCallbackConfig` alone.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_model::resource::{self, Resource, WebhookAction, WebhookError};
use gantry_model::{Precondition, Registry, Versioned, Written};
use gantry_oci::Secret;
use gantry_resources::{At, ResourceError, WebhookChange};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::children::Child;
use crate::error::ArmError;
use crate::kept::{Kept, refused, wish};
use crate::shape::lowercase_enabled;
use crate::{Call, registries};

/// A webhook.
pub(crate) type Webhook = Resource<resource::Webhook>;

/// A webhook's properties. Whom it tells isn't among them.
#[derive(Serialize, JsonSchema)]
#[schemars(inline, rename = "Webhook")]
pub(crate) struct Properties {
    #[schemars(extend("enum" = ["enabled", "disabled"]))]
    status: &'static str,
    scope: String,
    actions: Vec<&'static str>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    service_uri: Option<String>,
    custom_headers: Option<BTreeMap<String, String>>,
    status: Option<Status>,
    scope: Option<String>,
    actions: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Enabled,
    Disabled,
}

impl Kept for resource::Webhook {
    const PARAMETER: &'static str = "webhookName";
    const DELETED: StatusCode = StatusCode::OK;
    type Properties = Properties;
    type Wanted = Wanted;

    fn properties(resource: &Webhook, _: &Call<'_>, _: &Registry) -> Properties {
        let Self { enabled, scope, actions } = &resource.value;
        Properties {
            status: lowercase_enabled(*enabled),
            scope: scope.clone(),
            actions: actions.iter().map(|action| action.as_str()).collect(),
        }
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

fn change(wanted: Wanted) -> Result<WebhookChange, ArmError> {
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

/// Whom a webhook tells.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackConfig {
    service_uri: String,
    custom_headers: BTreeMap<String, String>,
}

/// `POST getCallbackConfig`
pub(crate) async fn callback_config(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    let name = call.asked.parameter(Webhook::NAME);
    let target = call.app.resources.webhook_target(&registry, name).await.map_err(refused)?;
    let headers = target.headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.expose().to_owned()));
    let shown = CallbackConfig {
        service_uri: target.address.expose().to_owned(),
        custom_headers: headers.collect(),
    };
    Ok(Json(shown).into_response())
}
