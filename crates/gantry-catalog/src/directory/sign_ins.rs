//! Sign-ins under way: device codes (RFC 8628) and authorization codes (RFC 6749, 4.1). Codes are
//! kept as their SHA-256, and each is good once.

use gantry_arm::Guid;
use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::Timestamp;

use crate::column::{RowExt, moment};
use crate::{Catalog, Transaction};

/// A device that waits for somebody to sign in for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// SHA-256 of the code that the device polls with.
    pub hash: [u8; 32],
    /// The code that a person enters.
    pub user_code: String,
    /// The application that asked.
    pub client: String,
    /// What it asked for.
    pub scope: String,
    /// How far the sign-in is.
    pub state: DeviceCodeState,
    /// Until when.
    pub expires_at: Timestamp,
}

/// How far a device's sign-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCodeState {
    /// Nobody has come yet.
    Pending,
    /// A user has signed in for it.
    Approved {
        /// Which.
        user: Guid,
        /// How often their sign-ins had been ended by then.
        epoch: i64,
    },
    /// A user has said no.
    Declined,
}

pub(crate) const INSERT_DEVICE: Stmt = Stmt::new(
    "insert into device_code (hash, user_code, client, scope, state, expires_at)
     values ($1, $2, $3, $4, 'pending', $5)
         on conflict (user_code) do nothing",
);

pub(crate) const FIND_DEVICE: Stmt = Stmt::new(
    "select hash, user_code, client, scope, state, user_id, epoch, expires_at
       from device_code
      where hash = $1",
);

pub(crate) const FIND_DEVICE_BY_USER_CODE: Stmt = Stmt::new(
    "select hash, user_code, client, scope, state, user_id, epoch, expires_at
       from device_code
      where user_code = $1",
);

pub(crate) const DECIDE_DEVICE: Stmt = Stmt::new(
    "update device_code set state = $2, user_id = $3, epoch = $4
      where user_code = $1 and state = 'pending'",
);

pub(crate) const TAKE_DEVICE: Stmt = Stmt::new("delete from device_code where hash = $1");

pub(crate) const EXPIRE_DEVICES: Stmt = Stmt::new(
    "delete from device_code
      where hash in (select hash from device_code where expires_at < $1 order by expires_at limit $2)",
);

pub(crate) const INSERT_CODE: Stmt =
    Stmt::new("insert into authorization_code (hash, document, expires_at) values ($1, $2, $3)");

pub(crate) const TAKE_CODE: Stmt =
    Stmt::new("delete from authorization_code where hash = $1 returning document, expires_at");

pub(crate) const EXPIRE_CODES: Stmt = Stmt::new(
    "delete from authorization_code
      where hash in (select hash from authorization_code
                      where expires_at < $1
                      order by expires_at
                      limit $2)",
);

impl Catalog {
    /// The device that polls with the code of that hash.
    pub async fn device_code_find(&self, hash: &[u8; 32]) -> Result<Option<DeviceCode>, DbError> {
        self.db.one(&FIND_DEVICE, &args![hash], device_code).await
    }

    /// The device for which a person enters that code.
    pub async fn device_code_find_by_user_code(
        &self,
        user_code: &str,
    ) -> Result<Option<DeviceCode>, DbError> {
        self.db.one(&FIND_DEVICE_BY_USER_CODE, &args![user_code], device_code).await
    }
}

impl Transaction<'_, '_> {
    /// Adds a device that waits; false if the code that people enter is another's.
    pub fn device_code_insert(&mut self, code: &DeviceCode) -> Result<bool, DbError> {
        let expires_at = moment(code.expires_at);
        let inserted = self.tx.exec(
            &INSERT_DEVICE,
            &args![code.hash, code.user_code, code.client, code.scope, expires_at],
        )?;
        Ok(inserted == 1)
    }

    /// Notes how a person decided; false if someone has decided before.
    pub fn device_code_decide(
        &mut self,
        user_code: &str,
        state: DeviceCodeState,
    ) -> Result<bool, DbError> {
        let (state, user, epoch) = match state {
            DeviceCodeState::Pending => ("pending", None, None),
            DeviceCodeState::Approved { user, epoch } => {
                ("approved", Some(user.to_string()), Some(epoch))
            }
            DeviceCodeState::Declined => ("declined", None, None),
        };
        Ok(self.tx.exec(&DECIDE_DEVICE, &args![user_code, state, user, epoch])? == 1)
    }

    /// Ends the device's sign-in; true for the one who did.
    pub fn device_code_take(&mut self, hash: &[u8; 32]) -> Result<bool, DbError> {
        Ok(self.tx.exec(&TAKE_DEVICE, &args![hash])? == 1)
    }

    /// Keeps what an authorization code stands for, as a text of the caller's.
    pub fn authorization_code_insert(
        &mut self,
        hash: &[u8; 32],
        document: &str,
        expires_at: Timestamp,
    ) -> Result<(), DbError> {
        self.tx.exec(&INSERT_CODE, &args![hash, document, moment(expires_at)]).map(drop)
    }

    /// What the code stands for and until when it is good, to the one who asks first.
    pub fn authorization_code_take(
        &mut self,
        hash: &[u8; 32],
    ) -> Result<Option<(String, Timestamp)>, DbError> {
        self.tx.one(&TAKE_CODE, &args![hash], |row| Ok((row.get(0)?, row.moment(1)?)))
    }

    /// Removes up to `limit` each of the codes that have ended; answers how many.
    pub fn sign_ins_expire(&mut self, limit: usize) -> Result<u64, DbError> {
        let (now, limit) = (moment(self.now), limit as i64);
        let devices = self.tx.exec(&EXPIRE_DEVICES, &args![now, limit])?;
        Ok(devices + self.tx.exec(&EXPIRE_CODES, &args![now, limit])?)
    }
}

fn device_code(row: &Row<'_>) -> Result<DeviceCode, DbError> {
    let state = match &*row.get::<String>(4)? {
        "approved" => DeviceCodeState::Approved { user: row.parsed(5)?, epoch: row.get(6)? },
        "declined" => DeviceCodeState::Declined,
        _ => DeviceCodeState::Pending,
    };
    Ok(DeviceCode {
        hash: row.get(0)?,
        user_code: row.get(1)?,
        client: row.get(2)?,
        scope: row.get(3)?,
        state,
        expires_at: row.moment(7)?,
    })
}
