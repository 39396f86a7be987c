//! Repository-scoped tokens: credentials for some repositories of one registry, that no directory
//! knows.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::scoped::{ScopedName, Token, TokenPassword, TokenPasswordName};
use gantry_model::{
    EpochSubject, IfAbsent, Precondition, PreconditionFailed, Registry, RegistryId, Tiers,
    Timestamp, TokenId, Versioned, Written,
};
use gantry_oci::Secret;
use gantry_secrets::{Generated, SecretHash};

use crate::Access;
use crate::scope_maps::of_the_system;

/// Passwords that were made: their texts are shown this once.
#[derive(Clone, Debug)]
pub struct NewPasswords {
    /// The token's name, which is its user name.
    pub user: ScopedName,
    /// What was made.
    pub passwords: Vec<(TokenPassword, Secret)>,
}

/// What is wished of a token. What isn't said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct TokenChange {
    /// Its scope map, which a new one must have.
    pub scope_map: Option<ScopedName>,
    /// Whether it may be used; a new one may.
    pub enabled: Option<bool>,
    /// The passwords that it keeps.
    pub kept_passwords: Option<Vec<TokenPasswordName>>,
}

/// Why a token can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token.
    #[error("there is no token {0}")]
    Missing(ScopedName),
    /// It has changed.
    #[error(transparent)]
    Precondition(#[from] PreconditionFailed),
    /// It would be a new one, without a scope map.
    #[error("a new token needs a scope map")]
    NoScopeMap,
    /// There is no such scope map.
    #[error("there is no scope map {0}")]
    NoSuchScopeMap(ScopedName),
    /// It is called like the registry, whose admin account that is.
    #[error("a token can't be called like the registry: that is its admin account")]
    Reserved,
    /// The registry has as many as its tier allows.
    #[error("the registry has {0} tokens, as many as its tier allows")]
    TooMany(u64),
    /// The password would have ended before it begins.
    #[error("the password would have expired already")]
    Expired,
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Access {
    /// The token of that name.
    pub async fn find_token(
        &self,
        registry: &Registry,
        name: &ScopedName,
    ) -> Result<Option<Versioned<Token>>, DbError> {
        let find = || self.0.catalog.token_find(registry.id, name);
        self.0.catalog.versioned(find, |token| EpochSubject::token(token.id)).await
    }

    /// Up to `limit` tokens behind the key `after`, in order of their keys.
    pub async fn list_tokens(
        &self,
        registry: &Registry,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Token>, DbError> {
        self.0.catalog.token_list(registry.id, after, limit).await
    }

    /// How many tokens the registry has.
    pub async fn count_tokens(&self, registry: &Registry) -> Result<u64, DbError> {
        self.0.catalog.token_count(registry.id).await
    }

    /// Brings the token of that name to what is wished. One that is made has no passwords yet.
    pub async fn write_token(
        &self,
        registry: &Registry,
        name: &ScopedName,
        wished: TokenChange,
        if_absent: IfAbsent,
        precondition: Precondition,
    ) -> Result<(Versioned<Token>, Written), TokenError> {
        if name.as_str().eq_ignore_ascii_case(registry.name.as_str()) {
            return Err(TokenError::Reserved);
        }
        let (id, name, tiers) = (registry.id, name.clone(), self.0.options.tiers);
        let write = move |tx: &mut Transaction<'_, '_>| {
            let registry = lock(tx, id, &name)?;
            let present = find(tx, id, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            if let Some(map) = &wished.scope_map
                && of_the_system(map).is_none()
                && tx.scope_map_find(id, map)?.is_none()
            {
                return Err(TokenError::NoSuchScopeMap(map.clone()));
            }
            let written = match (present, if_absent) {
                (None, IfAbsent::Refuse) => return Err(TokenError::Missing(name.clone())),
                (None, IfAbsent::Make) => {
                    make(tx, &tiers, &registry, &name, &wished)?;
                    Written::Made
                }
                (Some(present), _) => {
                    change(tx, id, present.value, &wished)?;
                    Written::Changed
                }
            };
            let found = find(tx, id, &name)?;
            Ok((found.ok_or_else(|| TokenError::Missing(name.clone()))?, written))
        };
        self.0.catalog.transaction(Durability::Power, write).await
    }

    /// Makes a token's password of that name anew, or both.
    pub async fn generate_passwords(
        &self,
        registry: &Registry,
        name: &ScopedName,
        which: Option<TokenPasswordName>,
        expires_at: Option<Timestamp>,
    ) -> Result<NewPasswords, TokenError> {
        let now = self.0.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return Err(TokenError::Expired);
        }
        let wanted =
            TokenPasswordName::BOTH.into_iter().filter(|one| which.is_none_or(|w| w == *one));
        let passwords: Vec<_> = wanted
            .map(|name| {
                let text = Generated::secret();
                let hash = SecretHash::of(text.expose()).0;
                (TokenPassword { name, hash, created_at: now, expires_at }, text)
            })
            .collect();
        let rows: Vec<_> = passwords.iter().map(|(row, _)| row.clone()).collect();
        let (registry, name) = (registry.id, name.clone());
        let set = move |tx: &mut Transaction<'_, '_>| {
            lock(tx, registry, &name)?;
            let token = tx.token_find(registry, &name)?;
            let token = token.ok_or_else(|| TokenError::Missing(name.clone()))?;
            for row in &rows {
                tx.token_password_set(registry, (&token.name, token.id), row)?;
            }
            Ok::<_, TokenError>(token.name)
        };
        let user = self.0.catalog.transaction(Durability::Power, set).await?;
        Ok(NewPasswords { user, passwords })
    }

    /// Deletes a token, for good.
    pub async fn delete_token(
        &self,
        registry: &Registry,
        name: &ScopedName,
        precondition: Precondition,
    ) -> Result<(), TokenError> {
        let (registry, name) = (registry.id, name.clone());
        let delete = move |tx: &mut Transaction<'_, '_>| {
            lock(tx, registry, &name)?;
            let present = find(tx, registry, &name)?;
            precondition.check(present.as_ref().map(|present| &present.version))?;
            let present = present.ok_or_else(|| TokenError::Missing(name.clone()))?;
            Ok::<_, TokenError>(tx.token_delete(registry, &present.value)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}

/// Keeps everyone else from changing the registry's tokens and scope maps meanwhile.
fn lock(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &ScopedName,
) -> Result<Registry, TokenError> {
    tx.registry_lock(registry)?.ok_or_else(|| TokenError::Missing(name.clone()))
}

fn find(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    name: &ScopedName,
) -> Result<Option<Versioned<Token>>, DbError> {
    let Some(value) = tx.token_find(registry, name)? else { return Ok(None) };
    tx.versioned(value, |token| EpochSubject::token(token.id)).map(Some)
}

fn make(
    tx: &mut Transaction<'_, '_>,
    tiers: &Tiers,
    registry: &Registry,
    name: &ScopedName,
    wished: &TokenChange,
) -> Result<(), TokenError> {
    let scope_map = wished.scope_map.clone().ok_or(TokenError::NoScopeMap)?;
    let (count, most) = (tx.token_count(registry.id)?, tiers.of(registry.settings.tier).tokens);
    if count >= most {
        return Err(TokenError::TooMany(count));
    }
    let token = Token {
        id: TokenId::new(tx.now()),
        name: name.clone(),
        scope_map,
        enabled: wished.enabled.unwrap_or(true),
        created_at: tx.now(),
        passwords: Vec::new(),
    };
    tx.token_insert(registry.id, &token)?;
    Ok(())
}

fn change(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    mut token: Token,
    wished: &TokenChange,
) -> Result<(), TokenError> {
    token.scope_map = wished.scope_map.clone().unwrap_or(token.scope_map);
    token.enabled = wished.enabled.unwrap_or(token.enabled);
    tx.token_update(registry, &token)?;
    let kept = |one: &&TokenPassword| {
        wished.kept_passwords.as_ref().is_none_or(|kept| kept.contains(&one.name))
    };
    for password in token.passwords.iter().filter(|one| !kept(one)) {
        tx.token_password_delete(registry, (&token.name, token.id), password.name)?;
    }
    Ok(())
}
