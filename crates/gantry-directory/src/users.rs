//! Users: made, changed, removed.

use gantry_arm::Guid;
use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::directory::{User, UserPrincipalName};
use gantry_oci::Secret;
use gantry_secrets::{Generated, passwords};

use crate::page::Page;
use crate::{Directory, TotpSecret, new_id};

/// The shortest password that people may think up (NIST SP 800-63B, 3.1.1.2).
const SHORTEST_PASSWORD: usize = 8;

/// A user that is to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they sign in with.
    pub name: UserPrincipalName,
    /// What they are called; their name where nothing is said.
    pub display_name: Option<String>,
    /// Their password; made where nothing is said.
    pub password: Option<Secret>,
    /// May sign in.
    pub enabled: bool,
}

/// Why a user can't be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Somebody signs in with that name.
    #[error("the name {0} is taken")]
    Taken(UserPrincipalName),
    /// There is no such user.
    #[error("there is no such user")]
    Missing,
    /// People guess short passwords.
    #[error("a password has 8 characters or more")]
    ShortPassword,
    /// The password can't be hashed.
    #[error(transparent)]
    Password(#[from] passwords::PasswordError),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Directory {
    /// Makes a user; answers the password too, where it was made here.
    pub async fn create_user(&self, new: NewUser) -> Result<(User, Option<Secret>), UserError> {
        let generated = new.password.is_none().then(Generated::secret);
        let password =
            new.password.or_else(|| generated.clone()).ok_or(UserError::ShortPassword)?;
        let hash = hashed(&password).await?;
        let user = User {
            id: new_id(),
            display_name: new.display_name.unwrap_or_else(|| new.name.to_string()),
            name: new.name,
            enabled: new.enabled,
            has_totp: false,
            created_at: self.now(),
        };
        let made = user.clone();
        let insert = move |tx: &mut Transaction<'_, '_>| match tx.user_insert(&made, Some(&hash))? {
            true => Ok(()),
            false => Err(UserError::Taken(made.name.clone())),
        };
        self.0.catalog.transaction(Durability::Power, insert).await?;
        Ok((user, generated))
    }

    /// The user of that id.
    pub async fn find_user(&self, id: Guid) -> Result<Option<User>, DbError> {
        self.0.catalog.user_find(id).await
    }

    /// The user who signs in with that name.
    pub async fn find_user_by_name(
        &self,
        name: &UserPrincipalName,
    ) -> Result<Option<User>, DbError> {
        self.0.catalog.user_find_by_name(name).await
    }

    /// Up to `limit` users who are called so.
    pub async fn find_users_called(&self, name: &str, limit: usize) -> Result<Vec<User>, DbError> {
        self.0.catalog.user_find_by_display_name(name, limit).await
    }

    /// Up to `limit` users behind the id `after`.
    pub async fn list_users(&self, after: &str, limit: usize) -> Result<Page<User>, DbError> {
        Ok(Page::cut(self.0.catalog.user_list(after, limit + 1).await?, limit))
    }

    /// Changes what a user is called and whether they may sign in.
    pub async fn update_user(
        &self,
        id: Guid,
        display_name: Option<String>,
        enabled: Option<bool>,
    ) -> Result<User, UserError> {
        let update = move |tx: &mut Transaction<'_, '_>| {
            let mut user = tx.user_find(id)?.ok_or(UserError::Missing)?;
            user.display_name = display_name.clone().unwrap_or(user.display_name);
            user.enabled = enabled.unwrap_or(user.enabled);
            tx.user_update(&user)?;
            Ok(user)
        };
        self.0.catalog.transaction(Durability::Power, update).await
    }

    /// Sets a user's password, or makes one, and signs them out everywhere.
    pub async fn set_user_password(
        &self,
        id: Guid,
        password: Option<Secret>,
    ) -> Result<Option<Secret>, UserError> {
        let generated = password.is_none().then(Generated::secret);
        let password = password.or_else(|| generated.clone()).ok_or(UserError::ShortPassword)?;
        let hash = hashed(&password).await?;
        let set = move |tx: &mut Transaction<'_, '_>| {
            tx.user_find(id)?.ok_or(UserError::Missing)?;
            Ok::<_, UserError>(tx.user_set_password(id, &hash)?)
        };
        self.0.catalog.transaction(Durability::Power, set).await?;
        Ok(generated)
    }

    /// Makes a secret for codes besides the password, from now on asked for at each sign-in.
    pub async fn enable_totp(&self, id: Guid) -> Result<TotpSecret, UserError> {
        let secret = TotpSecret::generate();
        let sealed = self.0.master_key.seal(&totp_purpose(id), secret.bytes());
        self.set_totp(id, Some(sealed)).await?;
        Ok(secret)
    }

    /// Asks for no codes any more.
    pub async fn disable_totp(&self, id: Guid) -> Result<(), UserError> {
        self.set_totp(id, None).await
    }

    async fn set_totp(&self, id: Guid, sealed: Option<Vec<u8>>) -> Result<(), UserError> {
        let set = move |tx: &mut Transaction<'_, '_>| {
            tx.user_find(id)?.ok_or(UserError::Missing)?;
            Ok::<_, UserError>(tx.user_set_totp(id, sealed.as_deref())?)
        };
        self.0.catalog.transaction(Durability::Power, set).await
    }

    /// Signs someone out everywhere: a user, an application, a managed identity.
    pub async fn sign_out(&self, principal: Guid) -> Result<(), DbError> {
        let end = move |tx: &mut Transaction<'_, '_>| tx.principal_sign_out(principal);
        self.0.catalog.transaction(Durability::Power, end).await
    }

    /// Removes a user.
    pub async fn delete_user(&self, id: Guid) -> Result<(), UserError> {
        let delete = move |tx: &mut Transaction<'_, '_>| {
            tx.user_find(id)?.ok_or(UserError::Missing)?;
            Ok::<_, UserError>(tx.user_delete(id)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

/// What the sealed secret of a user's codes is for.
pub(crate) fn totp_purpose(user: Guid) -> String {
    format!("directory_user {user} totp")
}

async fn hashed(password: &Secret) -> Result<String, UserError> {
    if password.expose().chars().count() < SHORTEST_PASSWORD {
        return Err(UserError::ShortPassword);
    }
    Ok(passwords::hash(password.expose()).await?)
}
