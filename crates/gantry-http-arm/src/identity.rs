//! Managed identities that resources have: a service principal of the directory, which goes with the
//! resource.

use gantry_arm::Guid;
use gantry_http_base::App;
use gantry_model::Identities;
use serde_json::Value;

use crate::Call;
use crate::error::ArmError;

/// What a body says of the identity that a resource is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing: it keeps what it has.
    Unsaid,
    /// None.
    None,
    /// Its own.
    Own,
}

/// Reads `identity`.
pub(crate) fn read(identity: &Value) -> Result<Wanted, ArmError> {
    if identity.is_null() {
        return Ok(Wanted::Unsaid);
    }
    let kinds = identity["type"].as_str().unwrap_or("None");
    let mut wanted = Wanted::None;
    for kind in kinds.split(',').map(str::trim) {
        if kind.eq_ignore_ascii_case("SystemAssigned") {
            wanted = Wanted::Own;
        } else if kind.eq_ignore_ascii_case("UserAssigned") {
            return Err(ArmError::not_built("identity.type", "user-assigned identities"));
        } else if !kind.eq_ignore_ascii_case("None") {
            let message = format!("{kind:?} is no type of identity");
            return Err(ArmError::bad_request(message).about("identity.type"));
        }
    }
    Ok(wanted)
}

/// The identities that a resource is to have, with one made for it if it needs one.
pub(crate) async fn wished(
    call: &Call<'_>,
    wanted: Wanted,
    present: &Identities,
    name: &str,
) -> Result<Identities, ArmError> {
    match wanted {
        Wanted::Unsaid => Ok(present.clone()),
        Wanted::None => Ok(Identities::default()),
        Wanted::Own if present.own.is_some() => Ok(present.clone()),
        Wanted::Own => {
            let made = call.app.access.directory().create_identity(name.to_owned()).await?;
            Ok(Identities { own: Some(made.id.to_string()) })
        }
    }
}

/// Removes the service principal of a resource that has it no more.
pub(crate) async fn drop_unused(app: &App, before: &Identities, after: &Identities) {
    let Some(gone) = before.own.as_ref().filter(|_| before.own != after.own) else { return };
    let Ok(id) = gone.parse::<Guid>() else { return };
    if let Err(error) = app.access.directory().delete_service_principal(id).await {
        // It has no credentials: what is left over opens nothing.
        tracing::warn!(principal = %id, %error, "the identity of a resource was left over");
    }
}
