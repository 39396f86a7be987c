//! What becomes of unsynced changes, decided by a seed.

/// How likely a change that chance decides upon is on the disk.
#[derive(Clone, Debug)]
pub(crate) enum Chance {
    Nothing,
    Everything,
    /// As drawn; so many of 256 changes are kept.
    Some {
        dice: SplitMix,
        kept: usize,
    },
}

// === impl Chance ===

impl Chance {
    /// Seed 0 loses all that may be lost, seed 1 keeps all; the others draw.
    pub(crate) fn new(seed: u64) -> Self {
        match seed {
            0 => Self::Nothing,
            1 => Self::Everything,
            _ => {
                let kept = [128, 26, 230][(seed % 3) as usize];
                Self::Some { dice: SplitMix::new(seed), kept }
            }
        }
    }

    /// Whether one change is kept.
    pub(crate) fn keep(&mut self) -> bool {
        self.beginning(1) == 1
    }

    /// How many of `count` changes to one place are kept: a beginning of them.
    pub(crate) fn beginning(&mut self, count: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => count,
            Self::Some { dice, kept } => {
                let all = dice.below(256) < *kept;
                if all || count == 0 { count } else { dice.below(count) }
            }
        }
    }
}

/// SplitMix64: small, seeded, and good enough to pick with.
#[derive(Clone, Debug)]
pub struct SplitMix {
    state: u64,
}

// === impl SplitMix ===

impl SplitMix {
    /// The sequence that a seed stands for.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which isn't 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }
}
