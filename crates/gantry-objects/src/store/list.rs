//! Listing what is stored, upload by upload.

use futures_util::{StreamExt, TryStreamExt, stream};
use gantry_blobs::{BlobKey, BlobList, StoredBlob};

use super::ObjectBlobStore;
use crate::error::unavailable;
use crate::paths::Found;

pub(super) fn list<'a>(store: &'a ObjectBlobStore, registry: &str) -> BlobList<'a> {
    let operation = format!("listing the blobs of {registry}");
    let found = store.objects.list(Some(&store.paths.registry(registry)));
    let found = found.map_err(move |error| unavailable(&operation, &error)).try_filter_map(
        move |object| async move {
            Ok(store.paths.find(&object.location).map(|found| (found, object.size)))
        },
    );
    // An upload's objects follow one another, as names sort.
    let uploads = stream::try_unfold(
        (found.boxed().fuse(), Upload::default()),
        |(mut found, mut upload)| async move {
            while let Some((object, size)) = found.try_next().await? {
                let key = object.key().without_version();
                if upload.key.as_ref().is_some_and(|present| *present != key) {
                    let next = Upload::of(key, object, size);
                    return Ok(Some((upload.stored(), (found, next))));
                }
                upload.key = Some(key);
                upload.add(object, size);
            }
            match upload.key {
                None => Ok(None),
                Some(_) => Ok(Some((upload.stored(), (found, Upload::default())))),
            }
        },
    );
    uploads.map_ok(|stored| stream::iter(stored.into_iter().map(Ok))).try_flatten().boxed()
}

impl Found {
    fn key(&self) -> &BlobKey {
        match self {
            Self::Blob(key) | Self::Parts(key) | Self::Tail(key) => key,
        }
    }
}

/// The objects of one upload.
#[derive(Default)]
struct Upload {
    key: Option<BlobKey>,
    sealed: Vec<StoredBlob>,
    /// A multipart upload has left its mark.
    begun: bool,
    /// The longest tail; what is in parts nobody tells.
    tail: Option<u64>,
}

impl Upload {
    fn of(key: BlobKey, object: Found, size: u64) -> Self {
        let mut upload = Self { key: Some(key), ..Self::default() };
        upload.add(object, size);
        upload
    }

    fn add(&mut self, object: Found, size: u64) {
        match object {
            Found::Blob(key) => self.sealed.push(StoredBlob { key, length: size }),
            Found::Parts(_) => self.begun = true,
            Found::Tail(_) => self.tail = self.tail.max(Some(size)),
        }
    }

    /// The sealed blobs, and the draft where there is anything of one.
    fn stored(self) -> Vec<StoredBlob> {
        let Self { key, mut sealed, begun, tail } = self;
        if let Some(key) = key.filter(|_| begun || tail.is_some()) {
            sealed.push(StoredBlob { key, length: tail.unwrap_or(0) });
        }
        sealed
    }
}
