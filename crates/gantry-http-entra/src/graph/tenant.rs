//! `me`, `organization`, `domains`.

use axum::body::Body;
use gantry_directory::PrincipalKind;
use gantry_directory::sign_in::SignInError;
use gantry_oci::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::GraphError;
use super::reply::Reply;
use super::{Graph, GraphCaller, users};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangePassword {
    current_password: String,
    new_password: String,
}

impl Graph<'_> {
    async fn me(&self) -> Result<gantry_model::directory::User, GraphError> {
        match &self.caller {
            GraphCaller::Principal(principal) if principal.kind == PrincipalKind::User => {
                self.user(&principal.id.to_string()).await
            }
            GraphCaller::Principal(_) | GraphCaller::Operator => {
                Err(GraphError::bad("/me is for users who have signed in."))
            }
        }
    }

    pub(super) async fn show_me(&self) -> Result<Reply, GraphError> {
        Ok(Reply::Found(self.entity("users", users::shape(&self.me().await?))))
    }

    /// Whoever knows their password may set another. That signs them out everywhere.
    pub(super) async fn change_my_password(&self, body: Body) -> Result<Reply, GraphError> {
        let user = self.me().await?;
        let asked: ChangePassword = self.read(body).await?;
        let (call, current) = (self.call, Secret::new(asked.current_password));
        let signed_in =
            self.directory().sign_in_person(user.name.as_str(), &current, None, call.context());
        match signed_in.await {
            // The password was right; the code was asked for when the token was got.
            Ok(_) | Err(SignInError::CodeNeeded) => {}
            Err(SignInError::Catalog(failure)) => return Err(failure.into()),
            Err(SignInError::TooMany(wait)) => {
                return Err(GraphError::too_many(&wait.to_string()));
            }
            Err(_) => return Err(GraphError::bad("The specified password is incorrect.")),
        }
        let new = Secret::new(asked.new_password);
        self.directory().set_user_password(user.id, Some(new)).await?;
        Ok(Reply::Done)
    }

    pub(super) fn list_organizations(&self) -> Result<Reply, GraphError> {
        let tenant = self.directory().tenant();
        Ok(self.all(
            "organization",
            &[json!({
                "id": tenant.id,
                "displayName": tenant.domain,
                "tenantType": "AAD",
                "verifiedDomains": [{
                    "name": tenant.domain,
                    "type": "Managed",
                    "isDefault": true,
                    "isInitial": true,
                    "capabilities": "",
                }],
            })],
        ))
    }

    pub(super) fn list_domains(&self) -> Result<Reply, GraphError> {
        Ok(self.all(
            "domains",
            &[json!({
                "id": self.directory().tenant().domain,
                "authenticationType": "Managed",
                "isDefault": true,
                "isInitial": true,
                "isRoot": true,
                "isVerified": true,
                "supportedServices": [],
            })],
        ))
    }

    fn all(&self, set: &str, objects: &[Value]) -> Reply {
        Reply::Found(json!({ "@odata.context": self.context(set), "value": objects }))
    }
}
