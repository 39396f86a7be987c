//! The ceiling of pushes: the bytes hashed by one thread while another writes them, then fdatasync.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::thread;

use anyhow::{Context, ensure};
use gantry_sha2::Sha256;

use crate::content::Blob;
use crate::turns::Reading;
use crate::watch::Watch;

/// Written and hashed at once.
const PIECE: usize = 1 << 20;

/// Does it once, to a file that is removed afterwards.
pub(crate) fn hash_and_write(blob: &Blob, path: &Path) -> anyhow::Result<Reading> {
    let mut file = File::create(path).with_context(|| format!("making {}", path.display()))?;
    let mut watch = Watch::clock();
    watch.start();
    let digest = thread::scope(|scope| {
        let hashed = scope.spawn(|| {
            let mut hasher = Sha256::new();
            blob.bytes.chunks(PIECE).for_each(|piece| hasher.update(piece));
            hasher.finish()
        });
        blob.bytes.chunks(PIECE).try_for_each(|piece| file.write_all(piece))?;
        file.sync_data()?;
        hashed.join().map_err(|_| anyhow::anyhow!("hashing panicked"))
    })?;
    let usage = watch.stop();
    ensure!(blob.digest == format!("sha256:{}", hex::encode(digest)), "hashed something else");
    fs::remove_file(path)?;
    let length = blob.bytes.len() as f64;
    let value = length / 1e6 / usage.elapsed.as_secs_f64();
    Ok(Reading { value, p99: None, work: length / 1e9, usage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Dice;

    #[test]
    fn the_ceiling_leaves_no_file() {
        let path = std::env::temp_dir().join(format!("gantry-bench-limit-{}", std::process::id()));
        let reading = hash_and_write(&Dice::new(3).blob(3 << 20), &path).unwrap();
        assert!(reading.value > 0.0);
        assert!(!path.exists());
    }
}
