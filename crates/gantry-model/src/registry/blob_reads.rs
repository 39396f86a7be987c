//! How blobs reach clients.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a blob's bytes reach a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobReads {
    /// Through the server: works for every client.
    #[default]
    Stream,
    /// From the blob store itself, by a short-lived address, where the store can be asked so.
    Redirect,
}

impl BlobReads {
    /// Its name as the catalog and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Redirect => "redirect",
        }
    }
}

impl FromStr for BlobReads {
    type Err = BlobReadsError;

    fn from_str(text: &str) -> Result<Self, BlobReadsError> {
        [Self::Stream, Self::Redirect]
            .into_iter()
            .find(|reads| text == reads.as_str())
            .ok_or(BlobReadsError)
    }
}

impl fmt::Display for BlobReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no way to read blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("blobs are read by stream or redirect")]
pub struct BlobReadsError;
