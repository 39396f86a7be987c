//! What a first start makes: one tenant, one subscription, an application and a user who own it.

use gantry_arm::Guid;
use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_model::directory::{
    Application, ApplicationCredential, ApplicationDetails, PrincipalType, Proof, ServicePrincipal,
    ServicePrincipalKind, Tenant, User, UserPrincipalName,
};
use gantry_model::roles::RoleAssignment;
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash, passwords};
use serde::{Deserialize, Serialize};

use crate::{OpenError, new_id};

/// Azure's `Owner`.
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
/// The secret of the first application is good for as long as certificates' dates go on: there is
/// nobody yet who could renew it.
const LONG: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What the first start is to make, as far as the operator cares.
#[derive(Clone, Debug, Default)]
pub struct BootstrapWishes {
    /// The tenant's id.
    pub tenant: Option<Guid>,
    /// The subscription's id.
    pub subscription: Option<Guid>,
    /// The domain of users' names.
    pub domain: Option<String>,
    /// The first application's id.
    pub app_id: Option<Guid>,
    /// The first application's secret.
    pub secret: Option<Secret>,
    /// The first user's name.
    pub user: Option<UserPrincipalName>,
    /// The first user's password.
    pub user_password: Option<Secret>,
}

/// What a first start has made: the form of `bootstrap.json`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bootstrap {
    /// The tenant's id.
    pub tenant_id: Guid,
    /// The subscription's id.
    pub subscription_id: Guid,
    /// What the first application signs in with.
    pub app_id: Guid,
    /// Its secret.
    pub password: String,
    /// What the first user signs in with.
    pub user: String,
    /// Their password.
    pub user_password: String,
}

impl std::fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bootstrap").field("tenant_id", &self.tenant_id).finish_non_exhaustive()
    }
}

/// The tenant, made if it wasn't there. What is made is kept first: a crash in between leaves secrets
/// of nobody's, and not somebody without their secrets.
pub(crate) async fn establish(
    catalog: &Catalog,
    wishes: BootstrapWishes,
    keep: impl FnOnce(&Bootstrap) -> std::io::Result<()>,
) -> Result<Tenant, OpenError> {
    if let Some(tenant) = catalog.tenant().await? {
        return Ok(tenant);
    }
    let text =
        |secret: Option<Secret>| secret.unwrap_or_else(Generated::secret).expose().to_owned();
    let domain = wishes.domain.unwrap_or_else(|| "gantry.localhost".to_owned());
    let user = wishes.user.map_or_else(|| format!("admin@{domain}"), |user| user.to_string());
    let made = Bootstrap {
        tenant_id: wishes.tenant.unwrap_or_else(new_id),
        subscription_id: wishes.subscription.unwrap_or_else(new_id),
        app_id: wishes.app_id.unwrap_or_else(new_id),
        password: text(wishes.secret),
        user,
        user_password: text(wishes.user_password),
    };
    let tenant = Tenant { id: made.tenant_id, subscription: made.subscription_id, domain };
    let rows = rows(&made, &tenant, passwords::hash(&made.user_password).await?);
    let establish = move |tx: &mut Transaction<'_, '_>| rows.insert(tx);
    keep(&made).map_err(OpenError::Keep)?;
    if catalog.transaction(Durability::Power, establish).await? {
        return Ok(tenant);
    }
    // Another node was first.
    let tenant = catalog.tenant().await?;
    let missing = || DbError::Other("the tenant was made and is gone".into());
    Ok(tenant.ok_or_else(missing)?)
}

/// Everything that is made, with the same moment.
struct Rows {
    tenant: Tenant,
    application: Application,
    secret: SecretHash,
    hint: String,
    service_principal: ServicePrincipal,
    user: User,
    password: String,
}

fn rows(made: &Bootstrap, tenant: &Tenant, password: String) -> Rows {
    let never = gantry_model::Timestamp::from_micros(0);
    let application = Application {
        id: new_id(),
        app_id: made.app_id,
        display_name: "Gantry operator".to_owned(),
        details: ApplicationDetails::default(),
        created_at: never,
    };
    let service_principal = ServicePrincipal {
        id: new_id(),
        app_id: made.app_id,
        kind: ServicePrincipalKind::Application,
        display_name: application.display_name.clone(),
        enabled: true,
        created_at: never,
    };
    let user = User {
        id: new_id(),
        name: made
            .user
            .parse()
            .unwrap_or_else(|_| "admin@gantry.localhost".parse().expect("it is a name")),
        display_name: "Administrator".to_owned(),
        enabled: true,
        has_totp: false,
        created_at: never,
    };
    Rows {
        tenant: tenant.clone(),
        application,
        secret: SecretHash::of(&made.password),
        hint: made.password.chars().take(3).collect(),
        service_principal,
        user,
        password,
    }
}

impl Rows {
    fn insert(&self, tx: &mut Transaction<'_, '_>) -> Result<bool, DbError> {
        if !tx.tenant_establish(&self.tenant)? {
            return Ok(false);
        }
        let now = tx.now();
        let at = |mut user: User| {
            user.created_at = now;
            user
        };
        tx.user_insert(&at(self.user.clone()), Some(&self.password))?;
        tx.application_insert(&Application { created_at: now, ..self.application.clone() })?;
        let credential = ApplicationCredential {
            id: new_id(),
            display_name: Some("first".to_owned()),
            proof: Proof::Secret { hash: self.secret.0, hint: self.hint.clone() },
            starts_at: now,
            ends_at: now.plus(LONG),
        };
        tx.application_add_credential(self.application.id, &credential)?;
        let service_principal =
            ServicePrincipal { created_at: now, ..self.service_principal.clone() };
        tx.service_principal_insert(&service_principal)?;
        let owners = [
            (self.user.id, PrincipalType::User),
            (self.service_principal.id, PrincipalType::ServicePrincipal),
        ];
        for (principal, principal_type) in owners {
            tx.role_assignment_set(&RoleAssignment {
                id: new_id(),
                scope: format!("/subscriptions/{}", self.tenant.subscription),
                principal,
                principal_type,
                role: OWNER.parse().expect("it is an id"),
                condition: None,
                description: Some("made at the first start".to_owned()),
                created_by: "gantry".to_owned(),
                created_at: now,
                updated_at: now,
            })?;
        }
        Ok(true)
    }
}
