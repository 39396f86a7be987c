//! Catalogs of many manifests, written with the catalog's own statements while no server runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use gantry_catalog::{
    BlobRow, Catalog, DbError, Durability, ManifestFacts, NewManifest, StoredManifest, Transaction,
};
use gantry_db::{Db, SqliteOptions};
use gantry_model::{RegistryId, SystemClock};
use gantry_oci::{Digest, MediaType, RepositoryName, Tag};

use crate::content::MANIFEST_TYPE;
use crate::servers::{Kind, Security, Server, Surroundings};

/// The repository that all tags are in.
pub(crate) const TAGGED: &str = "tagged/all";
/// Manifests in a transaction.
const BATCH: usize = 50_000;
/// Digests are everywhere in their indexes: a page that stays in memory is not written each time.
const CACHE_BYTES: u64 = 1 << 30;
/// `{}`: the config and layer of artifacts that have none (image-spec, "Guidance for an Empty
/// Descriptor").
const EMPTY: &[u8] = b"{}";

/// How much is in a catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents {
    /// Manifests of all repositories together, and tags of [`TAGGED`].
    pub(crate) manifests: usize,
    /// Repositories. All but [`TAGGED`] hold one manifest, with one tag.
    pub(crate) repositories: usize,
}

impl Contents {
    /// Manifests that [`TAGGED`] holds.
    fn tagged(self) -> usize {
        self.manifests - (self.repositories - 1)
    }

    /// What the manifest of that number is called: its repository and its tag.
    fn place(self, number: usize) -> (String, String) {
        match number.checked_sub(self.tagged()) {
            None => (TAGGED.to_owned(), format!("v{number:07}")),
            Some(number) => (format!("single/app-{number:06}"), "latest".to_owned()),
        }
    }
}

/// Makes a data directory of Gantry with those contents, below `directory`.
pub(crate) fn make(
    around: &Surroundings,
    directory: &Path,
    contents: Contents,
) -> anyhow::Result<()> {
    // The first start makes the registry.
    drop(Server::start(Kind::Gantry, around, directory, Security::Plain)?);
    let path = database(directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = SqliteOptions { writer_cache_bytes: CACHE_BYTES, ..SqliteOptions::default() };
        let db = Db::open_sqlite(&path, options).await?;
        let catalog = Catalog::new(db, Arc::new(SystemClock));
        let registry = catalog.registry_list().await?.first().map(|registry| registry.id);
        let registry = registry.context("the first start made no registry")?;
        fill(&catalog, registry, contents).await.context("filling the catalog")?;
        catalog.db().close().await;
        anyhow::Ok(())
    })
}

/// Where the catalog is, and how large.
pub(crate) fn size(directory: &Path) -> u64 {
    fs::metadata(database(directory)).map_or(0, |metadata| metadata.len())
}

fn database(directory: &Path) -> PathBuf {
    directory.join("data/catalog.db")
}

async fn fill(catalog: &Catalog, registry: RegistryId, contents: Contents) -> anyhow::Result<()> {
    let process = Durability::Process;
    let empty = Digest::sha256(EMPTY);
    let row = BlobRow { digest: empty, storage_key: "seeded".to_owned(), size: 2 };
    catalog.transaction(process, move |tx| tx.blob_insert(registry, &row)).await?;
    for first in (0..contents.manifests).step_by(BATCH) {
        let numbers = first..(first + BATCH).min(contents.manifests);
        catalog
            .transaction(process, move |tx| {
                numbers.clone().try_for_each(|number| put(tx, registry, contents, number))
            })
            .await?;
    }
    // The tags that have no manifest of their own.
    for first in (contents.tagged()..contents.manifests).step_by(BATCH) {
        let numbers = first..(first + BATCH).min(contents.manifests);
        catalog
            .transaction(process, move |tx| {
                let repository = tx.repository_ensure(registry, &name(TAGGED))?;
                numbers.clone().try_for_each(|number| {
                    let manifest = manifest(number % contents.tagged());
                    let tag = tag(&format!("v{number:07}"));
                    tx.tag_set(repository, &tag, &manifest.digest, "bench").map(drop)
                })
            })
            .await?;
    }
    Ok(())
}

/// One manifest, as a push leaves it; but for the journal, whose readers have passed it long ago.
fn put(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    contents: Contents,
    number: usize,
) -> Result<(), DbError> {
    let (repository, tag_name) = contents.place(number);
    let repository = tx.repository_ensure(registry, &name(&repository))?;
    let empty = Digest::sha256(EMPTY);
    tx.blob_link(registry, repository, &empty)?;
    let stored = manifest(number);
    let digest = stored.digest;
    tx.manifest_insert(registry, &stored)?;
    let (artifact_type, annotations) = (None, None);
    let new = NewManifest {
        stored,
        artifact_type,
        subject: None,
        annotations,
        facts: ManifestFacts::default(),
        pushed_by: "bench".into(),
    };
    tx.manifest_link(registry, repository, &new)?;
    tx.blob_edge_insert(repository, &digest, &empty, true)?;
    tx.tag_set(repository, &tag(&tag_name), &digest, "bench").map(drop)
}

fn manifest(number: usize) -> StoredManifest {
    let empty = Digest::sha256(EMPTY);
    let bytes = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{MANIFEST_TYPE}\",\
         \"artifactType\":\"application/vnd.example.number\",\
         \"config\":{{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"{empty}\",\"size\":2}},\
         \"layers\":[{{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"{empty}\",\"size\":2}}],\
         \"annotations\":{{\"number\":\"{number}\"}}}}"
    );
    let media_type: MediaType = MANIFEST_TYPE.parse().expect("it is a media type");
    StoredManifest {
        digest: Digest::sha256(bytes.as_bytes()),
        media_type,
        bytes: Bytes::from(bytes),
    }
}

fn name(text: &str) -> RepositoryName {
    text.parse().expect("it is a repository's name")
}

fn tag(text: &str) -> Tag {
    text.parse().expect("it is a tag")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_manifests_have_a_place_of_their_own() {
        let contents = Contents { manifests: 10, repositories: 4 };
        let places: Vec<_> = (0..10).map(|number| contents.place(number)).collect();
        assert_eq!(places[6], (TAGGED.to_owned(), "v0000006".to_owned()));
        assert_eq!(places[7].0, "single/app-000000");
        let repositories: std::collections::BTreeSet<_> =
            places.iter().map(|(repository, _)| repository).collect();
        assert_eq!(repositories.len(), 4);
    }
}
