//! Deleting.

use gantry_model::permission::Delete;
use gantry_registry::Content;
use gantry_registry::blobs::DeleteBlobError;
use gantry_registry::manifests::DeleteManifestError;

use super::Client;
use crate::deeds::Deed;
use crate::facts::Fact;

/// How often one looks for what one is about to delete, and has deleted.
const LOOKS: usize = 3;

impl Client {
    pub(super) async fn remove_tag(&mut self, repository: &str) {
        let tag = self.tag();
        let (permit, name) = (self.permit::<Delete>(repository), tag.parse().unwrap());
        let asked = self.ground.witness.moment();
        let delete = async |content: Content| content.delete_tag(&permit, &name).await;
        let deed = Deed::DeleteTag(repository.into(), tag.clone());
        let (server, said) = self.change(deed, delete).await;
        if let Ok(Err(DeleteManifestError::TagUnknown(_))) = said {
            let fact = Fact::Tag(repository.into(), tag);
            self.ground.witness.hears(&server.name, &fact, asked, None);
        } else if let Ok(Ok(())) = said {
            let fact = Fact::Tag(repository.into(), tag.clone());
            self.look_for_manifest(repository, &tag, &fact).await;
        }
    }

    pub(super) async fn remove_manifest(&mut self, repository: &str) {
        let goods = self.ground.goods.clone();
        let digest = self.dice.pick(&goods.manifests).digest;
        let fact = Fact::Manifest(repository.into(), digest);
        // Nodes that have it cached are the ones to find it with, once it is deleted.
        self.look_for_manifest(repository, &digest.to_string(), &fact).await;
        let permit = self.permit::<Delete>(repository);
        let asked = self.ground.witness.moment();
        let delete = async |content: Content| content.delete_manifest(&permit, &digest).await;
        let deed = Deed::DeleteManifest(repository.into(), digest);
        let (server, said) = self.change(deed, delete).await;
        if let Ok(Err(DeleteManifestError::Unknown(_))) = said {
            self.ground.witness.hears(&server.name, &fact, asked, None);
        } else if let Ok(Ok(())) = said {
            self.look_for_manifest(repository, &digest.to_string(), &fact).await;
        }
    }

    pub(super) async fn remove_blob(&mut self, repository: &str) {
        let goods = self.ground.goods.clone();
        let digest = self.dice.pick(&goods.blobs).digest;
        let permit = self.permit::<Delete>(repository);
        let asked = self.ground.witness.moment();
        let delete = async |content: Content| content.delete_blob(&permit, &digest).await;
        let deed = Deed::DeleteBlob(repository.into(), digest);
        let (server, said) = self.change(deed, delete).await;
        if let Ok(Err(DeleteBlobError::Unknown(_))) = said {
            let fact = Fact::Blob(repository.into(), digest);
            self.ground.witness.hears(&server.name, &fact, asked, None);
        } else if let Ok(Ok(())) = said {
            for _ in 0..LOOKS {
                self.pull_blob(repository, digest).await;
            }
        }
    }

    /// Asks one node after the other for it.
    async fn look_for_manifest(&mut self, repository: &str, reference: &str, fact: &Fact) {
        for _ in 0..LOOKS {
            self.find_manifest(repository, reference, fact).await;
        }
    }
}
