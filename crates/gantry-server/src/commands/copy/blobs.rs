//! Copying blobs: what the target lacks, each hashed on its way.

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use gantry_blobs::{BlobError, BlobKey, BlobStream, BodyError, BodyStream};
use gantry_catalog::BlobRow;
use gantry_oci::{Digest, Hasher};
use indicatif::ProgressBar;

use super::progress;
use super::sides::Stores;

/// How many blobs one query lists.
const PAGE: usize = 500;
/// How many are under way at once: small ones wait for answers, not for bytes.
const JOBS: usize = 8;

/// What copying came to.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// Blobs that are there now and weren't before.
    pub(super) blobs: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Blobs that were there.
    pub(super) present: u64,
    /// What is wrong with blobs at the source, a line each.
    pub(super) damaged: Vec<String>,
}

/// How one blob came out.
enum Outcome {
    Placed(u64),
    Present(u64),
    Damaged(String),
}

/// Copies every blob that the source's catalog names.
pub(super) async fn copy_blobs(source: &Stores, target: &Stores) -> anyhow::Result<Copied> {
    let registries = source.catalog.registry_list().await?;
    let mut total = 0;
    for registry in &registries {
        let usage = source.catalog.usage_of_registry(registry.id).await?;
        total += u64::try_from(usage.bytes).unwrap_or(0);
    }
    let bar = progress(
        ProgressBar::new(total),
        "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    );
    let mut copied = Copied::default();
    for registry in registries {
        let mut last = None;
        loop {
            let page = source.catalog.blob_list(registry.id, last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.digest);
            let mut outcomes = stream::iter(page)
                .map(|blob| copy_blob(source, target, blob, &bar))
                .buffer_unordered(JOBS);
            while let Some(outcome) = outcomes.try_next().await? {
                match outcome {
                    Outcome::Placed(size) => {
                        copied.blobs += 1;
                        copied.bytes += size;
                    }
                    Outcome::Present(size) => {
                        copied.present += 1;
                        bar.inc(size);
                    }
                    Outcome::Damaged(what) => {
                        copied.damaged.push(format!("{} blob {what}", registry.name));
                    }
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(copied)
}

async fn copy_blob(
    source: &Stores,
    target: &Stores,
    blob: BlobRow,
    bar: &ProgressBar,
) -> anyhow::Result<Outcome> {
    let BlobRow { digest, storage_key, size } = blob;
    let key: BlobKey = storage_key.parse()?;
    if target.blobs.holds(&key).await.context("the target")? {
        return Ok(Outcome::Present(size));
    }
    let found = match source.blobs.read(&key, None).await {
        Ok(found) => found,
        // Deleted since the page was read, or gone: what counts is who still names it.
        Err(BlobError::NotFound(_)) => return missing(source, &blob_named(digest, &key)).await,
        Err(error) => return Err(error).context("the source"),
    };
    if found.length() != size {
        let stored = found.length();
        return Ok(Outcome::Damaged(format!("{digest}: {stored} bytes are stored, not {size}")));
    }
    let body = verified(found.into_stream(), digest, bar.clone());
    Ok(match target.blobs.place(&key, size, body).await.context("the target")? {
        Ok(()) => Outcome::Placed(size),
        Err(error) => Outcome::Damaged(format!("{digest}: {error}")),
    })
}

/// What is said of a blob whose bytes aren't there.
struct Named {
    key: String,
    text: String,
}

fn blob_named(digest: Digest, key: &BlobKey) -> Named {
    Named { key: key.to_string(), text: format!("{digest}: its bytes ({key}) are missing") }
}

async fn missing(source: &Stores, named: &Named) -> anyhow::Result<Outcome> {
    Ok(match source.catalog.storage_key_in_use(&named.key).await? {
        true => Outcome::Damaged(named.text.clone()),
        false => Outcome::Present(0),
    })
}

/// The same bytes; in place of the end an error, where they aren't the digest's.
fn verified(bytes: BlobStream, digest: Digest, bar: ProgressBar) -> BodyStream<'static> {
    let start = (bytes, Some(Hasher::new(digest.algorithm())));
    stream::try_unfold(start, move |(mut bytes, hasher)| {
        let bar = bar.clone();
        async move {
            let Some(mut hasher) = hasher else { return Ok(None) };
            match bytes.try_next().await? {
                Some(chunk) => {
                    hasher.update(&chunk);
                    bar.inc(chunk.len() as u64);
                    Ok(Some((chunk, (bytes, Some(hasher)))))
                }
                None => match hasher.finish() {
                    actual if actual == digest => Ok(None),
                    actual => Err(BodyError::from(format!("its bytes hash to {actual}"))),
                },
            }
        }
    })
    .boxed()
}
