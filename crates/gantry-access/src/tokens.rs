//! Repository-scoped tokens: credentials for some repositories of one registry, that no directory
//! knows.

use gantry_catalog::{DbError, Durability, Transaction};
use gantry_model::scoped::{ScopedName, Token, TokenPassword, TokenPasswordName};
use gantry_model::{Registry, Timestamp, TokenId};
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

/// Why a token can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token.
    #[error("there is no token {0}")]
    Missing(ScopedName),
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
    ) -> Result<Option<Token>, DbError> {
        self.0.catalog.token_find(registry.id, name).await
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

    /// Makes a token without passwords, or gives the one of that name another scope map or status:
    /// whichever is said.
    pub async fn set_token(
        &self,
        registry: &Registry,
        name: &ScopedName,
        scope_map: &ScopedName,
        enabled: Option<bool>,
    ) -> Result<Token, TokenError> {
        if name.as_str().eq_ignore_ascii_case(registry.name.as_str()) {
            return Err(TokenError::Reserved);
        }
        let (registry, name, scope_map) = (registry.clone(), name.clone(), scope_map.clone());
        let set = move |tx: &mut Transaction<'_, '_>| {
            let known = of_the_system(&scope_map).is_some()
                || tx.scope_map_find(registry.id, &scope_map)?.is_some();
            if !known {
                return Err(TokenError::NoSuchScopeMap(scope_map.clone()));
            }
            if let Some(mut token) = tx.token_find(registry.id, &name)? {
                token.scope_map = scope_map.clone();
                token.enabled = enabled.unwrap_or(token.enabled);
                tx.token_update(registry.id, &token)?;
                return Ok(token);
            }
            let (count, most) =
                (tx.token_count(registry.id)?, registry.settings.tier.limits().tokens);
            if count >= most {
                return Err(TokenError::TooMany(count));
            }
            let token = Token {
                id: TokenId::new(tx.now()),
                name: name.clone(),
                scope_map: scope_map.clone(),
                enabled: enabled.unwrap_or(true),
                created_at: tx.now(),
                passwords: Vec::new(),
            };
            tx.token_insert(registry.id, &token)?;
            Ok(token)
        };
        self.0.catalog.transaction(Durability::Power, set).await
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

    /// Removes those of a token's passwords that aren't among `kept`.
    pub async fn keep_passwords(
        &self,
        registry: &Registry,
        name: &ScopedName,
        kept: Vec<TokenPasswordName>,
    ) -> Result<(), TokenError> {
        let (registry, name) = (registry.id, name.clone());
        let remove = move |tx: &mut Transaction<'_, '_>| {
            let token = tx.token_find(registry, &name)?;
            let token = token.ok_or_else(|| TokenError::Missing(name.clone()))?;
            for password in token.passwords.iter().filter(|one| !kept.contains(&one.name)) {
                tx.token_password_delete(registry, (&token.name, token.id), password.name)?;
            }
            Ok(())
        };
        self.0.catalog.transaction(Durability::Power, remove).await
    }

    /// Deletes a token, for good.
    pub async fn delete_token(
        &self,
        registry: &Registry,
        name: &ScopedName,
    ) -> Result<(), TokenError> {
        let (registry, name) = (registry.id, name.clone());
        let delete = move |tx: &mut Transaction<'_, '_>| {
            let token = tx.token_find(registry, &name)?;
            let token = token.ok_or_else(|| TokenError::Missing(name.clone()))?;
            Ok::<_, TokenError>(tx.token_delete(registry, &token)?)
        };
        self.0.catalog.transaction(Durability::Power, delete).await
    }
}
