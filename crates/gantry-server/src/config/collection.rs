//! `[collection]`

use std::time::Duration;

use super::reader::Reader;
use super::units::Human;

/// `[collection]`: when content that nothing names is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collection {
    /// How long content may be unreferenced: the time a client has from uploading a blob, or being
    /// told that it needn't, to pushing the manifest that names it.
    pub(crate) grace: Duration,
    /// From one pass to the next.
    pub(crate) interval: Duration,
}

impl Collection {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        let day = 24 * 3600 * second;
        let grace = reader.bounded("collection.grace", Human(day), Human(second), Human(365 * day));
        let interval = reader.bounded(
            "collection.interval",
            Human(600 * second),
            Human(second / 10),
            Human(7 * day),
        );
        Self { grace: grace.0, interval: interval.0 }
    }
}
