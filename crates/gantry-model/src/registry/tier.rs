//! Service tiers.

use std::fmt;
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
    /// All, the smallest first.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Standard, Self::Premium];

    /// The tier's name as ARM writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Premium => "Premium",
        }
    }

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
        Self::ALL.into_iter().find(|tier| text.eq_ignore_ascii_case(tier.as_str())).ok_or(TierError)
    }
}

/// A text that names no tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tier is basic, standard or premium")]
pub struct TierError;

/// What a tier allows ("Azure Container Registry SKU features and limits").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLimits {
    /// Storage that comes with the tier, in bytes: what usage is shown against.
    pub included_bytes: u64,
    /// Storage beyond which nothing is pushed any more, in bytes.
    pub most_bytes: u64,
    /// Repository-scoped tokens.
    pub tokens: u64,
    /// Scope maps.
    pub scope_maps: u64,
    /// Rules of networks that may connect.
    pub network_rules: u64,
    /// Connections of private endpoints.
    pub private_endpoints: u64,
    /// Webhooks.
    pub webhooks: u64,
    /// Cache rules.
    pub cache_rules: u64,
    /// Anyone may be let pull.
    pub anonymous_pull: bool,
    /// Public access may be switched off, and blobs downloaded from a host of their own.
    pub private_network: bool,
    /// Artifacts may be kept from leaving the registry (`exportPolicy`).
    pub export_policy: bool,
    /// It can be in more than one location.
    pub replications: bool,
}

/// What each tier allows. Data, which an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// Of the smallest.
    pub basic: TierLimits,
    /// Of the middle one.
    pub standard: TierLimits,
    /// Of the largest.
    pub premium: TierLimits,
}

const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

impl Default for Tiers {
    /// As ACR has them.
    fn default() -> Self {
        let basic = TierLimits {
            included_bytes: 10 * GIB,
            most_bytes: 40 * TIB,
            tokens: 100,
            scope_maps: 100,
            network_rules: 0,
            private_endpoints: 0,
            webhooks: 2,
            cache_rules: 1000,
            anonymous_pull: false,
            private_network: false,
            export_policy: false,
            replications: false,
        };
        let standard = TierLimits {
            included_bytes: 100 * GIB,
            tokens: 500,
            scope_maps: 500,
            webhooks: 10,
            anonymous_pull: true,
            ..basic
        };
        let premium = TierLimits {
            included_bytes: 500 * GIB,
            most_bytes: 100 * TIB,
            tokens: 50_000,
            scope_maps: 50_000,
            network_rules: 200,
            private_endpoints: 200,
            webhooks: 500,
            private_network: true,
            export_policy: true,
            replications: true,
            ..standard
        };
        Self { basic, standard, premium }
    }
}

impl Tiers {
    /// What the tier allows.
    pub fn of(&self, tier: Tier) -> &TierLimits {
        match tier {
            Tier::Basic => &self.basic,
            Tier::Standard => &self.standard,
            Tier::Premium => &self.premium,
        }
    }

    /// The smallest tier that allows that, if one does.
    pub fn first_that(&self, allows: impl Fn(&TierLimits) -> bool) -> Option<Tier> {
        Tier::ALL.into_iter().find(|&tier| allows(self.of(tier)))
    }
}

/// What a tier hasn't got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotInTier {
    /// What was asked for, as in "anonymous pull".
    pub feature: &'static str,
    /// The registry's tier.
    pub tier: Tier,
    /// The smallest that has it.
    pub needed: Option<Tier>,
}

impl std::error::Error for NotInTier {}

impl fmt::Display for NotInTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, tier, needed } = self;
        write!(f, "{feature} is not in the tier {}", tier.name())?;
        match needed {
            Some(needed) => write!(f, ": it needs {}", needed.name()),
            None => write!(f, ", nor in any other of this server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tier_has_not_names_the_one_that_has() {
        let mut tiers = Tiers::default();
        let needed = |tiers: &Tiers| tiers.first_that(|limits| limits.anonymous_pull);
        let said = |tiers: &Tiers| {
            let needed = needed(tiers);
            NotInTier { feature: "anonymous pull", tier: Tier::Basic, needed }.to_string()
        };
        assert_eq!(said(&tiers), "anonymous pull is not in the tier Basic: it needs Standard");
        tiers.standard.anonymous_pull = false;
        assert_eq!(needed(&tiers), Some(Tier::Premium));
        tiers.premium.anonymous_pull = false;
        assert!(said(&tiers).ends_with("nor in any other of this server"));
    }
}
