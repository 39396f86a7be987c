//! What is left of a file's bytes.

use std::collections::BTreeMap;

use crate::Tearing;
use crate::chance::Chance;

const PAGE: usize = 4096;
const SECTOR: usize = 512;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    Write { offset: usize, data: &'a [u8] },
    Truncate { length: usize },
}

/// A file as of its last sync, and its changes since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents<'a> {
    synced: Vec<u8>,
    changes: Vec<Change<'a>>,
}

/// The changes of one page that may still show.
#[derive(Debug, Default)]
struct Page<'a> {
    /// A truncation that is known to have happened took the bytes there were.
    cleared: bool,
    writes: Vec<(usize, &'a [u8])>,
    /// A truncation that is known not to have happened comes before all later ones.
    closed: bool,
}

// === impl Contents ===

impl<'a> Contents<'a> {
    pub(crate) fn change(&mut self, change: Change<'a>) {
        self.changes.push(change);
    }

    pub(crate) fn sync(&mut self) {
        for change in self.changes.drain(..) {
            match change {
                Change::Write { offset, data } => {
                    let end = offset + data.len();
                    if self.synced.len() < end {
                        self.synced.resize(end, 0);
                    }
                    self.synced[offset..end].copy_from_slice(data);
                }
                Change::Truncate { length } => self.synced.resize(length, 0),
            }
        }
    }

    /// What the disk holds if chance has its way with the unsynced changes.
    pub(crate) fn survivor(&self, chance: &mut Chance, tearing: Tearing) -> Vec<u8> {
        let truncations: Vec<usize> = (0..self.changes.len())
            .filter(|&at| matches!(self.changes[at], Change::Truncate { .. }))
            .collect();
        let happened = chance.beginning(truncations.len());
        let reach = truncations.get(happened).copied().unwrap_or(self.changes.len());
        let length = self.surviving_length(reach, chance);

        let mut bytes = self.synced.clone();
        bytes.resize(length.next_multiple_of(PAGE), 0);
        if length < self.synced.len() {
            // Past the end of a page cut short, an extended file shows zeros.
            bytes[length..].fill(0);
        }
        for (number, page) in self.pages(length, reach) {
            let start = number * PAGE;
            page.write_some(&mut bytes[start..start + PAGE], chance, tearing);
        }
        bytes.truncate(length);
        bytes
    }

    /// One of the lengths the file had after the last truncation that happened, `reach` being the
    /// first that didn't. Lengths come in their order: they are the file system's own records.
    fn surviving_length(&self, reach: usize, chance: &mut Chance) -> usize {
        let mut lengths = vec![self.synced.len()];
        for change in &self.changes[..reach] {
            let last = lengths[lengths.len() - 1];
            match *change {
                Change::Truncate { length } => lengths = vec![length],
                Change::Write { offset, data } if offset + data.len() > last => {
                    lengths.push(offset + data.len());
                }
                Change::Write { .. } => {}
            }
        }
        lengths[chance.beginning(lengths.len() - 1)]
    }

    fn pages(&self, length: usize, reach: usize) -> BTreeMap<usize, Page<'a>> {
        let count = length.div_ceil(PAGE);
        let mut pages: BTreeMap<usize, Page<'a>> = BTreeMap::new();
        for (at, change) in self.changes.iter().enumerate() {
            match *change {
                Change::Truncate { length } => {
                    // It touches every page beyond it, written or not.
                    for number in length.div_ceil(PAGE)..count {
                        pages.entry(number).or_default().truncate(at < reach);
                    }
                }
                Change::Write { offset, data } => {
                    let last = (offset + data.len()).div_ceil(PAGE).min(count);
                    for number in offset / PAGE..last {
                        pages.entry(number).or_default().write(number * PAGE, offset, data);
                    }
                }
            }
        }
        pages
    }
}

// === impl Page ===

impl<'a> Page<'a> {
    fn truncate(&mut self, happened: bool) {
        if happened {
            self.cleared = true;
            self.writes.clear();
        } else {
            self.closed = true;
        }
    }

    /// Notes the part of a write that falls on the page that starts at `start`.
    fn write(&mut self, start: usize, offset: usize, data: &'a [u8]) {
        if self.closed {
            return;
        }
        let from = start.max(offset);
        let to = (start + PAGE).min(offset + data.len());
        self.writes.push((from - start, &data[from - offset..to - offset]));
    }

    /// The page cache writes a page as it is at the moment: so a beginning of its changes shows,
    /// and in a torn page a different beginning in each sector.
    fn write_some(&self, bytes: &mut [u8], chance: &mut Chance, tearing: Tearing) {
        if self.cleared {
            bytes.fill(0);
        }
        let unit = match tearing {
            Tearing::Page => PAGE,
            Tearing::Sector => SECTOR,
        };
        for (number, piece) in bytes.chunks_mut(unit).enumerate() {
            let start = number * unit;
            for &(offset, data) in &self.writes[..chance.beginning(self.writes.len())] {
                let from = start.max(offset);
                let to = (start + unit).min(offset + data.len());
                if from < to {
                    piece[from - start..to - start]
                        .copy_from_slice(&data[from - offset..to - offset]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(chunks: &[(usize, &'static [u8])]) -> Contents<'static> {
        let mut contents = Contents::default();
        for &(offset, data) in chunks {
            contents.change(Change::Write { offset, data });
        }
        contents
    }

    #[test]
    fn synced_bytes_survive_every_seed() {
        let mut contents = written(&[(0, &[1; 10_000]), (5_000, &[2; 10_000])]);
        contents.sync();
        let whole = contents.survivor(&mut Chance::new(1), Tearing::Sector);
        assert_eq!(whole.len(), 15_000);
        for seed in 0..50 {
            assert_eq!(contents.survivor(&mut Chance::new(seed), Tearing::Sector), whole);
        }
    }

    #[test]
    fn unsynced_bytes_are_lost_torn_and_reordered() {
        let mut contents = written(&[(0, &[1; 8192])]);
        contents.sync();
        contents.change(Change::Write { offset: 0, data: &[2; 8192] });
        contents.change(Change::Write { offset: 0, data: &[3; 8192] });
        let of = |seed| contents.survivor(&mut Chance::new(seed), Tearing::Sector);
        assert_eq!(of(0), [1; 8192]);
        assert_eq!(of(1), [3; 8192]);
        let survivors: Vec<Vec<u8>> = (2..200).map(of).collect();
        assert!(survivors.iter().any(|s| s[0] > s[512]), "a page is torn");
        assert!(survivors.iter().any(|s| s[0] < s[4096]), "a later page comes first");
        assert!(survivors.iter().flatten().all(|byte| (1..=3).contains(byte)));
        let whole = |seed| contents.survivor(&mut Chance::new(seed), Tearing::Page);
        assert!((2..200).map(whole).all(|s| s[..4096].iter().all(|byte| *byte == s[0])));
    }

    #[test]
    fn a_lost_truncation_hides_what_was_written_over_it() {
        let mut contents = written(&[(0, &[1; 8192])]);
        contents.sync();
        contents.change(Change::Truncate { length: 0 });
        contents.change(Change::Write { offset: 0, data: &[2; 8192] });
        for seed in 0..200 {
            let left = contents.survivor(&mut Chance::new(seed), Tearing::Sector);
            let old = left == [1; 8192];
            assert!(old || left.iter().all(|byte| *byte != 1), "old and new bytes are mixed");
        }
    }

    #[test]
    fn a_longer_file_may_lack_its_bytes() {
        let contents = written(&[(0, &[1; 4096]), (4096, &[1; 4096])]);
        let left: Vec<Vec<u8>> =
            (2..200).map(|s| contents.survivor(&mut Chance::new(s), Tearing::Page)).collect();
        assert!(left.iter().any(|s| s.len() == 8192 && s[0] == 0));
        assert!(left.iter().any(|s| s.len() == 4096));
        assert!(left.iter().any(Vec::is_empty));
    }
}
