//! What lists tell of a manifest, read when it is pushed.

use futures_util::StreamExt;
use gantry_catalog::ManifestFacts;
use gantry_model::permission::{Permit, Push};
use gantry_oci::{Descriptor, ImagePlatform, Manifest, ManifestKind};

use crate::uploads::parse_key;
use crate::{Content, StoreError};

/// The longest config that is read, in bytes. Those of images with a thousand layers have a tenth.
const CONFIG_BYTES: u64 = 4 << 20;

impl Content {
    /// What is told of a manifest of `length` bytes: of an index that length, of any other that of
    /// what it names too; and what its config says that the image is for.
    ///
    /// A config that isn't there, can't be read, or isn't what it should be, says nothing.
    pub(super) async fn facts_of(
        &self,
        permit: &Permit<Push>,
        view: &Manifest,
        length: usize,
    ) -> ManifestFacts {
        let blobs = view.blobs.iter().filter_map(|blob| blob.size).fold(0, u64::saturating_add);
        let image_size = match view.kind {
            ManifestKind::Index => length as u64,
            _ => blobs.saturating_add(length as u64),
        };
        let mut facts = ManifestFacts { image_size, ..ManifestFacts::default() };
        let Some(config) = &view.config else { return facts };
        facts.config_media_type = Some(config.media_type.to_string());
        match self.config_of(permit, config).await {
            Ok(bytes) => {
                let platform = bytes.as_deref().and_then(ImagePlatform::parse).unwrap_or_default();
                (facts.architecture, facts.os) = (platform.architecture, platform.os);
            }
            Err(error) => {
                tracing::warn!(digest = %config.digest, %error, "a config was not read");
            }
        }
        facts
    }

    async fn config_of(
        &self,
        permit: &Permit<Push>,
        config: &Descriptor,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if !ImagePlatform::is_in(&config.media_type) {
            return Ok(None);
        }
        let (registry, name) = (permit.registry(), permit.repository());
        let found = self.catalog().blob_find(registry, name, &config.digest).await?;
        let Some(link) = found.filter(|link| link.size <= CONFIG_BYTES) else { return Ok(None) };
        let mut stream =
            self.blobs().read(&parse_key(&link.storage_key)?, None).await?.into_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| StoreError::Interrupted(error.to_string()))?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }
}
