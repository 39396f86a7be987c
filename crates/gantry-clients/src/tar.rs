//! A writer of small tar archives (POSIX.1-1988 `ustar`), enough for image layers.

/// An archive being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tar {
    bytes: Vec<u8>,
}

const BLOCK: usize = 512;

impl Tar {
    /// Adds a regular file, with a path of at most 100 bytes and a fixed owner and time.
    #[must_use]
    pub(crate) fn file(mut self, path: &str, content: &[u8]) -> Self {
        let mut header = [0; BLOCK];
        let mut put =
            |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        assert!(path.len() <= 100, "a path this long needs a prefix field");
        put(0, path);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, "00000000000\0");
        // The checksum counts its own field as spaces.
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let checksum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
        self
    }

    /// The finished archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }
}
