//! Service tiers.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A service tier. What each allows is a table, not code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The smallest.
    Basic,
    /// The middle one.
    Standard,
    /// Everything.
    Premium,
}

impl Tier {
    /// The tier's name as the catalog and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl FromStr for Tier {
    type Err = TierError;

    fn from_str(text: &str) -> Result<Self, TierError> {
        [Self::Basic, Self::Standard, Self::Premium]
            .into_iter()
            .find(|tier| text.eq_ignore_ascii_case(tier.as_str()))
            .ok_or(TierError)
    }
}

/// A text that names no tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tier is basic, standard or premium")]
pub struct TierError;

/// What a tier allows ("Azure Container Registry SKU features and limits").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLimits {
    /// Storage that comes with the tier, in bytes.
    pub included_bytes: u64,
    /// Repository-scoped tokens.
    pub tokens: u64,
    /// Scope maps.
    pub scope_maps: u64,
    /// Rules of networks that may connect.
    pub network_rules: usize,
    /// Anyone may be let pull.
    pub anonymous_pull: bool,
    /// Public access may be switched off, and blobs downloaded from a host of their own.
    pub private_network: bool,
}

impl Tier {
    /// What the tier allows.
    pub const fn limits(self) -> TierLimits {
        match self {
            Self::Basic => TierLimits {
                included_bytes: 10 << 30,
                tokens: 100,
                scope_maps: 100,
                network_rules: 0,
                anonymous_pull: false,
                private_network: false,
            },
            Self::Standard => TierLimits {
                included_bytes: 100 << 30,
                tokens: 500,
                scope_maps: 500,
                network_rules: 0,
                anonymous_pull: true,
                private_network: false,
            },
            Self::Premium => TierLimits {
                included_bytes: 500 << 30,
                tokens: 50_000,
                scope_maps: 50_000,
                network_rules: 200,
                anonymous_pull: true,
                private_network: true,
            },
        }
    }
}
