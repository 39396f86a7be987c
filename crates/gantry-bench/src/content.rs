//! What is pushed and pulled: random bytes, which nothing can compress or know already.

use gantry_oci::Digest;
use serde_json::json;

/// The media type of the manifests.
pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Bytes and their digest.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// `sha256:…`
    pub(crate) digest: String,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// A generator of random bytes (SplitMix64): fast, and good enough for content.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// From a seed. The same seed gives the same bytes.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length.next_multiple_of(8)];
        for word in bytes.chunks_exact_mut(8) {
            word.copy_from_slice(&self.draw().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// A blob of so many bytes.
    pub(crate) fn blob(&mut self, length: usize) -> Blob {
        Blob::new(self.bytes(length))
    }
}

impl Blob {
    /// Bytes under their digest.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::sha256(&bytes).to_string(), bytes }
    }
}

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// The config and the layers.
    pub(crate) blobs: Vec<Blob>,
    /// The manifest that names them.
    pub(crate) manifest: Blob,
}

/// The layers' shares of the image, in 1/120: a few large ones and many small, as images are.
const LAYERS: [usize; 12] = [40, 25, 16, 12, 9, 6, 4, 3, 2, 1, 1, 1];

impl Image {
    /// An image of twelve layers, of about so many bytes.
    pub(crate) fn new(length: usize, dice: &mut Dice) -> Self {
        Self::of(&LAYERS.map(|share| length * share / 120), dice)
    }

    /// An image with layers of those lengths.
    pub(crate) fn of(layers: &[usize], dice: &mut Dice) -> Self {
        let seed = dice.draw();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": [] },
            "seed": seed,
        });
        let mut blobs = vec![Blob::new(config.to_string().into_bytes())];
        blobs.extend(layers.iter().map(|length| layer(*length, dice)));
        let descriptor = |media_type: &str, blob: &Blob| json!({ "mediaType": media_type, "digest": blob.digest, "size": blob.bytes.len() });
        let layers: Vec<_> = blobs[1..].iter().map(|blob| descriptor(LAYER_TYPE, blob)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": descriptor(CONFIG_TYPE, &blobs[0]),
            "layers": layers,
        });
        Self { manifest: Blob::new(manifest.to_string().into_bytes()), blobs }
    }
}

/// Random bytes that begin as gzip does: clients look at a layer's first bytes and would compress
/// what isn't yet.
fn layer(length: usize, dice: &mut Dice) -> Blob {
    const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut bytes = dice.bytes(length.max(GZIP.len()));
    bytes[..GZIP.len()].copy_from_slice(&GZIP);
    Blob::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_are_all_of_the_image() {
        assert_eq!(LAYERS.iter().sum::<usize>(), 120);
        let image = Image::new(1200, &mut Dice::new(1));
        assert_eq!(image.blobs.len(), 13);
        assert_eq!(image.blobs[1].bytes.len(), 400);
    }

    #[test]
    fn bytes_never_repeat() {
        let mut dice = Dice::new(7);
        let (one, two) = (dice.blob(4099), dice.blob(4099));
        assert_eq!(one.bytes.len(), 4099);
        assert_ne!(one.digest, two.digest);
    }
}
