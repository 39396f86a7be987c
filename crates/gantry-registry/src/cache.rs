//! What pulls ask for again and again, kept in memory and never stale.
//!
//! A reader that looks something up while a writer changes it must not leave the old answer in the
//! cache. So each repository has a generation: a reader notes it before it asks the catalog and
//! stores it with the answer; a writer raises it when its transaction is committed, before its
//! client hears so. An entry counts only while its generation is the present one. Repositories
//! share a fixed number of generations by hash, which costs a needless miss now and then, never a
//! wrong hit.
//!
//! Where other nodes change content too, only what is found by digest is kept, and only while this
//! node follows what they change.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gantry_catalog::{BlobLink, StoredManifest};
use gantry_model::RegistryId;
use gantry_oci::{Digest, Reference, RepositoryName};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::Sharing;

/// Memory for manifests, in bytes.
const MANIFEST_BYTES: u64 = 16 << 20;
/// Entries for blobs; each takes some 200 bytes.
const BLOBS: usize = 16 << 10;
const GENERATIONS: usize = 8 << 10;

type Key<T> = (RegistryId, RepositoryName, T);

/// The generation of a repository as a reader found it before it asked the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

pub(crate) struct ContentCache {
    generations: Arc<[AtomicU64]>,
    /// Without a key, so that a simulation replays: whoever finds names that share a generation gets
    /// needless misses for it.
    hasher: BuildHasherDefault<DefaultHasher>,
    manifests: Cache<Key<Reference>, (Generation, Arc<StoredManifest>), ByBytes>,
    blobs: Cache<Key<Digest>, (Generation, Arc<BlobLink>)>,
    /// Until when what is cached may be used, in milliseconds since `started`; nothing limits it
    /// where nobody else changes content.
    trusted_until: AtomicU64,
    started: Instant,
    shared: bool,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key<Reference>, (Generation, Arc<StoredManifest>)> for ByBytes {
    fn weight(&self, _: &Key<Reference>, entry: &(Generation, Arc<StoredManifest>)) -> u64 {
        entry.1.bytes.len() as u64 + 256
    }
}

impl ContentCache {
    pub(crate) fn new(sharing: &Sharing) -> Self {
        let shared = *sharing != Sharing::Alone;
        Self {
            trusted_until: AtomicU64::new(if shared { 0 } else { u64::MAX }),
            started: Instant::now(),
            shared,
            generations: (0..GENERATIONS).map(|_| AtomicU64::new(0)).collect(),
            hasher: BuildHasherDefault::default(),
            manifests: Cache::with_weighter(4096, MANIFEST_BYTES, ByBytes),
            blobs: Cache::new(BLOBS),
        }
    }

    /// Lets what is cached be used until then.
    pub(crate) fn trust_until(&self, moment: Instant) {
        let until = moment.saturating_duration_since(self.started).as_millis();
        self.trusted_until.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Forgets all of it.
    pub(crate) fn forget_everything(&self) {
        for generation in &*self.generations {
            generation.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_trusted(&self) -> bool {
        !self.shared || self.elapsed() < self.trusted_until.load(Ordering::SeqCst)
    }

    /// Whether what the reference names may be remembered.
    fn keeps(&self, reference: &Reference) -> bool {
        !self.shared || matches!(reference, Reference::Digest(_))
    }

    /// To be noted before the catalog is asked.
    pub(crate) fn generation(&self, registry: RegistryId, name: &RepositoryName) -> Generation {
        Generation(self.generations[self.slot(registry, name)].load(Ordering::SeqCst))
    }

    /// What to run when a transaction that changed the repository is committed.
    pub(crate) fn invalidation(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
    ) -> impl FnOnce() + Send + 'static {
        let (generations, slot) = (Arc::clone(&self.generations), self.slot(registry, name));
        move || {
            generations[slot].fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn manifest(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
        reference: &Reference,
    ) -> Option<Arc<StoredManifest>> {
        if !self.keeps(reference) || !self.is_trusted() {
            return None;
        }
        let entry = self.manifests.get(&(registry, name.clone(), reference.clone()))?;
        (entry.0 == self.generation(registry, name)).then_some(entry.1)
    }

    pub(crate) fn put_manifest(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
        reference: &Reference,
        seen: Generation,
        manifest: &Arc<StoredManifest>,
    ) {
        if !self.keeps(reference) {
            return;
        }
        let key = (registry, name.clone(), reference.clone());
        self.manifests.insert(key, (seen, Arc::clone(manifest)));
    }

    pub(crate) fn blob(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Option<Arc<BlobLink>> {
        if !self.is_trusted() {
            return None;
        }
        let entry = self.blobs.get(&(registry, name.clone(), *digest))?;
        (entry.0 == self.generation(registry, name)).then_some(entry.1)
    }

    pub(crate) fn put_blob(
        &self,
        registry: RegistryId,
        name: &RepositoryName,
        digest: &Digest,
        seen: Generation,
        blob: &Arc<BlobLink>,
    ) {
        self.blobs.insert((registry, name.clone(), *digest), (seen, Arc::clone(blob)));
    }

    fn slot(&self, registry: RegistryId, name: &RepositoryName) -> usize {
        #[derive(Hash)]
        struct Repository<'a>(RegistryId, &'a str);
        let hash = self.hasher.hash_one(Repository(registry, name.as_str()));
        usize::try_from(hash % GENERATIONS as u64).expect("the remainder is small")
    }
}

impl std::fmt::Debug for ContentCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentCache")
            .field("manifests", &self.manifests.len())
            .field("blobs", &self.blobs.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use std::time::Duration;

    use gantry_model::Timestamp;
    use gantry_oci::MediaType;

    use super::*;

    #[test]
    fn shared_content_is_remembered_by_digest_and_while_changes_are_followed() {
        let cache = ContentCache::new(&Sharing::Nodes { node: "n".into() });
        let registry = RegistryId::new(Timestamp::from_micros(0));
        let name: RepositoryName = "app".parse().unwrap();
        let manifest = manifest();
        let by_tag: Reference = "v1".parse().unwrap();
        let by_digest = Reference::Digest(manifest.digest);
        let seen = cache.generation(registry, &name);
        for reference in [&by_tag, &by_digest] {
            cache.put_manifest(registry, &name, reference, seen, &manifest);
            assert_eq!(cache.manifest(registry, &name, reference), None);
        }
        cache.trust_until(Instant::now() + Duration::from_secs(60));
        assert_eq!(cache.manifest(registry, &name, &by_tag), None);
        assert_eq!(cache.manifest(registry, &name, &by_digest), Some(manifest));
        cache.forget_everything();
        assert_eq!(cache.manifest(registry, &name, &by_digest), None);
    }

    fn manifest() -> Arc<StoredManifest> {
        Arc::new(StoredManifest {
            digest: Digest::sha256(b"{}"),
            media_type: MediaType::OCI_MANIFEST,
            bytes: Bytes::from_static(b"{}"),
        })
    }

    #[test]
    fn an_answer_from_before_a_commit_never_counts_after_it() {
        let cache = ContentCache::new(&Sharing::Alone);
        let registry = RegistryId::new(Timestamp::from_micros(0));
        let name: RepositoryName = "app".parse().unwrap();
        let reference: Reference = "v1".parse().unwrap();
        let manifest = manifest();

        let seen = cache.generation(registry, &name);
        cache.invalidation(registry, &name)();
        cache.put_manifest(registry, &name, &reference, seen, &manifest);
        assert_eq!(cache.manifest(registry, &name, &reference), None);

        let seen = cache.generation(registry, &name);
        cache.put_manifest(registry, &name, &reference, seen, &manifest);
        assert_eq!(cache.manifest(registry, &name, &reference), Some(manifest));
    }
}
