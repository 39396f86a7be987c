//! The admin account's passwords.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::SetupError;
use gantry_http_base::made;
use gantry_model::Registry;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ArmError;
use crate::{Call, body, registries};

#[derive(Deserialize)]
struct Regenerate {
    name: String,
}

/// `POST listCredentials`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    check_enabled(&registry)?;
    Ok(Json(shown(call, &registry).await?).into_response())
}

/// `POST regenerateCredential`
pub(crate) async fn regenerate(call: &Call<'_>, body: Body) -> Result<Response, ArmError> {
    let registry = registries::find(call)?;
    check_enabled(&registry)?;
    let Regenerate { name } = body::read(call.app, body).await?;
    let regenerated = call.app.access.regenerate_admin_password(&registry, &name).await;
    match regenerated.map_err(refused)? {
        true => {
            let shown = Json(shown(call, &registry).await?).into_response();
            Ok(made(shown, name.to_ascii_lowercase()))
        }
        false => Err(ArmError::bad_request("name is password or password2")),
    }
}

fn check_enabled(registry: &Registry) -> Result<(), ArmError> {
    match registry.settings.admin_enabled {
        true => Ok(()),
        false => {
            let message = "The admin user is not enabled on this registry.";
            Err(ArmError::new(
                StatusCode::BAD_REQUEST,
                "UnAuthorizedForCredentialOperations",
                message,
            ))
        }
    }
}

async fn shown(call: &Call<'_>, registry: &Registry) -> Result<Value, ArmError> {
    let passwords = call.app.access.admin_passwords(registry).await.map_err(refused)?;
    let passwords: Vec<Value> = passwords
        .iter()
        .map(|(name, password)| json!({ "name": name, "value": password.expose() }))
        .collect();
    Ok(json!({ "username": registry.name.as_str(), "passwords": passwords }))
}

fn refused(error: SetupError) -> ArmError {
    match error {
        SetupError::Catalog(error) => error.into(),
        error => ArmError::internal(error),
    }
}
