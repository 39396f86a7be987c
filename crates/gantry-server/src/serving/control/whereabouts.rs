//! What an operator command has to know before it can ask for something by name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gantry_http_base::App;
use serde::{Deserialize, Serialize};

/// Where things are in the management API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Whereabouts {
    /// The tenant's id.
    pub(crate) tenant_id: String,
    /// The domain of users' names.
    pub(crate) domain: String,
    /// The resource id of the subscription.
    pub(crate) subscription: String,
    /// Every registry that is shown to who asks.
    pub(crate) registries: Vec<KnownRegistry>,
    /// Whether those are all that there are.
    pub(crate) is_whole: bool,
}

/// A registry, and where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownRegistry {
    /// Its name.
    pub(crate) name: String,
    /// Its resource id.
    pub(crate) id: String,
    /// Whether it is the one that is meant where none is named.
    pub(crate) is_default: bool,
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Json<Whereabouts> {
    let tenant = app.access.directory().tenant();
    let registries = app.content.registries();
    let default = registries.default_registry().map(|one| one.id);
    let known = |one: Arc<gantry_model::Registry>| KnownRegistry {
        name: one.name.to_string(),
        id: app.access.resource_id(&one),
        is_default: default == Some(one.id),
    };
    Json(Whereabouts {
        tenant_id: tenant.id.to_string(),
        domain: tenant.domain.clone(),
        subscription: format!("/subscriptions/{}", tenant.subscription),
        registries: registries.all().into_iter().map(known).collect(),
        is_whole: true,
    })
}
