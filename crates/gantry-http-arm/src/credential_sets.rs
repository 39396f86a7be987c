//! Credential sets of cache rules.

use gantry_model::resource::{self, Resource};
use gantry_model::{Identities, Precondition, Registry, Versioned, Written};
use gantry_resources::{At, CredentialSetChange, ResourceError, Wish};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ArmError;
use crate::kept::{Kept, refused, wish};
use crate::{Call, identity};

/// What ACR calls the only credential that a set has.
const CREDENTIAL: &str = "Credential1";

/// A credential set.
pub(crate) type CredentialSet = Resource<resource::CredentialSet>;

/// A credential set's properties.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, rename = "CredentialSet")]
pub(crate) struct Properties {
    login_server: String,
    auth_credentials: [Credential; 1],
    creation_date: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthCredential")]
struct Credential {
    name: &'static str,
    username_secret_identifier: String,
    password_secret_identifier: String,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    login_server: Option<String>,
    #[serde(default)]
    auth_credentials: Vec<WantedCredential>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WantedCredential {
    username_secret_identifier: Option<String>,
    password_secret_identifier: Option<String>,
}

impl Kept for resource::CredentialSet {
    const PARAMETER: &'static str = "credentialSetName";
    const DELETED: StatusCode = StatusCode::NO_CONTENT;
    type Properties = Properties;
    type Wanted = Wanted;

    fn properties(resource: &CredentialSet, _: &Call<'_>, _: &Registry) -> Properties {
        let Self { login_server, secrets } = &resource.value;
        Properties {
            login_server: login_server.clone(),
            auth_credentials: [Credential {
                name: CREDENTIAL,
                username_secret_identifier: secrets.user.clone(),
                password_secret_identifier: secrets.password.clone(),
            }],
            creation_date: resource.created_at.to_string(),
        }
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        at: At,
        wanted: Value,
    ) -> Result<(Versioned<CredentialSet>, Written), ArmError> {
        let present = identities(call, registry, &at.name).await?;
        let identity = identity::read(&wanted["identity"])?;
        let wish = wish(call, wanted, change)?;
        let wished = identity::wished(call, identity, &present, &at.name).await?;
        let wish = Wish { identity: Some(wished.clone()), ..wish };
        match call.app.resources.write_credential_set(at, wish).await {
            Ok(written) => {
                identity::drop_unused(call.app, &present, &wished).await;
                Ok(written)
            }
            Err(error) => {
                identity::drop_unused(call.app, &wished, &present).await;
                Err(refused(error))
            }
        }
    }

    async fn delete(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
        precondition: Precondition,
    ) -> Result<(), ResourceError> {
        let resources = &call.app.resources;
        let present = resources.find::<Self>(registry, name).await?.value.about.identity;
        resources.delete_credential_set(registry, name, precondition).await?;
        identity::drop_unused(call.app, &present, &Identities::default()).await;
        Ok(())
    }
}

/// The identities of the set of that name, which needn't be there.
async fn identities(
    call: &Call<'_>,
    registry: &Registry,
    name: &str,
) -> Result<Identities, ArmError> {
    match call.app.resources.find::<resource::CredentialSet>(registry, name).await {
        Ok(present) => Ok(present.value.about.identity),
        Err(ResourceError::Missing { .. }) => Ok(Identities::default()),
        Err(error) => Err(refused(error)),
    }
}

fn change(wanted: Wanted) -> Result<CredentialSetChange, ArmError> {
    if wanted.auth_credentials.len() > 1 {
        let message = "a credential set has one credential";
        return Err(ArmError::bad_request(message).about("properties.authCredentials"));
    }
    let credential = wanted.auth_credentials.into_iter().next();
    let (user, password) = credential
        .map(|one| (one.username_secret_identifier, one.password_secret_identifier))
        .unwrap_or_default();
    Ok(CredentialSetChange { login_server: wanted.login_server, user, password })
}
