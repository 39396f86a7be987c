//! Clearing away what a deleted registry held, in small steps: rows that refer to others go first.

use gantry_db::{DbError, Stmt, args};
use gantry_model::{RegistryId, RepositoryId};

use crate::Transaction;
use crate::column::RowExt;

/// Deletes up to `$2` rows of `$table` that `$owner` has, which `$key` tells apart.
macro_rules! some_of {
    ($table:literal, $owner:literal, $key:literal) => {
        Stmt::new(concat!(
            "delete from ",
            $table,
            "
              where ",
            $owner,
            " = $1
                and (",
            $key,
            ") in (select ",
            $key,
            " from ",
            $table,
            "
                                      where ",
            $owner,
            " = $1
                                      order by ",
            $key,
            "
                                      limit $2)"
        ))
    };
}

pub(crate) const REPOSITORIES: Stmt =
    Stmt::new("select id from repository where registry = $1 order by name limit $2");

pub(crate) const TAGS: Stmt = some_of!("tag", "repository", "name");
pub(crate) const TAG_HISTORY: Stmt =
    some_of!("tag_history", "repository", "name, stamp_at, stamp_counter");
pub(crate) const MANIFEST_EDGES: Stmt = some_of!("manifest_edge", "repository", "parent, child");
pub(crate) const BLOB_EDGES: Stmt = some_of!("blob_edge", "repository", "manifest, blob");
pub(crate) const MANIFEST_LINKS: Stmt = some_of!("repository_manifest", "repository", "digest");
pub(crate) const BLOB_LINKS: Stmt = some_of!("repository_blob", "repository", "digest");
pub(crate) const REPOSITORY: Stmt = Stmt::new("delete from repository where id = $1");

pub(crate) const BLOBS: Stmt =
    Stmt::new("select storage_key, size from blob where registry = $1 order by digest limit $2");
pub(crate) const BLOB: Stmt = Stmt::new("delete from blob where storage_key = $1");
pub(crate) const UPLOADS: Stmt = Stmt::new(
    "select storage_key, received from upload where registry = $1 order by identity limit $2",
);
pub(crate) const UPLOAD: Stmt = Stmt::new("delete from upload where storage_key = $1");

pub(crate) const MANIFESTS: Stmt = some_of!("manifest", "registry", "digest");
pub(crate) const USAGE: Stmt = some_of!("usage", "registry", "repository");
pub(crate) const PASSWORDS: Stmt = some_of!("token_password", "registry", "token, name");
pub(crate) const TOKENS: Stmt = some_of!("token", "registry", "key");
pub(crate) const SCOPE_MAPS: Stmt = some_of!("scope_map", "registry", "key");
pub(crate) const RESOURCES: Stmt = some_of!("resource", "registry", "kind, key");
pub(crate) const ADMIN_PASSWORDS: Stmt = some_of!("admin_password", "registry", "name");
pub(crate) const REGISTRY: Stmt =
    Stmt::new("delete from registry where id = $1 and deleted_at is not null");

/// What a repository has, in the order in which it goes.
const OF_REPOSITORY: [&Stmt; 6] =
    [&TAGS, &TAG_HISTORY, &MANIFEST_EDGES, &BLOB_EDGES, &MANIFEST_LINKS, &BLOB_LINKS];

/// What a registry has besides, likewise.
const OF_REGISTRY: [&Stmt; 7] =
    [&MANIFESTS, &USAGE, &PASSWORDS, &TOKENS, &SCOPE_MAPS, &RESOURCES, &ADMIN_PASSWORDS];

impl Transaction<'_, '_> {
    /// Takes a step in clearing a deleted registry away: up to about `limit` rows. False once it is gone.
    pub fn registry_clear(&mut self, id: RegistryId, limit: usize) -> Result<bool, DbError> {
        let registry = id.to_bytes();
        let repositories =
            self.tx.all(&REPOSITORIES, &args![registry, 1_i64], |row| row.repository_id(0))?;
        if let Some(&repository) = repositories.first() {
            self.repository_clear(repository, limit)?;
            return Ok(true);
        }
        for (list, delete) in [(&UPLOADS, &UPLOAD), (&BLOBS, &BLOB)] {
            let found = self.tx.all(list, &args![registry, limit as i64], |row| {
                Ok((row.get::<String>(0)?, row.size(1)?))
            })?;
            for (key, size) in &found {
                self.trash_insert(key, *size)?;
                self.tx.exec(delete, &args![key])?;
            }
            if !found.is_empty() {
                return Ok(true);
            }
        }
        for delete in OF_REGISTRY {
            if self.tx.exec(delete, &args![registry, limit as i64])? > 0 {
                return Ok(true);
            }
        }
        self.tx.exec(&REGISTRY, &args![registry])?;
        Ok(false)
    }

    fn repository_clear(&mut self, id: RepositoryId, limit: usize) -> Result<(), DbError> {
        for delete in OF_REPOSITORY {
            if self.tx.exec(delete, &args![id.to_bytes(), limit as i64])? > 0 {
                return Ok(());
            }
        }
        self.tx.exec(&REPOSITORY, &args![id.to_bytes()]).map(drop)
    }

    /// Takes a step in ending the credentials of a deleted registry: up to about `limit` rows. False once
    /// there are none, so that none comes back to life with it.
    pub fn registry_forget_credentials(
        &mut self,
        id: RegistryId,
        limit: usize,
    ) -> Result<bool, DbError> {
        for delete in [&PASSWORDS, &ADMIN_PASSWORDS] {
            if self.tx.exec(delete, &args![id.to_bytes(), limit as i64])? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
