//! Tags, and what each has named.

use gantry_db::{DbError, Stmt, args};
use gantry_model::{RepositoryId, Stamp};
use gantry_oci::{Digest, Tag};

use crate::column::{RowExt, digest as key, moment};
use crate::{Catalog, Transaction};

pub(crate) const LIST: Stmt = Stmt::new(
    "select name
       from tag
      where repository = $1 and name > $2 and (coalesce(locks, 0) & 4) = 0
      order by name
      limit $3",
);

pub(crate) const FIND: Stmt = Stmt::new(
    "select digest, stamp_at, stamp_counter from tag where repository = $1 and name = $2 /*FOR UPDATE*/",
);

pub(crate) const NEWEST: Stmt = Stmt::new(
    "select stamp_at, stamp_counter
       from tag_history
      where repository = $1 and name = $2
      order by stamp_at desc, stamp_counter desc
      limit 1",
);

pub(crate) const OF_DIGEST: Stmt =
    Stmt::new("select name from tag where repository = $1 and digest = $2 order by name limit $3");

pub(crate) const SET: Stmt = Stmt::new(
    "insert into tag (repository, name, digest, stamp_at, stamp_counter, pushed_by,
                      created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (repository, name) do update
        set digest = excluded.digest, stamp_at = excluded.stamp_at,
            stamp_counter = excluded.stamp_counter, pushed_by = excluded.pushed_by,
            updated_at = excluded.updated_at",
);

pub(crate) const DELETE: Stmt = Stmt::new("delete from tag where repository = $1 and name = $2");

pub(crate) const REMEMBER: Stmt = Stmt::new(
    "insert into tag_history (repository, name, stamp_at, stamp_counter, digest, changed_by)
     values ($1, $2, $3, $4, $5, $6)",
);

impl Catalog {
    /// Up to `limit` tags of the repository after `last` that may be listed, in byte order.
    pub async fn tag_list(
        &self,
        repository: RepositoryId,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Tag>, DbError> {
        self.db
            .all(&LIST, &args![repository.to_bytes(), last, limit as i64], |row| row.parsed(0))
            .await
    }
}

impl Transaction<'_, '_> {
    /// What the tag names.
    pub fn tag_find(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
    ) -> Result<Option<Digest>, DbError> {
        Ok(self.tag_stamped(repository, tag)?.map(|(digest, _)| digest))
    }

    /// Up to `limit` tags that name the manifest.
    pub fn tags_of(
        &mut self,
        repository: RepositoryId,
        digest: &Digest,
        limit: usize,
    ) -> Result<Vec<Tag>, DbError> {
        self.tx.all(&OF_DIGEST, &args![repository.to_bytes(), key(digest), limit as i64], |row| {
            row.parsed(0)
        })
    }

    /// Makes the tag name the manifest, stamped after whatever it named before, also before it was
    /// removed. Answers what it named until now. The repository must be locked
    /// ([`repository_lock`](Self::repository_lock)).
    pub fn tag_set(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
        digest: &Digest,
        by: &str,
    ) -> Result<Option<Digest>, DbError> {
        let before = self.tag_stamped(repository, tag)?;
        let newest = match before {
            Some((_, stamp)) => Some(stamp),
            None => self.tag_removed(repository, tag)?,
        };
        let stamp = newest.map_or_else(|| Stamp::first(self.now), |stamp| stamp.next(self.now));
        self.tx.exec(
            &SET,
            &args![
                repository.to_bytes(),
                tag.as_str(),
                key(digest),
                moment(stamp.at),
                stamp.counter,
                by,
                moment(self.now)
            ],
        )?;
        self.tag_remember(repository, tag, stamp, Some(digest), by)?;
        let before = before.map(|(digest, _)| digest);
        self.repository_change_counts(repository, 0, i64::from(before.is_none()))?;
        for changed in before.iter().chain([digest]) {
            self.manifest_touch(repository, changed)?;
        }
        Ok(before)
    }

    /// Removes the tag; answers what it named. The repository must be locked.
    pub fn tag_delete(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
        by: &str,
    ) -> Result<Option<Digest>, DbError> {
        let Some((digest, stamp)) = self.tag_stamped(repository, tag)? else { return Ok(None) };
        self.tx.exec(&DELETE, &args![repository.to_bytes(), tag.as_str()])?;
        self.tag_remember(repository, tag, stamp.next(self.now), None, by)?;
        self.repository_change_counts(repository, 0, -1)?;
        self.manifest_touch(repository, &digest)?;
        Ok(Some(digest))
    }

    fn tag_stamped(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
    ) -> Result<Option<(Digest, Stamp)>, DbError> {
        self.tx.one(&FIND, &args![repository.to_bytes(), tag.as_str()], |row| {
            Ok((row.digest(0)?, Stamp { at: row.moment(1)?, counter: row.get(2)? }))
        })
    }

    /// When the tag was removed, if it ever was there.
    fn tag_removed(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
    ) -> Result<Option<Stamp>, DbError> {
        self.tx.one(&NEWEST, &args![repository.to_bytes(), tag.as_str()], |row| {
            Ok(Stamp { at: row.moment(0)?, counter: row.get(1)? })
        })
    }

    fn tag_remember(
        &mut self,
        repository: RepositoryId,
        tag: &Tag,
        stamp: Stamp,
        digest: Option<&Digest>,
        by: &str,
    ) -> Result<(), DbError> {
        self.tx
            .exec(
                &REMEMBER,
                &args![
                    repository.to_bytes(),
                    tag.as_str(),
                    moment(stamp.at),
                    stamp.counter,
                    digest.map(key),
                    by
                ],
            )
            .map(drop)
    }
}
