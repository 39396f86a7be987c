//! Referrers: the manifests whose subject is a given manifest.

use gantry_db::{Arg, DbError, Row, Stmt, ToArg};
use gantry_model::{RegistryId, RepositoryId};
use gantry_oci::{Digest, MediaType, RepositoryName};

use crate::column::{RowExt, digest as key};
use crate::{Catalog, Transaction};

/// One manifest that refers to another, as the referrers list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The referring manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: MediaType,
    /// Its length in bytes.
    pub size: u64,
    /// Its artifact type, or its config's media type.
    pub artifact_type: Option<String>,
    /// Its annotations as a JSON object.
    pub annotations: Option<String>,
}

pub(crate) const LIST: Stmt = Stmt::new(
    "select m.digest, m.media_type, m.size, m.artifact_type, m.annotations
       from repository r
       join repository_manifest m on m.repository = r.id
      where r.registry = $1 and r.name = $2
        and m.subject = $3 and m.digest > $4
      order by m.digest
      limit $5",
);

pub(crate) const LIST_OF_TYPE: Stmt = Stmt::new(
    "select m.digest, m.media_type, m.size, m.artifact_type, m.annotations
       from repository r
       join repository_manifest m on m.repository = r.id
      where r.registry = $1 and r.name = $2
        and m.subject = $3 and m.digest > $4 and m.artifact_type = $6
      order by m.digest
      limit $5",
);

// Those that an index holds are left out: they stay when their subject goes.
pub(crate) const NEXT_FREE: Stmt = Stmt::new(
    "select m.digest
       from repository_manifest m
      where m.repository = $1 and m.subject = $2 and m.digest > $3
        and not exists (select 1 from manifest_edge e
                         where e.repository = $1 and e.held = m.digest)
      order by m.digest
      limit 1",
);

impl Catalog {
    /// Up to `limit` referrers of `subject` after `last`, in digest order; of one artifact type if
    /// one is asked for.
    pub async fn referrer_list(
        &self,
        registry: RegistryId,
        repository: &RepositoryName,
        subject: &Digest,
        artifact_type: Option<&str>,
        last: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<Referrer>, DbError> {
        let (registry, subject, last) = (registry.to_bytes(), key(subject), last.map(key));
        let last = last.as_ref().map_or(Arg::Bytes(&[]), ToArg::to_arg);
        let args = [
            Arg::Bytes(&registry),
            Arg::Text(repository.as_str()),
            subject.to_arg(),
            last,
            Arg::Int(limit as i64),
        ];
        match artifact_type {
            None => self.db.all(&LIST, &args, referrer).await,
            Some(wanted) => {
                let [a, b, c, d, e] = args;
                self.db.all(&LIST_OF_TYPE, &[a, b, c, d, e, Arg::Text(wanted)], referrer).await
            }
        }
    }
}

impl Transaction<'_, '_> {
    /// The first manifest after `last`, in digest order, that refers to `subject` and that no
    /// index holds.
    pub fn referrer_next_free(
        &mut self,
        repository: RepositoryId,
        subject: &Digest,
        last: Option<&Digest>,
    ) -> Result<Option<Digest>, DbError> {
        let (repository, subject, last) = (repository.to_bytes(), key(subject), last.map(key));
        let last = last.as_ref().map_or(Arg::Bytes(&[]), ToArg::to_arg);
        let args = [Arg::Bytes(&repository), subject.to_arg(), last];
        self.tx.one(&NEXT_FREE, &args, |row| row.digest(0))
    }
}

fn referrer(row: &Row<'_>) -> Result<Referrer, DbError> {
    Ok(Referrer {
        digest: row.digest(0)?,
        media_type: row.parsed(1)?,
        size: row.size(2)?,
        artifact_type: row.get(3)?,
        annotations: row.get(4)?,
    })
}
