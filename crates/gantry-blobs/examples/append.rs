//! Measures appending and sealing, beside the limit that hash and disk set.
//!
//! `cargo run --release -p gantry-blobs --example append -- DIRECTORY ROUNDS`

#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use gantry_blobs::{BlobKey, BlobStore, Draft, FileBlobStore};
use gantry_sha2::Sha256;

const LARGE: usize = 256 << 20;
const FRAME: usize = 64 << 10;
const SMALL: usize = 4 << 10;
const SMALL_BLOBS: usize = 800;
const CLIENTS: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, directory, rounds] = arguments.as_slice() else {
        return Err("usage: append DIRECTORY ROUNDS".into());
    };
    let directory = Path::new(directory);
    let store: Arc<dyn BlobStore> = Arc::new(FileBlobStore::open(directory.join("blobs"))?);
    let frame: Bytes = (0..FRAME).map(|index| (index * 131) as u8).collect::<Vec<_>>().into();

    let mut large = Vec::new();
    let mut small = Vec::new();
    for round in 0..rounds.parse::<u64>()? {
        let hash = timed(|| {
            let mut hasher = Sha256::new();
            (0..LARGE / FRAME).for_each(|_| hasher.update(&frame));
            std::hint::black_box(hasher.finish());
            Ok(())
        })?;
        let path = directory.join("plain");
        let file = File::create(&path)?;
        let write = timed(|| {
            (0..LARGE / FRAME).try_for_each(|n| file.write_all_at(&frame, (n * FRAME) as u64))
        })?;
        let sync = timed(|| file.sync_data())?;
        std::fs::remove_file(path)?;
        let limit = hash.max(write) + sync;
        let whole = append_large(&store, round, &frame).await?;
        println!("256 MiB: hash {hash:.3?}, write {write:.3?}, sync {sync:.3?}; ours {whole:.3?}");
        large.push(limit.as_secs_f64() / whole.as_secs_f64());

        let each = small_files(directory, &frame.slice(..SMALL))?;
        let ours = append_small(&store, round, &frame.slice(..SMALL)).await?;
        println!("4 KiB: {each:.0}/s by write and two syncs each; ours {ours:.0}/s");
        small.push(ours);
    }
    println!("256 MiB: median {:.2} of the limit", median(large));
    println!("4 KiB blobs, {CLIENTS} clients: median {:.0}/s", median(small));
    Ok(())
}

async fn append_large(
    store: &Arc<dyn BlobStore>,
    round: u64,
    frame: &Bytes,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let key = key("large", round)?;
    let start = Instant::now();
    let mut hasher = Sha256::new();
    let body = stream::iter(0..LARGE / FRAME).map(|_| {
        hasher.update(frame);
        Ok(frame.clone())
    });
    let appended = store.append(&key, &Draft::new(), body.boxed()).await?;
    store.seal(&key, &appended.draft).await?;
    std::hint::black_box(hasher.finish());
    let took = start.elapsed();
    store.delete(&key).await?;
    Ok(took)
}

/// Blobs per second from concurrent clients.
async fn append_small(
    store: &Arc<dyn BlobStore>,
    round: u64,
    bytes: &Bytes,
) -> Result<f64, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let clients = (0..CLIENTS).map(|client| async move {
        for blob in 0..SMALL_BLOBS / CLIENTS {
            let key = key("small", round * 100_000 + (client * 1_000 + blob) as u64)?;
            let body = stream::iter([Ok(bytes.clone())]).boxed();
            let appended = store.append(&key, &Draft::new(), body).await?;
            store.seal(&key, &appended.draft).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    });
    future::try_join_all(clients).await?;
    let rate = SMALL_BLOBS as f64 / start.elapsed().as_secs_f64();
    let keys: Vec<_> = store.list("small").try_collect().await?;
    future::try_join_all(keys.iter().map(|blob| store.delete(&blob.key))).await?;
    Ok(rate)
}

/// What each client would get by syncing for itself, one thread each.
fn small_files(directory: &Path, bytes: &[u8]) -> io::Result<f64> {
    let place = directory.join("each");
    std::fs::create_dir(&place)?;
    let start = Instant::now();
    std::thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let place = &place;
                threads.spawn(move || {
                    (0..SMALL_BLOBS / CLIENTS).try_for_each(|blob| {
                        let file = File::create(place.join(format!("{client}-{blob}")))?;
                        file.write_all_at(bytes, 0)?;
                        file.sync_data()?;
                        File::open(place)?.sync_all()
                    })
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| {
            client.join().map_err(|_| io::Error::other("a client panicked"))?
        })
    })?;
    let rate = SMALL_BLOBS as f64 / start.elapsed().as_secs_f64();
    std::fs::remove_dir_all(place)?;
    Ok(rate)
}

fn key(registry: &str, upload: u64) -> Result<BlobKey, gantry_blobs::InvalidBlobKey> {
    BlobKey::new(registry, &format!("{upload:026}"))
}

fn timed(work: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
