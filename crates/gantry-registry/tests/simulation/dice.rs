//! What is drawn, all from the seed.

use std::time::Duration;

/// SplitMix64: small, seeded, and good enough to pick with.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The sequence that a seed stands for.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence of its own for one part of the simulation, so that what others draw doesn't
    /// change what it draws.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.draw())
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    /// True `of` times in a hundred.
    pub(crate) fn percent(&mut self, of: u64) -> bool {
        self.draw() % 100 < of
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A time from `least` to `most` milliseconds.
    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.draw() % (most - least + 1))
    }
}
