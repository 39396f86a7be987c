//! Users.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::EpochSubject;
use gantry_model::directory::{User, UserPrincipalName};

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// What a user proves themselves with.
#[derive(Clone, PartialEq, Eq)]
pub struct UserSecrets {
    /// The password's hash, in PHC form.
    pub password: Option<String>,
    /// The secret that codes are made of, sealed under the master key.
    pub totp: Option<Vec<u8>>,
    /// The time step of the last code that was taken: none is taken twice.
    pub totp_step: Option<i64>,
}

macro_rules! users {
    ($rest:literal) => {
        Stmt::new(concat!(
            "select id, upn, display_name, enabled, totp is not null, created_at
               from directory_user ",
            $rest
        ))
    };
}

pub(crate) const LIST: Stmt = users!("where id > $1 order by id limit $2");

pub(crate) const FIND: Stmt = users!("where id = $1");

pub(crate) const FIND_BY_NAME: Stmt = users!("where upn = $1");

pub(crate) const FIND_BY_DISPLAY_NAME: Stmt =
    users!("where display_name = $1 order by id limit $2");

pub(crate) const SECRETS: Stmt =
    Stmt::new("select password, totp, totp_step from directory_user where id = $1");

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into directory_user (id, upn, display_name, enabled, password, created_at)
     values ($1, $2, $3, $4, $5, $6)
         on conflict (upn) do nothing",
);

pub(crate) const UPDATE: Stmt =
    Stmt::new("update directory_user set display_name = $2, enabled = $3 where id = $1");

pub(crate) const SET_PASSWORD: Stmt =
    Stmt::new("update directory_user set password = $2 where id = $1");

pub(crate) const SET_TOTP: Stmt =
    Stmt::new("update directory_user set totp = $2, totp_step = null where id = $1");

pub(crate) const TAKE_CODE: Stmt = Stmt::new(
    "update directory_user set totp_step = $2 where id = $1 and coalesce(totp_step, -1) < $2",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from directory_user where id = $1");

impl Catalog {
    /// Up to `limit` users behind the id `after`, by id.
    pub async fn user_list(&self, after: &str, limit: usize) -> Result<Vec<User>, DbError> {
        self.db.all(&LIST, &args![after, limit as i64], user).await
    }

    /// The user of that id.
    pub async fn user_find(&self, id: Guid) -> Result<Option<User>, DbError> {
        self.db.one(&FIND, &args![id.to_string()], user).await
    }

    /// The user who signs in with that name.
    pub async fn user_find_by_name(
        &self,
        name: &UserPrincipalName,
    ) -> Result<Option<User>, DbError> {
        self.db.one(&FIND_BY_NAME, &args![name.as_str()], user).await
    }

    /// Up to `limit` users who are called so.
    pub async fn user_find_by_display_name(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Vec<User>, DbError> {
        self.db.all(&FIND_BY_DISPLAY_NAME, &args![name, limit as i64], user).await
    }

    /// What the user proves themselves with.
    pub async fn user_secrets(&self, id: Guid) -> Result<Option<UserSecrets>, DbError> {
        self.db.one(&SECRETS, &args![id.to_string()], secrets).await
    }
}

impl Transaction<'_, '_> {
    /// The user of that id.
    pub fn user_find(&mut self, id: Guid) -> Result<Option<User>, DbError> {
        self.tx.one(&FIND, &args![id.to_string()], user)
    }

    /// Adds a user; false if the name is taken.
    pub fn user_insert(&mut self, made: &User, password: Option<&str>) -> Result<bool, DbError> {
        let inserted = self.tx.exec(
            &INSERT,
            &args![
                made.id.to_string(),
                made.name.as_str(),
                made.display_name,
                made.enabled,
                password,
                moment(made.created_at)
            ],
        )?;
        Ok(inserted == 1)
    }

    /// Changes what the user is called and whether they may sign in; whoever may not any more is
    /// signed out.
    pub fn user_update(&mut self, user: &User) -> Result<(), DbError> {
        let id = user.id.to_string();
        self.tx.exec(&UPDATE, &args![id, user.display_name, user.enabled])?;
        self.epoch_raise(None, EpochSubject::sign_in(&id))
    }

    /// Sets the user's password, and signs them out.
    pub fn user_set_password(&mut self, id: Guid, hash: &str) -> Result<(), DbError> {
        let id = id.to_string();
        self.tx.exec(&SET_PASSWORD, &args![id, hash])?;
        self.epoch_raise(None, EpochSubject::sign_in(&id))
    }

    /// Sets or removes the secret of the user's codes, and signs them out: who has signed in without a
    /// code has to show one.
    pub fn user_set_totp(&mut self, id: Guid, sealed: Option<&[u8]>) -> Result<(), DbError> {
        let id = id.to_string();
        self.tx.exec(&SET_TOTP, &args![id, sealed])?;
        self.epoch_raise(None, EpochSubject::sign_in(&id))
    }

    /// Takes the code of a time step; false if it or a later one was taken before.
    pub fn user_take_code(&mut self, id: Guid, step: i64) -> Result<bool, DbError> {
        Ok(self.tx.exec(&TAKE_CODE, &args![id.to_string(), step])? == 1)
    }

    /// Removes the user, with their memberships and assignments.
    pub fn user_delete(&mut self, id: Guid) -> Result<(), DbError> {
        self.principal_forget(id)?;
        self.tx.exec(&DELETE, &args![id.to_string()]).map(drop)
    }
}

fn user(row: &Row<'_>) -> Result<User, DbError> {
    Ok(User {
        id: row.parsed(0)?,
        name: row.parsed(1)?,
        display_name: row.get(2)?,
        enabled: row.get(3)?,
        has_totp: row.get(4)?,
        created_at: row.moment(5)?,
    })
}

fn secrets(row: &Row<'_>) -> Result<UserSecrets, DbError> {
    Ok(UserSecrets { password: row.get(0)?, totp: row.get(1)?, totp_step: row.get(2)? })
}
