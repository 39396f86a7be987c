//! Gathering what a manifest names: each digest once, with one size.

use std::collections::{HashMap, HashSet};

use super::{BlobRef, MAX_DESCRIPTORS, ManifestError};
use crate::{Descriptor, Digest};

/// The contents that a manifest names.
#[derive(Default)]
pub(super) struct Names {
    pub(super) blobs: Vec<BlobRef>,
    pub(super) children: Vec<Descriptor>,
    /// How many descriptors there were, repeated ones included.
    count: usize,
    sizes: HashMap<Digest, u64>,
    /// Where each blob stands in `blobs`.
    blob_at: HashMap<Digest, usize>,
    child_seen: HashSet<Digest>,
}

impl Names {
    /// Adds a blob that the repository must hold.
    pub(super) fn blob(&mut self, descriptor: &Descriptor) -> Result<(), ManifestError> {
        self.described_blob(descriptor, true)
    }

    /// Adds a layer, which may be one that is not to be distributed.
    pub(super) fn layer(&mut self, descriptor: &Descriptor) -> Result<(), ManifestError> {
        self.described_blob(descriptor, !descriptor.media_type.is_nondistributable())
    }

    /// Adds a blob of which only the digest is told.
    pub(super) fn blob_of_unknown_size(&mut self, digest: Digest) -> Result<(), ManifestError> {
        self.count()?;
        self.add(BlobRef { digest, size: None, media_type: None, required: true });
        Ok(())
    }

    /// Adds a manifest that an index lists.
    pub(super) fn child(&mut self, descriptor: Descriptor) -> Result<(), ManifestError> {
        self.check(&descriptor)?;
        if self.child_seen.insert(descriptor.digest) {
            self.children.push(descriptor);
        }
        Ok(())
    }

    /// Checks the subject, which is no part of the manifest.
    pub(super) fn subject(
        &mut self,
        subject: Option<Descriptor>,
    ) -> Result<Option<Descriptor>, ManifestError> {
        subject.iter().try_for_each(|subject| self.check(subject))?;
        Ok(subject)
    }

    fn described_blob(
        &mut self,
        descriptor: &Descriptor,
        required: bool,
    ) -> Result<(), ManifestError> {
        self.check(descriptor)?;
        self.add(BlobRef {
            digest: descriptor.digest,
            size: Some(descriptor.size),
            media_type: Some(descriptor.media_type.clone()),
            required,
        });
        Ok(())
    }

    /// Keeps the first of the blobs with one digest; it is required if any is.
    fn add(&mut self, blob: BlobRef) {
        let at = *self.blob_at.entry(blob.digest).or_insert(self.blobs.len());
        match self.blobs.get_mut(at) {
            Some(known) => known.required |= blob.required,
            None => self.blobs.push(blob),
        }
    }

    fn check(&mut self, descriptor: &Descriptor) -> Result<(), ManifestError> {
        self.count()?;
        let size = *self.sizes.entry(descriptor.digest).or_insert(descriptor.size);
        if size != descriptor.size {
            return Err(ManifestError::SizeConflict(descriptor.digest));
        }
        if !descriptor.data_is_true() {
            return Err(ManifestError::DataMismatch(descriptor.digest));
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ManifestError> {
        self.count += 1;
        if self.count > MAX_DESCRIPTORS { Err(ManifestError::TooManyDescriptors) } else { Ok(()) }
    }
}
