//! A registry to try rules on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use gantry_blobs::{BlobStore, MemoryBlobStore, StoredBlob};
use gantry_catalog::Catalog;
use gantry_db::{Db, PostgresOptions, SqliteOptions};
use gantry_model::permission::{
    Actor, Delete, Grants, Identity, Permit, Pull, Push, RepositoryAction,
};
use gantry_model::{Clock, ManualClock, RegistrySettings, Timestamp};
use gantry_oci::{Algorithm, Digest, Reference};
use gantry_registry::manifests::{PushedManifest, PutManifestError, UnreadManifest};
use gantry_registry::registries::{Hosts, WantedRegistry};
use gantry_registry::uploads::UploadBody;
use gantry_registry::{Content, Limits, Registries, Sharing};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

/// The grace of these tests.
pub(crate) const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// One registry with everything in it.
pub(crate) struct World {
    pub(crate) content: Content,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) actor: Actor,
    blobs: Arc<MemoryBlobStore>,
}

/// Runs `test` on each database, on a registry of its own.
pub(crate) async fn on_each_database<F: Future<Output = ()>>(
    settings: RegistrySettings,
    test: impl Fn(World) -> F,
) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let sqlite = Db::open_sqlite(&path, SqliteOptions::default());
    test(World::over(sqlite.await.unwrap(), settings.clone()).await).await;
    let url = gantry_testkit::postgres::database();
    let postgres = Db::connect_postgres(&url, PostgresOptions::default());
    test(World::over(postgres.await.unwrap(), settings).await).await;
}

/// Settings of a registry that allows sparse content.
pub(crate) fn sparse() -> RegistrySettings {
    RegistrySettings { sparse_content: true, ..RegistrySettings::default() }
}

impl World {
    async fn over(db: Db, settings: RegistrySettings) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let catalog = Catalog::new(db, Arc::clone(&clock) as Arc<dyn Clock>);
        catalog.migrate().await.unwrap();
        let registries = Registries::none(gantry_model::Tiers::default());
        let name = "local".parse().unwrap();
        let hosts = Hosts {
            suffix: "acr.localhost".into(),
            default_names: vec!["localhost".into()],
            default_registry: "local".parse().unwrap(),
        };
        let wanted = vec![WantedRegistry { name, settings: settings.into(), domains: Vec::new() }];
        registries.establish(&catalog, "local", wanted, hosts).await.unwrap();
        let id = registries.default_registry().unwrap().id;
        let grants = Grants::everything();
        let limits = Limits { grace: GRACE, ..Limits::default() };
        let blobs = Arc::new(MemoryBlobStore::default());
        Self {
            content: Content::new(
                catalog,
                Arc::clone(&blobs) as Arc<dyn BlobStore>,
                registries,
                limits,
                Sharing::Alone,
                TaskTracker::new(),
            ),
            blobs,
            clock,
            actor: Actor::new(id, Identity::admin("local"), grants),
        }
    }

    /// The same content as a process sees it that has just come to it.
    pub(crate) fn restarted(&self) -> Content {
        Content::new(
            self.content.catalog().clone(),
            Arc::clone(&self.blobs) as Arc<dyn BlobStore>,
            self.content.registries().clone(),
            *self.content.limits(),
            Sharing::Alone,
            TaskTracker::new(),
        )
    }

    /// What the blob store holds.
    pub(crate) async fn stored(&self) -> Vec<StoredBlob> {
        let registry = self.actor.registry().to_string();
        self.content.blobs().list(&registry).try_collect().await.unwrap()
    }

    pub(crate) fn permit<A: RepositoryAction>(&self, repository: &str) -> Permit<A> {
        self.actor.permit(&repository.parse().unwrap()).unwrap()
    }

    /// Pushes a blob in one go.
    pub(crate) async fn push_blob(&self, repository: &str, bytes: &'static [u8]) -> Digest {
        let permit = self.permit::<Push>(repository);
        let digest = Digest::sha256(bytes);
        let id = self.content.start_upload(&permit, Algorithm::Sha256).await.unwrap();
        self.content.finish_upload(permit, id, digest, None, body(&[bytes])).await.unwrap();
        digest
    }

    /// Pushes a manifest that names the blobs, which must be there.
    pub(crate) async fn push_image(
        &self,
        repository: &str,
        tag: &str,
        blobs: &[&'static [u8]],
    ) -> Digest {
        let document = image(blobs, None);
        self.put(repository, tag, &document).await.unwrap().digest
    }

    pub(crate) async fn put(
        &self,
        repository: &str,
        reference: &str,
        document: &Value,
    ) -> Result<PushedManifest, PutManifestError> {
        let unread = UnreadManifest {
            reference: reference.parse().unwrap(),
            tags: Vec::new(),
            media_type: None,
            bytes: Bytes::from(serde_json::to_vec(document).unwrap()),
        };
        self.content.put_manifest(&self.permit::<Push>(repository), unread).await
    }

    /// Whether the repository has the manifest.
    pub(crate) async fn has_manifest(&self, repository: &str, reference: &str) -> bool {
        let reference: Reference = reference.parse().unwrap();
        self.content.find_manifest(&self.permit::<Pull>(repository), &reference).await.is_ok()
    }

    /// Whether the repository has the blob, and its bytes are right. Asking changes its grace, as
    /// it does for a client.
    pub(crate) async fn has_blob(&self, repository: &str, digest: &Digest) -> bool {
        let permit = self.permit::<Pull>(repository);
        let Ok(found) = self.content.find_blob(&permit, digest).await else { return false };
        let bytes = self.content.read_blob(&found, None).await.unwrap().into_bytes().await.unwrap();
        assert_eq!(Digest::sha256(&bytes), *digest);
        true
    }

    pub(crate) async fn delete_manifest(&self, repository: &str, digest: &Digest) {
        self.content.delete_manifest(&self.permit::<Delete>(repository), digest).await.unwrap();
    }

    /// What the collector waits before it takes a blob that nothing names.
    pub(crate) fn wait(&self) -> Duration {
        GRACE + self.content.limits().renew_every()
    }

    /// Lets the grace pass and collects.
    pub(crate) async fn collect_after_grace(&self) -> gantry_registry::maintenance::Collected {
        self.clock.advance(self.wait() + Duration::from_secs(1));
        self.collect().await
    }

    pub(crate) async fn collect(&self) -> gantry_registry::maintenance::Collected {
        use gantry_registry::maintenance::Collection;
        self.content.collect(Collection::PastGrace).await.unwrap()
    }
}

/// A body that arrives in these pieces.
pub(crate) fn body(pieces: &[&'static [u8]]) -> UploadBody {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
    Box::pin(stream::iter(pieces))
}

/// A body that breaks off after these pieces.
pub(crate) fn broken_body(pieces: &[&'static [u8]]) -> UploadBody {
    let mut all: Vec<Result<Bytes, gantry_blobs::BodyError>> =
        pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
    all.push(Err("the client went away".into()));
    Box::pin(stream::iter(all))
}

/// An image manifest; its first blob is the config.
pub(crate) fn image(blobs: &[&[u8]], subject: Option<&Value>) -> Value {
    let layer = |bytes: &&[u8]| {
        json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": Digest::sha256(bytes),
            "size": bytes.len(),
        })
    };
    let mut document = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": layer(&blobs[0]),
        "layers": blobs[1..].iter().map(layer).collect::<Vec<_>>(),
    });
    document["config"]["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
    if let Some(subject) = subject {
        document["subject"] = subject.clone();
    }
    document
}

/// A descriptor of a manifest document.
pub(crate) fn descriptor(document: &Value) -> Value {
    let bytes = serde_json::to_vec(document).unwrap();
    json!({
        "mediaType": document["mediaType"],
        "digest": Digest::sha256(&bytes),
        "size": bytes.len(),
    })
}

/// An index of manifest documents.
pub(crate) fn index(children: &[&Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": children.iter().map(|child| descriptor(child)).collect::<Vec<_>>(),
    })
}

/// One end of a body that arrives as it is sent.
pub(crate) type Pieces = tokio::sync::mpsc::Sender<Result<Bytes, gantry_blobs::BodyError>>;

/// A body that arrives as it is sent at the other end.
pub(crate) fn piecewise_body() -> (Pieces, UploadBody) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let pieces = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, Box::pin(pieces))
}
