//! What manifests name: blobs, and other manifests.
//!
//! An edge is *held* while the repository has what it names. An edge that isn't held (sparse
//! content) becomes so when the content arrives, so that it stays from then on.

use gantry_db::{DbError, Stmt, args};
use gantry_model::RepositoryId;
use gantry_oci::Digest;

use crate::Transaction;
use crate::column::{RowExt, digest as key};

pub(crate) const BLOB_INSERT: Stmt = Stmt::new(
    "insert into blob_edge (repository, manifest, blob, held) values ($1, $2, $3, $4)
         on conflict (repository, manifest, blob) do nothing",
);
pub(crate) const BLOB_ARRIVED: Stmt = Stmt::new(
    "update blob_edge set held = $2 where repository = $1 and blob = $2 and held is null",
);
pub(crate) const BLOB_RELEASED: Stmt =
    Stmt::new("update blob_edge set held = null where repository = $1 and held = $2");
pub(crate) const BLOB_NAMED: Stmt =
    Stmt::new("select manifest from blob_edge where repository = $1 and held = $2 limit 1");
pub(crate) const BLOB_DELETE: Stmt =
    Stmt::new("delete from blob_edge where repository = $1 and manifest = $2 returning held");

pub(crate) const CHILD_INSERT: Stmt = Stmt::new(
    "insert into manifest_edge (repository, parent, child, held) values ($1, $2, $3, $4)
         on conflict (repository, parent, child) do nothing",
);
pub(crate) const CHILD_ARRIVED: Stmt = Stmt::new(
    "update manifest_edge set held = $2 where repository = $1 and child = $2 and held is null",
);
pub(crate) const CHILD_RELEASED: Stmt =
    Stmt::new("update manifest_edge set held = null where repository = $1 and held = $2");
pub(crate) const CHILD_NAMED: Stmt =
    Stmt::new("select parent from manifest_edge where repository = $1 and held = $2 limit 1");
pub(crate) const CHILD_DELETE: Stmt =
    Stmt::new("delete from manifest_edge where repository = $1 and parent = $2");

impl Transaction<'_, '_> {
    /// Records that `manifest` names `blob`, and whether the repository holds it.
    pub fn blob_edge_insert(
        &mut self,
        repository: RepositoryId,
        manifest: &Digest,
        blob: &Digest,
        held: bool,
    ) -> Result<(), DbError> {
        let held_blob = held.then(|| key(blob));
        self.tx.exec(
            &BLOB_INSERT,
            &args![repository.to_bytes(), key(manifest), key(blob), held_blob],
        )?;
        if held { self.blob_referenced(repository, blob) } else { Ok(()) }
    }

    /// Makes the edges of manifests that were pushed before the blob hold it.
    pub fn blob_edge_arrived(
        &mut self,
        repository: RepositoryId,
        blob: &Digest,
    ) -> Result<(), DbError> {
        let rows = self.tx.exec(&BLOB_ARRIVED, &args![repository.to_bytes(), key(blob)])?;
        if rows > 0 { self.blob_referenced(repository, blob) } else { Ok(()) }
    }

    /// Lets go of the blob, while manifests go on naming it.
    pub fn blob_edge_released(
        &mut self,
        repository: RepositoryId,
        blob: &Digest,
    ) -> Result<(), DbError> {
        self.tx.exec(&BLOB_RELEASED, &args![repository.to_bytes(), key(blob)]).map(drop)
    }

    /// A manifest of the repository that names and holds the blob.
    pub fn blob_edge_manifest(
        &mut self,
        repository: RepositoryId,
        blob: &Digest,
    ) -> Result<Option<Digest>, DbError> {
        self.tx.one(&BLOB_NAMED, &args![repository.to_bytes(), key(blob)], |row| row.digest(0))
    }

    /// Records that `parent` names `child`, and whether the repository holds it.
    pub fn manifest_edge_insert(
        &mut self,
        repository: RepositoryId,
        parent: &Digest,
        child: &Digest,
        held: bool,
    ) -> Result<(), DbError> {
        let held_child = held.then(|| key(child));
        self.tx
            .exec(&CHILD_INSERT, &args![repository.to_bytes(), key(parent), key(child), held_child])
            .map(drop)
    }

    /// Makes the edges of indexes that were pushed before the manifest hold it.
    pub fn manifest_edge_arrived(
        &mut self,
        repository: RepositoryId,
        child: &Digest,
    ) -> Result<(), DbError> {
        self.tx.exec(&CHILD_ARRIVED, &args![repository.to_bytes(), key(child)]).map(drop)
    }

    /// Lets go of the manifest, while indexes go on naming it.
    pub fn manifest_edge_released(
        &mut self,
        repository: RepositoryId,
        child: &Digest,
    ) -> Result<(), DbError> {
        self.tx.exec(&CHILD_RELEASED, &args![repository.to_bytes(), key(child)]).map(drop)
    }

    /// An index of the repository that names and holds the manifest.
    pub fn manifest_edge_parent(
        &mut self,
        repository: RepositoryId,
        child: &Digest,
    ) -> Result<Option<Digest>, DbError> {
        self.tx.one(&CHILD_NAMED, &args![repository.to_bytes(), key(child)], |row| row.digest(0))
    }

    /// Removes what the manifest names; blobs that nothing names any more start their grace.
    pub(crate) fn edges_delete(
        &mut self,
        repository: RepositoryId,
        manifest: &Digest,
    ) -> Result<(), DbError> {
        let held =
            self.tx.all(&BLOB_DELETE, &args![repository.to_bytes(), key(manifest)], |row| {
                row.digest_or_null(0)
            })?;
        self.tx.exec(&CHILD_DELETE, &args![repository.to_bytes(), key(manifest)])?;
        let mut held: Vec<Digest> = held.into_iter().flatten().collect();
        // Always in the same order, lest two transactions wait for each other.
        held.sort_unstable();
        held.iter().try_for_each(|blob| self.blob_unreferenced(repository, blob))
    }
}
