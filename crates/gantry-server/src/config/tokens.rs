//! `[tokens]`

use std::time::Duration;

use super::reader::Reader;
use super::units::Human;

/// `[tokens]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// How long an access token is good; ACR's are good for 75 minutes at most.
    pub(crate) access_token_lifetime: Duration,
    /// How old a signing key gets before there is a new one.
    pub(crate) key_rotation: Duration,
    /// How long sign-ins and refusals are kept on record.
    pub(crate) audit_retention: Duration,
}

impl Tokens {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let minutes = |count: u64| Human(Duration::from_secs(60 * count));
        let second = Human(Duration::from_secs(1));
        let lifetime =
            reader.bounded("tokens.access_token_lifetime", minutes(60), second, minutes(75));
        let day = Duration::from_secs(24 * 60 * 60);
        let mut days = |key, default: u32, most: u32| {
            reader.bounded(key, Human(day * default), Human(day), Human(day * most)).0
        };
        Self {
            access_token_lifetime: lifetime.0,
            key_rotation: days("tokens.key_rotation", 30, 365),
            audit_retention: days("tokens.audit_retention", 90, 3650),
        }
    }
}
