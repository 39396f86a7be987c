//! Pushing: blobs that aren't known to be there, then the manifest that names them.

use gantry_model::permission::{Pull, Push};
use gantry_oci::Digest;
use gantry_registry::manifests::{MissingContent, PutManifestError, UnreadManifest};
use tokio::time::sleep;

use super::session::body;
use super::{Client, NoAnswer};
use crate::deeds::Deed;
use crate::facts::Fact;
use crate::goods::REPOSITORIES;
use crate::witness::GRACE;

/// How often a client tries before it gives up.
const TRIES: usize = 4;

impl Client {
    pub(super) async fn push_something(&mut self, repository: &str) {
        let document = self.dice.below(self.ground.goods.manifests.len());
        let tag = self.dice.percent(75).then(|| self.tag());
        Box::pin(self.push_image(repository, document, tag)).await;
    }

    /// Pushes a manifest after all that it names; true once that is acknowledged.
    pub(crate) async fn push_image(
        &mut self,
        repository: &str,
        document: usize,
        tag: Option<String>,
    ) -> bool {
        let goods = self.ground.goods.clone();
        let document = &goods.manifests[document];
        // Where that is allowed, some push what a manifest names after it, or never.
        let sparse = self.ground.settings.sparse_content && self.dice.percent(30);
        for child in document.children.iter().filter(|_| !sparse) {
            if !Box::pin(self.push_image(repository, *child, None)).await {
                return false;
            }
        }
        for blob in document.blobs.iter().filter(|_| !sparse) {
            if !self.push_blob(repository, *blob).await {
                return false;
            }
        }
        if self.dice.percent(8) {
            // What it was told is there may be named until the grace is over.
            sleep(self.dice.millis(0, GRACE.as_millis() as u64)).await;
        }
        for _ in 0..TRIES {
            let deed = Deed::PutManifest(repository.into(), document.digest, tag.clone());
            let reference = tag.clone().unwrap_or_else(|| document.digest.to_string());
            let unread = UnreadManifest {
                reference: reference.parse().unwrap(),
                tags: Vec::new(),
                media_type: None,
                bytes: document.bytes.clone(),
            };
            let permit = self.permit::<Push>(repository);
            let asked = self.ground.witness.moment();
            let put = async |content: gantry_registry::Content| {
                content.put_manifest(&permit, unread).await
            };
            let (server, said) = self.change(deed, put).await;
            match said {
                Ok(Ok(_)) => {
                    if let Some(tag) = &tag {
                        let fact = Fact::Tag(repository.into(), tag.clone());
                        self.find_manifest(repository, tag, &fact).await;
                    }
                    return true;
                }
                Ok(Err(PutManifestError::Missing(missing))) => {
                    for content in &missing {
                        let fact = match content {
                            MissingContent::Blob(digest) => Fact::Blob(repository.into(), *digest),
                            MissingContent::Manifest(digest) => {
                                Fact::Manifest(repository.into(), *digest)
                            }
                        };
                        self.ground.witness.hears(&server.name, &fact, asked, None);
                    }
                    if !self.push_missing(repository, &missing).await {
                        return false;
                    }
                }
                Ok(Err(error)) => {
                    let name = &server.name;
                    self.ground.witness.accuse(format_args!("{name} refused a manifest: {error}"));
                    return false;
                }
                Err(NoAnswer) => {}
            }
        }
        false
    }

    async fn push_missing(&mut self, repository: &str, missing: &[MissingContent]) -> bool {
        let goods = self.ground.goods.clone();
        let place = |digest: &Digest| goods.blobs.iter().position(|blob| blob.digest == *digest);
        for content in missing {
            let pushed = match place(content.digest()) {
                Some(blob) => self.push_blob(repository, blob).await,
                // Somebody has deleted a child since it was pushed.
                None => false,
            };
            if !pushed {
                return false;
            }
        }
        true
    }

    /// Makes the repository hold the blob; true once a node has said that it does.
    pub(crate) async fn push_blob(&mut self, repository: &str, blob: usize) -> bool {
        let goods = self.ground.goods.clone();
        let digest = goods.blobs[blob].digest;
        for _ in 0..TRIES {
            if self.dice.percent(70) && self.has_blob(repository, digest).await {
                return true;
            }
            let pushed = match self.dice.below(10) {
                0..=2 => self.mount(repository, digest).await,
                3..=5 => self.push_at_once(repository, blob).await,
                _ => Box::pin(self.upload(repository, blob)).await,
            };
            if pushed {
                return true;
            }
        }
        self.push_at_once(repository, blob).await
    }

    /// Pushes a blob that no manifest may ever name.
    pub(super) async fn push_alone(&mut self, repository: &str) {
        let blob = self.dice.below(self.ground.goods.blobs.len());
        self.push_blob(repository, blob).await;
    }

    /// Asks for a blob, and is promised it where it is there.
    pub(super) async fn ask_for_blob(&mut self, repository: &str) {
        let goods = self.ground.goods.clone();
        let digest = self.dice.pick(&goods.blobs).digest;
        self.has_blob(repository, digest).await;
    }

    /// Asks whether the blob is there, so that it needn't be pushed.
    async fn has_blob(&mut self, repository: &str, digest: Digest) -> bool {
        let permit = self.permit::<Pull>(repository);
        let asked = self.ground.witness.moment();
        let find =
            async |content: gantry_registry::Content| content.find_blob(&permit, &digest).await;
        let (server, said) = self.ask(find).await;
        let Ok(found) = said else { return false };
        let fact = Fact::Blob(repository.into(), digest);
        let value = found.is_ok().then_some(digest);
        self.ground.witness.hears(&server.name, &fact, asked, value);
        if found.is_ok() {
            self.note(format_args!("may leave out {}", self.ground.goods.name(&digest)));
            self.ground.witness.promises(repository, digest, asked);
        }
        found.is_ok()
    }

    async fn mount(&mut self, repository: &str, digest: Digest) -> bool {
        let from = *self.dice.pick(&REPOSITORIES);
        let (permit, source) = (self.permit::<Push>(repository), self.permit::<Pull>(from));
        let asked = self.ground.witness.moment();
        let mount = async |content: gantry_registry::Content| {
            content.mount_blob(&permit, &source, &digest).await
        };
        let deed = Deed::PushBlob(repository.into(), digest);
        let (server, said) = self.change(deed, mount).await;
        if let Ok(Err(_)) = said {
            let fact = Fact::Blob(from.into(), digest);
            self.ground.witness.hears(&server.name, &fact, asked, None);
        }
        matches!(said, Ok(Ok(())))
    }

    async fn push_at_once(&mut self, repository: &str, blob: usize) -> bool {
        let goods = self.ground.goods.clone();
        let blob = &goods.blobs[blob];
        let permit = self.permit::<Push>(repository);
        let bytes = body(&blob.bytes, None, &mut self.dice);
        let push = async |content: gantry_registry::Content| {
            content.push_blob(permit, blob.digest, bytes).await
        };
        let deed = Deed::PushBlob(repository.into(), blob.digest);
        let (server, said) = self.change(deed, push).await;
        if let Ok(Err(error)) = &said {
            let name = &server.name;
            self.ground.witness.accuse(format_args!("{name} refused a blob: {error}"));
        }
        matches!(said, Ok(Ok(_)))
    }
}
