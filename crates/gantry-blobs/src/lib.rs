//! The blob seam: bytes by key, on files or in memory.
