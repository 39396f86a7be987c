//! How many devices may wait at a time: anybody may start one, and each is a row.
//!
//! Those count that were started within the life of a code, whatever became of them: so no more rows
//! are there, nor are more written. Each node counts by itself.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gantry_model::Timestamp;

use crate::guard::network;

/// A company, or a lab of machines, may be behind one address.
const MOST_OF_ADDRESS: u32 = 64;
/// Some ten MB of rows.
const MOST: usize = 64 << 10;

/// Devices that were started a while ago at most.
#[derive(Debug, Default)]
pub(crate) struct Started(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// When they count no more, the first ones first.
    all: VecDeque<(Timestamp, Option<IpAddr>)>,
    of_addresses: HashMap<Option<IpAddr>, u32>,
}

impl Started {
    /// Counts one more from `address` until `until`, or says for how long there is no place.
    pub(super) fn count(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.forget(now);
        let address = address.map(network);
        let of_address = counts.of_addresses.get(&address).copied().unwrap_or(0);
        let is_full = counts.all.len() >= MOST;
        if is_full || of_address >= MOST_OF_ADDRESS {
            let in_the_way = |(_, of): &&(Timestamp, Option<IpAddr>)| is_full || *of == address;
            let first = counts.all.iter().find(in_the_way).map_or(now, |(ends, _)| *ends);
            let wait = first.micros().saturating_sub(now.micros());
            return Err(Duration::from_micros(u64::try_from(wait).unwrap_or(0)));
        }
        counts.all.push_back((until, address));
        *counts.of_addresses.entry(address).or_default() += 1;
        Ok(())
    }
}

impl Counts {
    fn forget(&mut self, now: Timestamp) {
        while let Some((_, address)) = self.all.pop_front_if(|(ends, _)| *ends <= now) {
            if let Some(count) = self.of_addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    self.of_addresses.remove(&address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const LIFE: Duration = Duration::from_secs(900);

    fn count(started: &Started, address: u32, now: Timestamp) -> Result<(), Duration> {
        started.count(Some(address.to_be_bytes().into()), now, now.plus(LIFE))
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let started = Started::default();
        for _ in 0..MOST_OF_ADDRESS {
            assert_eq!(count(&started, 1, START), Ok(()));
        }
        let later = START.plus(LIFE / 3);
        assert_eq!(count(&started, 1, later), Err(LIFE - LIFE / 3));
        assert_eq!(count(&started, 2, later), Ok(()));
        assert_eq!(count(&started, 1, START.plus(LIFE)), Ok(()), "the first ones are over");
    }

    #[test]
    fn there_are_no_more_than_so_many_of_all() {
        let started = Started::default();
        for address in 0..u32::try_from(MOST).unwrap() {
            assert_eq!(count(&started, address, START), Ok(()));
        }
        assert_eq!(count(&started, u32::MAX, START), Err(LIFE));
        assert_eq!(count(&started, u32::MAX, START.plus(LIFE)), Ok(()));
        let counts = started.0.lock().unwrap();
        assert_eq!((counts.all.len(), counts.of_addresses.len()), (1, 1));
    }
}
