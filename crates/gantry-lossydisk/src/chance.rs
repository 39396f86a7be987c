//! What becomes of unsynced changes, decided by a seed.

/// How likely a change that chance decides upon is on the disk.
#[derive(Clone, Debug)]
pub(crate) enum Chance {
    Nothing,
    Everything,
    /// State of the generator, and how many of 256 changes are kept.
    Some {
        state: u64,
        kept: u64,
    },
}

// === impl Chance ===

impl Chance {
    /// Seed 0 loses all that may be lost, seed 1 keeps all; the others draw.
    pub(crate) fn new(seed: u64) -> Self {
        match seed {
            0 => Self::Nothing,
            1 => Self::Everything,
            _ => Self::Some { state: seed, kept: [128, 26, 230][(seed % 3) as usize] },
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
            Self::Some { state, kept } => {
                let all = split_mix(state) % 256 < *kept;
                if all || count == 0 { count } else { (split_mix(state) % count as u64) as usize }
            }
        }
    }
}

/// SplitMix64: small, and good enough to pick with.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
