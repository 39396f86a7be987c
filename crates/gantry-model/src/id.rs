//! Typed ids: ULIDs, made anywhere, that sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

use crate::clock::Timestamp;

/// A text that is not a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 26 characters of Crockford base 32 are expected")]
pub struct IdError;

fn fresh(at: Timestamp) -> Ulid {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    let millis = u64::try_from(at.micros() / 1000).unwrap_or(0);
    // `from_parts` keeps the low 80 bits.
    Ulid::from_parts(millis, u128::from_le_bytes(random) & ((1 << 80) - 1))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// No one: what is about none of them.
            pub const NONE: Self = Self(Ulid::nil());

            /// Makes a new id; 80 of its bits are random and can't be guessed.
            pub fn new(at: Timestamp) -> Self {
                Self(fresh(at))
            }

            /// The first that could have been made then.
            pub fn earliest(at: Timestamp) -> Self {
                let millis = u64::try_from(at.micros() / 1000).unwrap_or(0);
                Self(Ulid::from_parts(millis, 0))
            }

            /// When it was made, to the millisecond.
            pub fn made_at(self) -> Timestamp {
                let millis = i64::try_from(self.0.timestamp_ms()).expect("48 bits fit");
                Timestamp::from_micros(millis * 1000)
            }

            /// The form the catalog keeps.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// Reads the form the catalog keeps.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(|bytes| Self(Ulid::from_bytes(bytes))).map_err(|_| IdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; ulid::ULID_LEN];
                f.write_str(self.0.array_to_str(&mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Ulid::from_string(text).map(Self).map_err(|_| IdError)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A registry, for as long as it lives; a deleted and re-made registry has another.
    RegistryId;
    /// A repository, for as long as it holds anything.
    RepositoryId;
    /// An upload session. Its text is in the session's address, so it must not be guessable.
    UploadId;
    /// A row of the journal.
    JournalId;
    /// A key that signs access tokens: its `kid`.
    SigningKeyId;
    /// An access token: its `jti`.
    AccessTokenId;
    /// A deployment: all nodes that share a database.
    DeploymentId;
    /// One life of one node.
    NodeId;
    /// A scope map; one that is made again under the same name has another.
    ScopeMapId;
    /// A repository-scoped token, likewise.
    TokenId;
    /// A row of the audit stream.
    AuditId;
    /// A resource of a registry, such as a webhook; one that is made again under the same name has
    /// another.
    ResourceRowId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_sort_by_time() {
        let early = UploadId::new(Timestamp::from_micros(1_000_000));
        let late = UploadId::new(Timestamp::from_micros(2_000_000));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(UploadId::from_bytes(&early.to_bytes()), Ok(early));
        assert_eq!(late.made_at(), Timestamp::from_micros(2_000_000));
        assert_eq!("short".parse::<UploadId>(), Err(IdError));
    }
}
