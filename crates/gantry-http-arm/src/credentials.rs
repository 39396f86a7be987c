//! The admin account's passwords.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gantry_access::SetupError;
use gantry_http_base::made;
use gantry_model::Registry;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ArmError;
use crate::{Call, body, registries};

/// What the admin account signs in with.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AdminCredentials {
    username: String,
    passwords: Vec<AdminPassword>,
}

#[derive(Serialize, JsonSchema)]
struct AdminPassword {
    name: String,
    value: String,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Regenerate {
    #[schemars(extend("enum" = ["password", "password2"]))]
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

async fn shown(call: &Call<'_>, registry: &Registry) -> Result<AdminCredentials, ArmError> {
    let passwords = call.app.access.admin_passwords(registry).await.map_err(refused)?;
    let passwords = passwords.iter().map(|(name, password)| AdminPassword {
        name: name.to_string(),
        value: password.expose().to_owned(),
    });
    Ok(AdminCredentials { username: registry.name.to_string(), passwords: passwords.collect() })
}

fn refused(error: SetupError) -> ArmError {
    match error {
        SetupError::Catalog(error) => error.into(),
        error => ArmError::internal(error),
    }
}
