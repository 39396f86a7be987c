//! Repository-scoped tokens and their passwords.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::scoped::{ScopedName, Token, TokenPassword, TokenPasswordName};
use gantry_model::{EpochSubject, RegistryId, TokenId};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name, id, scope_map, enabled, created_at
       from token
      where registry = $1 and key > $2
      order by key
      limit $3",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select name, id, scope_map, enabled, created_at from token where registry = $1 and key = $2",
);

pub(crate) const PASSWORDS: Stmt = Stmt::new(
    "select name, hash, created_at, expires_at
       from token_password
      where registry = $1 and token = $2
      order by name",
);

pub(crate) const COUNT: Stmt = Stmt::new("select count(*) from token where registry = $1");

pub(crate) const OF_SCOPE_MAP: Stmt =
    Stmt::new("select name from token where registry = $1 and scope_map = $2 limit 1");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into token (registry, key, name, id, scope_map, enabled, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (registry, key) do nothing",
);

pub(crate) const UPDATE: Stmt =
    Stmt::new("update token set scope_map = $3, enabled = $4 where registry = $1 and key = $2");

pub(crate) const DELETE: Stmt = Stmt::new("delete from token where registry = $1 and key = $2");

pub(crate) const SET_PASSWORD: Stmt = Stmt::new(
    "insert into token_password (registry, token, name, hash, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (registry, token, name) do update
        set hash = excluded.hash, created_at = excluded.created_at, expires_at = excluded.expires_at",
);

pub(crate) const DELETE_PASSWORD: Stmt = Stmt::new(
    "delete from token_password where registry = $1 and token = $2 and ($3 = '' or name = $3)",
);

impl Catalog {
    /// Up to `limit` tokens of the registry behind the key `after`, in order of their keys.
    pub async fn token_list(
        &self,
        registry: RegistryId,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Token>, DbError> {
        let mut tokens =
            self.db.all(&LIST, &args![registry.to_bytes(), after, limit as i64], token).await?;
        for token in &mut tokens {
            token.passwords = self.token_passwords(registry, &token.name).await?;
        }
        Ok(tokens)
    }

    /// The token of that name.
    pub async fn token_find(
        &self,
        registry: RegistryId,
        name: &ScopedName,
    ) -> Result<Option<Token>, DbError> {
        let found = self.db.one(&FIND, &args![registry.to_bytes(), name.key()], token).await?;
        let Some(mut token) = found else { return Ok(None) };
        token.passwords = self.token_passwords(registry, name).await?;
        Ok(Some(token))
    }

    async fn token_passwords(
        &self,
        registry: RegistryId,
        token: &ScopedName,
    ) -> Result<Vec<TokenPassword>, DbError> {
        self.db.all(&PASSWORDS, &args![registry.to_bytes(), token.key()], password).await
    }

    /// How many tokens the registry has.
    pub async fn token_count(&self, registry: RegistryId) -> Result<u64, DbError> {
        let count = self.db.one(&COUNT, &args![registry.to_bytes()], |row| row.get(0)).await?;
        Ok(count.unwrap_or(0))
    }
}

impl Transaction<'_, '_> {
    /// The token of that name.
    pub fn token_find(
        &mut self,
        registry: RegistryId,
        name: &ScopedName,
    ) -> Result<Option<Token>, DbError> {
        let found = self.tx.one(&FIND, &args![registry.to_bytes(), name.key()], token)?;
        let Some(mut token) = found else { return Ok(None) };
        token.passwords =
            self.tx.all(&PASSWORDS, &args![registry.to_bytes(), name.key()], password)?;
        Ok(Some(token))
    }

    /// How many tokens the registry has.
    pub fn token_count(&mut self, registry: RegistryId) -> Result<u64, DbError> {
        let count = self.tx.one(&COUNT, &args![registry.to_bytes()], |row| row.get(0))?;
        Ok(count.unwrap_or(0))
    }

    /// The name of a token that has the scope map.
    pub fn token_of_scope_map(
        &mut self,
        registry: RegistryId,
        map: &ScopedName,
    ) -> Result<Option<String>, DbError> {
        self.tx.one(&OF_SCOPE_MAP, &args![registry.to_bytes(), map.key()], |row| row.get(0))
    }

    /// Adds a token without its passwords; false if there is one of that name.
    pub fn token_insert(&mut self, registry: RegistryId, token: &Token) -> Result<bool, DbError> {
        let inserted = self.tx.exec(
            &INSERT,
            &args![
                registry.to_bytes(),
                token.name.key(),
                token.name.as_str(),
                token.id.to_bytes(),
                token.scope_map.key(),
                token.enabled,
                moment(token.created_at)
            ],
        )?;
        Ok(inserted == 1)
    }

    /// Changes the token's status and scope map, and ends the access tokens that came by it.
    pub fn token_update(&mut self, registry: RegistryId, token: &Token) -> Result<(), DbError> {
        self.tx.exec(
            &UPDATE,
            &args![registry.to_bytes(), token.name.key(), token.scope_map.key(), token.enabled],
        )?;
        self.epoch_raise(Some(registry), EpochSubject::token(token.id))
    }

    /// Removes the token and its passwords, and ends the access tokens that came by it.
    pub fn token_delete(&mut self, registry: RegistryId, token: &Token) -> Result<(), DbError> {
        let key = token.name.key();
        self.tx.exec(&DELETE_PASSWORD, &args![registry.to_bytes(), key, ""])?;
        self.tx.exec(&DELETE, &args![registry.to_bytes(), key])?;
        self.epoch_raise(Some(registry), EpochSubject::token(token.id))
    }

    /// Sets one of the token's passwords, and ends the access tokens that came by it.
    pub fn token_password_set(
        &mut self,
        registry: RegistryId,
        (token, id): (&ScopedName, TokenId),
        password: &TokenPassword,
    ) -> Result<(), DbError> {
        self.tx.exec(
            &SET_PASSWORD,
            &args![
                registry.to_bytes(),
                token.key(),
                password.name.as_str(),
                password.hash,
                moment(password.created_at),
                password.expires_at.map(moment)
            ],
        )?;
        self.epoch_raise(Some(registry), EpochSubject::token(id))
    }

    /// Removes one of the token's passwords, and ends the access tokens that came by it.
    pub fn token_password_delete(
        &mut self,
        registry: RegistryId,
        (token, id): (&ScopedName, TokenId),
        password: TokenPasswordName,
    ) -> Result<(), DbError> {
        self.tx
            .exec(&DELETE_PASSWORD, &args![registry.to_bytes(), token.key(), password.as_str()])?;
        self.epoch_raise(Some(registry), EpochSubject::token(id))
    }
}

fn token(row: &Row<'_>) -> Result<Token, DbError> {
    Ok(Token {
        name: row.parsed(0)?,
        id: row.read(1, |column| {
            TokenId::from_bytes(column.bytes()?).map_err(|_| column.not("an id"))
        })?,
        scope_map: row.parsed(2)?,
        enabled: row.get(3)?,
        created_at: row.moment(4)?,
        passwords: Vec::new(),
    })
}

fn password(row: &Row<'_>) -> Result<TokenPassword, DbError> {
    Ok(TokenPassword {
        name: row.parsed(0)?,
        hash: row.get(1)?,
        created_at: row.moment(2)?,
        expires_at: row.moment_or_null(3)?,
    })
}
