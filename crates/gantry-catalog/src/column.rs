//! How the model's types look in columns.
//!
//! Digests are one byte for the algorithm and the raw hash after it: half the size of their text in
//! every index, and in the same order. Ids are their 16 bytes, moments microseconds, names text.

use std::str::FromStr;

use gantry_db::{Arg, Column, ColumnError, DbError, Row, ToArg};
use gantry_model::id::IdError;
use gantry_model::{JournalId, Locks, RegistryId, RepositoryId, Timestamp, UploadId};
use gantry_oci::Digest;
use serde::de::DeserializeOwned;

const SHA256: u8 = 1;
const SHA512: u8 = 2;

/// A digest as a column holds it.
pub(crate) struct DigestColumn {
    bytes: [u8; 65],
    length: usize,
}

pub(crate) fn digest(digest: &Digest) -> DigestColumn {
    let (algorithm, hash): (u8, &[u8]) = match digest {
        Digest::Sha256(hash) => (SHA256, hash),
        Digest::Sha512(hash) => (SHA512, hash),
    };
    let mut bytes = [0; 65];
    bytes[0] = algorithm;
    bytes[1..=hash.len()].copy_from_slice(hash);
    DigestColumn { bytes, length: 1 + hash.len() }
}

impl ToArg for DigestColumn {
    fn to_arg(&self) -> Arg<'_> {
        Arg::Bytes(&self.bytes[..self.length])
    }
}

fn parse_digest(bytes: &[u8]) -> Option<Digest> {
    match bytes.split_first()? {
        (&SHA256, hash) => hash.try_into().ok().map(Digest::Sha256),
        (&SHA512, hash) => hash.try_into().ok().map(Digest::Sha512),
        _ => None,
    }
}

pub(crate) fn moment(at: Timestamp) -> i64 {
    at.micros()
}

/// A length as a column holds it. Lengths are bounded far below `i64::MAX` where they enter.
pub(crate) fn size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Reads the model's types from a row.
pub(crate) trait RowExt {
    fn digest(&self, n: usize) -> Result<Digest, DbError>;
    fn digest_or_null(&self, n: usize) -> Result<Option<Digest>, DbError>;
    fn parsed<T: FromStr>(&self, n: usize) -> Result<T, DbError>;
    fn parsed_or_null<T: FromStr>(&self, n: usize) -> Result<Option<T>, DbError>;
    fn json<T: DeserializeOwned>(&self, n: usize) -> Result<T, DbError>;
    fn moment(&self, n: usize) -> Result<Timestamp, DbError>;
    fn moment_or_null(&self, n: usize) -> Result<Option<Timestamp>, DbError>;
    fn size(&self, n: usize) -> Result<u64, DbError>;
    fn locks(&self, n: usize) -> Result<Locks, DbError>;
    fn registry_id(&self, n: usize) -> Result<RegistryId, DbError>;
    fn repository_id(&self, n: usize) -> Result<RepositoryId, DbError>;
    fn upload_id(&self, n: usize) -> Result<UploadId, DbError>;
    fn journal_id(&self, n: usize) -> Result<JournalId, DbError>;
}

fn id<T>(
    parse: impl Fn(&[u8]) -> Result<T, IdError>,
) -> impl FnOnce(Column<'_>) -> Result<T, ColumnError> {
    move |column| parse(column.bytes()?).map_err(|_| column.not("an id"))
}

impl RowExt for Row<'_> {
    fn digest(&self, n: usize) -> Result<Digest, DbError> {
        self.read(n, |column| parse_digest(column.bytes()?).ok_or(column.not("a digest")))
    }

    fn digest_or_null(&self, n: usize) -> Result<Option<Digest>, DbError> {
        match self.get::<Option<Vec<u8>>>(n)? {
            Some(_) => self.digest(n).map(Some),
            None => Ok(None),
        }
    }

    fn parsed<T: FromStr>(&self, n: usize) -> Result<T, DbError> {
        self.read(n, |column| column.text()?.parse().map_err(|_| column.not("what it should be")))
    }

    fn parsed_or_null<T: FromStr>(&self, n: usize) -> Result<Option<T>, DbError> {
        match self.get::<Option<String>>(n)? {
            Some(_) => self.parsed(n).map(Some),
            None => Ok(None),
        }
    }

    fn json<T: DeserializeOwned>(&self, n: usize) -> Result<T, DbError> {
        self.read(n, |column| {
            serde_json::from_str(column.text()?).map_err(|_| column.not("the JSON it should be"))
        })
    }

    fn moment(&self, n: usize) -> Result<Timestamp, DbError> {
        self.get(n).map(Timestamp::from_micros)
    }

    fn moment_or_null(&self, n: usize) -> Result<Option<Timestamp>, DbError> {
        Ok(self.get::<Option<i64>>(n)?.map(Timestamp::from_micros))
    }

    fn size(&self, n: usize) -> Result<u64, DbError> {
        self.get(n)
    }

    fn locks(&self, n: usize) -> Result<Locks, DbError> {
        self.get(n).map(Locks::from_bits)
    }

    fn registry_id(&self, n: usize) -> Result<RegistryId, DbError> {
        self.read(n, id(RegistryId::from_bytes))
    }

    fn repository_id(&self, n: usize) -> Result<RepositoryId, DbError> {
        self.read(n, id(RepositoryId::from_bytes))
    }

    fn upload_id(&self, n: usize) -> Result<UploadId, DbError> {
        self.read(n, id(UploadId::from_bytes))
    }

    fn journal_id(&self, n: usize) -> Result<JournalId, DbError> {
        self.read(n, id(JournalId::from_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_keep_the_order_of_their_text() {
        let mut digests: Vec<Digest> = [b"a".as_slice(), b"b", b"c", b"d"]
            .into_iter()
            .flat_map(|bytes| {
                [gantry_oci::Algorithm::Sha256, gantry_oci::Algorithm::Sha512]
                    .map(|algorithm| Digest::of(algorithm, bytes))
            })
            .collect();
        digests.sort();
        let columns: Vec<Vec<u8>> = digests
            .iter()
            .map(|d| {
                let column = digest(d);
                column.bytes[..column.length].to_vec()
            })
            .collect();
        assert!(columns.is_sorted());
        for (column, digest) in columns.iter().zip(&digests) {
            assert_eq!(parse_digest(column), Some(*digest));
        }
    }
}
