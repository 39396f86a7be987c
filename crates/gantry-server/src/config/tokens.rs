//! `[tokens]`

use std::time::Duration;

use super::reader::Reader;
use super::units::Human;

/// `[tokens]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// How long an access token is good; ACR's are good for 75 minutes at most.
    pub(crate) access_token_lifetime: Duration,
}

impl Tokens {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let minutes = |count: u64| Human(Duration::from_secs(60 * count));
        let second = Human(Duration::from_secs(1));
        let lifetime =
            reader.bounded("tokens.access_token_lifetime", minutes(60), second, minutes(75));
        Self { access_token_lifetime: lifetime.0 }
    }
}
