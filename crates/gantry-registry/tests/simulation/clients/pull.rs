//! Pulling: a manifest, then what it names.

use gantry_catalog::StoredManifest;
use gantry_model::permission::Pull;
use gantry_oci::{Digest, Reference};
use gantry_registry::Content;
use gantry_registry::blobs::ReadBlobError;

use super::Client;
use crate::facts::Fact;

impl Client {
    pub(super) async fn pull_tag(&mut self, repository: &str) {
        let tag = self.tag();
        let fact = Fact::Tag(repository.into(), tag.clone());
        self.pull(repository, &tag, &fact).await;
    }

    pub(super) async fn pull_digest(&mut self, repository: &str) {
        let goods = self.ground.goods.clone();
        let digest = self.dice.pick(&goods.manifests).digest;
        let fact = Fact::Manifest(repository.into(), digest);
        self.pull(repository, &digest.to_string(), &fact).await;
    }

    /// Pulls what the reference names, and looks at every byte; true if it is there.
    pub(crate) async fn pull(&mut self, repository: &str, reference: &str, fact: &Fact) -> bool {
        let Some(manifest) = self.find_manifest(repository, reference, fact).await else {
            return false;
        };
        let goods = self.ground.goods.clone();
        match goods.manifest(&manifest.digest) {
            Some(document) if document.bytes == manifest.bytes => {
                for blob in &document.blobs {
                    self.pull_blob(repository, goods.blobs[*blob].digest).await;
                }
            }
            _ => self.ground.witness.accuse("a manifest has wrong bytes"),
        }
        true
    }

    pub(super) async fn find_manifest(
        &mut self,
        repository: &str,
        reference: &str,
        fact: &Fact,
    ) -> Option<std::sync::Arc<StoredManifest>> {
        let permit = self.permit::<Pull>(repository);
        let reference: Reference = reference.parse().unwrap();
        let asked = self.ground.witness.moment();
        let find = async |content: Content| content.find_manifest(&permit, &reference).await;
        let (server, said) = self.ask(find).await;
        let found = said.ok()?.ok();
        let value = found.as_ref().map(|manifest| manifest.digest);
        let told = value.map(|digest| self.ground.goods.name(&digest));
        self.note(format_args!("pulls {fact:?} from {}: {told:?}", server.name));
        self.ground.witness.hears(&server.name, fact, asked, value);
        found
    }

    /// Reads a blob; true if it is there.
    pub(crate) async fn pull_blob(&mut self, repository: &str, digest: Digest) -> bool {
        let permit = self.permit::<Pull>(repository);
        let fact = Fact::Blob(repository.into(), digest);
        let asked = self.ground.witness.moment();
        let pull = async |content: Content| {
            let found = match content.find_blob(&permit, &digest).await {
                Ok(found) => found,
                Err(gantry_registry::blobs::FindBlobError::Unknown(_)) => return Ok(None),
                Err(gantry_registry::blobs::FindBlobError::Store(error)) => {
                    return Err(ReadBlobError::Store(error));
                }
                Err(error @ gantry_registry::blobs::FindBlobError::Locked(_)) => {
                    panic!("nobody locks anything here: {error}")
                }
            };
            match content.read_blob(&found, None).await {
                // Bytes that break off are no answer, whatever came before.
                Ok(source) => Ok(Some(source.into_bytes().await.ok())),
                Err(ReadBlobError::Unknown(_)) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let (server, said) = self.ask(pull).await;
        let Ok(Ok(found)) = said else { return false };
        let told = match &found {
            None => "not there",
            Some(None) => "broke off",
            Some(Some(_)) => "there",
        };
        let (name, blob) = (&server.name, self.ground.goods.name(&digest));
        self.note(format_args!("pulls {blob} of {repository} from {name}: {told}"));
        self.ground.witness.hears(name, &fact, asked, found.is_some().then_some(digest));
        match found {
            Some(Some(bytes)) if Digest::sha256(&bytes) != digest => {
                self.ground.witness.accuse(format_args!("{name} gave wrong bytes of {blob}"));
                false
            }
            found => matches!(found, Some(Some(_))),
        }
    }
}
