//! Credential sets of cache rules.

use gantry_model::resource::{self, Resource};
use gantry_model::{Identities, Precondition, Registry, Versioned, Written};
use gantry_resources::{CredentialSetChange, ResourceError, Wish};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::children::{Child, WrittenTo};
use crate::error::ArmError;
use crate::kept::{at, refused, shown, was_there, wish};
use crate::{Call, identity};

/// What ACR calls the only credential that a set has.
const CREDENTIAL: &str = "Credential1";

/// A credential set.
pub(crate) type CredentialSet = Resource<resource::CredentialSet>;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    login_server: Option<String>,
    #[serde(default)]
    auth_credentials: Vec<Credential>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    username_secret_identifier: Option<String>,
    password_secret_identifier: Option<String>,
}

impl Child for CredentialSet {
    const KIND: &'static str = "credentialSets";
    const NAME: &'static str = "credentialSetName";
    const DELETED: StatusCode = StatusCode::NO_CONTENT;

    fn key(&self) -> String {
        resource::name_key(&self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn render(&self, call: &Call<'_>, _: &Registry) -> Value {
        let resource::CredentialSet { login_server, secrets } = &self.value;
        let properties = json!({
            "loginServer": login_server,
            "authCredentials": [{
                "name": CREDENTIAL,
                "usernameSecretIdentifier": secrets.user,
                "passwordSecretIdentifier": secrets.password,
            }],
            "creationDate": self.created_at.to_string(),
        });
        shown(call, self, &properties)
    }

    async fn find(
        call: &Call<'_>,
        registry: &Registry,
        name: &str,
    ) -> Result<Versioned<Self>, ArmError> {
        call.app.resources.find(registry, name).await.map_err(refused)
    }

    async fn list(
        call: &Call<'_>,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Self>, ArmError> {
        Ok(call.app.resources.list(registry, after, limit).await?)
    }

    async fn write(
        call: &Call<'_>,
        registry: &Registry,
        to: WrittenTo,
        wanted: Value,
    ) -> Result<(Versioned<Self>, Written), ArmError> {
        let present = call.app.resources.find::<resource::CredentialSet>(registry, &to.name).await;
        let present = match present {
            Ok(present) => present.value.about.identity,
            Err(ResourceError::Missing { .. }) => Identities::default(),
            Err(error) => return Err(refused(error)),
        };
        let identity = identity::read(&wanted["identity"])?;
        let wish = wish(call, wanted, |wanted: Properties| {
            if wanted.auth_credentials.len() > 1 {
                let message = "a credential set has one credential";
                return Err(ArmError::bad_request(message).about("properties.authCredentials"));
            }
            let credential = wanted.auth_credentials.first();
            Ok(CredentialSetChange {
                login_server: wanted.login_server,
                user: credential.and_then(|one| one.username_secret_identifier.clone()),
                password: credential.and_then(|one| one.password_secret_identifier.clone()),
            })
        })?;
        let wished = identity::wished(call, identity, &present, &to.name).await?;
        let wish = Wish { identity: Some(wished.clone()), ..wish };
        match call.app.resources.write_credential_set(at(registry, to), wish).await {
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
    ) -> Result<bool, ArmError> {
        let found = call.app.resources.find::<resource::CredentialSet>(registry, name).await;
        let deleted = call.app.resources.delete_credential_set(registry, name, precondition).await;
        let was_there = was_there(deleted)?;
        if let Some(gone) = found.ok().filter(|_| was_there) {
            let none = Identities::default();
            identity::drop_unused(call.app, &gone.value.about.identity, &none).await;
        }
        Ok(was_there)
    }
}
