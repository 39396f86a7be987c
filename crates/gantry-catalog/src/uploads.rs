//! Upload sessions.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::{RegistryId, Timestamp, UploadId};
use gantry_oci::RepositoryName;

use crate::column::{RowExt, moment, size as length};
use crate::{Catalog, Transaction};

/// A session about to start.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id, also in its address.
    pub id: UploadId,
    /// The registry it is bound to.
    pub registry: RegistryId,
    /// The repository it is bound to.
    pub repository: RepositoryName,
    /// Who started it, and alone may go on with it.
    pub identity: String,
    /// Where its bytes go, as the blob store knows it.
    pub storage_key: String,
    /// The state of the digest over no bytes.
    pub hash_state: Vec<u8>,
}

/// A session under way.
#[derive(Clone, Debug)]
pub struct UploadRow {
    /// Who started it.
    pub identity: String,
    /// Where its bytes are, as the blob store knows it.
    pub storage_key: String,
    /// Bytes received.
    pub received: u64,
    /// How the blob store goes on with them, in words of its own.
    pub note: Vec<u8>,
    /// The state of the digest over them.
    pub hash_state: Vec<u8>,
}

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into upload (id, registry, repository, identity, storage_key, received, hash_state,
                         started_at, touched_at)
     values ($1, $2, $3, $4, $5, 0, $6, $7, $7)",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select identity, storage_key, received, note, hash_state
       from upload
      where id = $1 and registry = $2 and repository = $3",
);

pub(crate) const COUNT: Stmt = Stmt::new(
    "select count(*) from (select 1 from upload where registry = $1 and identity = $2 limit $3) u",
);

pub(crate) const ADVANCE: Stmt = Stmt::new(
    "update upload
        set received = $3, note = $4, hash_state = $5, touched_at = $6
      where id = $1 and received = $2",
);

pub(crate) const DELETE: Stmt =
    Stmt::new("delete from upload where id = $1 returning storage_key, received");

pub(crate) const EXPIRED: Stmt =
    Stmt::new("select id from upload where touched_at < $1 order by touched_at limit $2");

pub(crate) const KEY_IN_USE: Stmt = Stmt::new(
    "select 1 from upload where storage_key = $2
      union all
     select 1 from blob where storage_key = $1
      union all
     select 1 from trash where storage_key = $1
      limit 1",
);

impl Catalog {
    /// The session, if it belongs to that registry and repository.
    pub async fn upload_find(
        &self,
        id: UploadId,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> Result<Option<UploadRow>, DbError> {
        self.db
            .one(&FIND, &args![id.to_bytes(), registry.to_bytes(), repository.as_str()], upload)
            .await
    }

    /// How many sessions the identity has under way in the registry, counting no further than
    /// `limit`.
    pub async fn upload_count(
        &self,
        registry: RegistryId,
        identity: &str,
        limit: usize,
    ) -> Result<usize, DbError> {
        let count = self
            .db
            .one(&COUNT, &args![registry.to_bytes(), identity, limit as i64], |row| {
                row.get::<i64>(0)
            })
            .await?;
        Ok(count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
    }

    /// Whether any row names the key. While a session goes on, all versions of its key are its own.
    pub async fn storage_key_in_use(&self, storage_key: &str) -> Result<bool, DbError> {
        let session = storage_key.split('.').next().unwrap_or_default();
        let args = &args![storage_key, session];
        Ok(self.db.one(&KEY_IN_USE, args, |_| Ok(())).await?.is_some())
    }
}

impl Transaction<'_, '_> {
    /// Starts a session.
    pub fn upload_insert(&mut self, new: &NewUpload) -> Result<(), DbError> {
        self.tx
            .exec(
                &INSERT,
                &args![
                    new.id.to_bytes(),
                    new.registry.to_bytes(),
                    new.repository.as_str(),
                    new.identity,
                    new.storage_key,
                    &new.hash_state[..],
                    moment(self.now)
                ],
            )
            .map(drop)
    }

    /// Records that the session has received up to `to` bytes, having had `from`. False when it
    /// is gone or had another number.
    pub fn upload_advance(
        &mut self,
        id: UploadId,
        from: u64,
        to: u64,
        note: &[u8],
        hash_state: &[u8],
    ) -> Result<bool, DbError> {
        let now = moment(self.now);
        let (id, from, to) = (id.to_bytes(), length(from), length(to));
        Ok(self.tx.exec(&ADVANCE, &args![id, from, to, note, hash_state, now])? == 1)
    }

    /// Ends the session; answers its storage key and the bytes it had received.
    pub fn upload_delete(&mut self, id: UploadId) -> Result<Option<(String, u64)>, DbError> {
        self.tx.one(&DELETE, &args![id.to_bytes()], |row| Ok((row.get(0)?, row.size(1)?)))
    }

    /// Up to `limit` sessions that nobody has touched since `before`.
    pub fn upload_expired(
        &mut self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<UploadId>, DbError> {
        self.tx.all(&EXPIRED, &args![moment(before), limit as i64], |row| row.upload_id(0))
    }
}

fn upload(row: &Row<'_>) -> Result<UploadRow, DbError> {
    Ok(UploadRow {
        identity: row.get(0)?,
        storage_key: row.get(1)?,
        received: row.size(2)?,
        note: row.get::<Option<Vec<u8>>>(3)?.unwrap_or_default(),
        hash_state: row.get(4)?,
    })
}
