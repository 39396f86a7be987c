//! What is told of repositories, tags and manifests beside their content: counts, times, locks.

pub(crate) mod manifests;
pub(crate) mod repositories;
pub(crate) mod tags;

use gantry_model::Timestamp;

/// The order of a list that has more than one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name or digest, in byte order.
    #[default]
    Name,
    /// What was changed longest ago comes first.
    Oldest,
    /// What was changed last comes first.
    Newest,
}

/// A place in a list by time: behind what was changed at a moment and has this name or digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<T> {
    /// The moment.
    pub at: Timestamp,
    /// The name or digest.
    pub name: T,
}

/// Before every moment there is, and behind.
const BEGINNING: Timestamp = Timestamp::from_micros(i64::MIN);
const END: Timestamp = Timestamp::from_micros(i64::MAX);

impl Order {
    /// The moment before everything in this order of time.
    fn first(self) -> Timestamp {
        if self == Self::Newest { END } else { BEGINNING }
    }
}
