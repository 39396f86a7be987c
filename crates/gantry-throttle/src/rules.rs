//! Which rate holds for whom: ACR's figures, or the operator's own.

use gantry_model::{Category, Registry, RegistryName, Tier};

use crate::Rate;

/// All rules of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What holds where no rule of the operator's does.
    pub preset: Preset,
    /// The operator's own.
    pub own: Vec<Rule>,
}

/// Figures to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// No limits.
    #[default]
    Unlimited,
    /// Those that ACR publishes for a registry's tier.
    Acr,
}

/// One of the operator's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The registry; `None` for every one.
    pub registry: Option<RegistryName>,
    /// Whose requests there.
    pub of: Requester,
    /// Which of them.
    pub category: Category,
    /// How many; `None` is without limit.
    pub rate: Option<Rate>,
}

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requester {
    /// Everyone's.
    Registry,
    /// Each identity's by itself.
    Each,
    /// The same of identities whose text begins so, such as `token:`.
    Class(String),
    /// One identity's.
    One(String),
}

/// Requests a minute, as ACR publishes them.
/// <https://learn.microsoft.com/azure/container-registry/container-registry-skus#api-rate-limits>
struct Published {
    category: Category,
    /// Basic and Standard; Premium.
    registry: [u32; 2],
    identity: Option<[u32; 2]>,
}

#[rustfmt::skip]
const ACR: [Published; 5] = [
    Published { category: Category::DataplaneRead, registry: [10_000, 20_000], identity: Some([5000, 10_000]) },
    Published { category: Category::DataplaneWrite, registry: [2000, 4000], identity: Some([1000, 2000]) },
    Published { category: Category::DataplaneDelete, registry: [1000, 4000], identity: Some([500, 2000]) },
    Published { category: Category::ListReferrers, registry: [500, 2000], identity: Some([250, 1000]) },
    Published { category: Category::OAuth, registry: [10_000, 20_000], identity: None },
];

impl Rules {
    /// Nothing is limited by them.
    pub fn are_empty(&self) -> bool {
        self.preset == Preset::Unlimited && self.own.iter().all(|rule| rule.rate.is_none())
    }

    /// The rate of an identity, or of the registry as a whole; `None` is without limit.
    pub fn rate(
        &self,
        registry: &Registry,
        identity: Option<&str>,
        category: Category,
    ) -> Option<Rate> {
        // Tokens are asked for before anyone knows by whom.
        if category == Category::OAuth && identity.is_some() {
            return None;
        }
        let fits = |rule: &&Rule| {
            let registry = rule.registry.as_ref().is_none_or(|name| *name == registry.name);
            registry && rule.category == category && rule.of.is(identity)
        };
        match self.own.iter().filter(fits).max_by_key(|rule| rule.precedence()) {
            Some(rule) => rule.rate,
            None => self.preset.rate(registry.settings.tier, identity, category),
        }
    }
}

impl Preset {
    fn rate(self, tier: Tier, identity: Option<&str>, category: Category) -> Option<Rate> {
        if self == Self::Unlimited {
            return None;
        }
        let published = ACR.iter().find(|published| published.category == category)?;
        let figures = match identity {
            None => published.registry,
            Some(_) => published.identity?,
        };
        Some(Rate::per_minute(match tier {
            Tier::Basic | Tier::Standard => figures[0],
            Tier::Premium => figures[1],
        }))
    }
}

impl Rule {
    /// Of two that fit the greater counts: first by whom it names, then by the registry.
    fn precedence(&self) -> impl Ord {
        let whom = match &self.of {
            Requester::Registry | Requester::Each => 0,
            Requester::Class(start) => 1 + start.len(),
            Requester::One(_) => usize::MAX,
        };
        (whom, self.registry.is_some())
    }
}

impl Requester {
    fn is(&self, identity: Option<&str>) -> bool {
        match (self, identity) {
            (Self::Registry, None) | (Self::Each, Some(_)) => true,
            (Self::Class(start), Some(identity)) => identity.starts_with(start.as_str()),
            (Self::One(one), Some(identity)) => identity == one,
            (Self::Registry, Some(_)) | (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_model::{RegistrySettings, Timestamp};

    use super::*;

    fn registry(name: &str, tier: Tier) -> Registry {
        Registry::new(
            name.parse().unwrap(),
            "local",
            RegistrySettings { tier, ..RegistrySettings::default() },
            Timestamp::from_micros(0),
        )
    }

    #[test]
    fn acrs_figures_go_by_tier() {
        let rules = Rules { preset: Preset::Acr, own: vec![] };
        let rate = |tier, identity, category| {
            let rate = rules.rate(&registry("local", tier), identity, category)?;
            Some(rate.burst())
        };
        for category in Category::ALL {
            for identity in [None, Some("admin")] {
                let of = |tier| rate(tier, identity, category);
                assert_eq!(of(Tier::Basic), of(Tier::Standard), "{category}");
            }
        }
        let read = Category::DataplaneRead;
        assert_eq!(rate(Tier::Basic, None, read), Some(10_000));
        assert_eq!(rate(Tier::Premium, Some("anonymous"), read), Some(10_000));
        assert_eq!(rate(Tier::Premium, None, Category::DataplaneDelete), Some(4000));
        assert_eq!(rate(Tier::Standard, Some("admin"), Category::ListReferrers), Some(250));
        assert_eq!(rate(Tier::Premium, None, Category::OAuth), Some(20_000));
        assert_eq!(rate(Tier::Premium, Some("admin"), Category::OAuth), None);
    }

    #[test]
    fn the_rule_that_names_most_counts() {
        let rule = |registry: &str, of, per_minute: u32| Rule {
            registry: (registry != "*").then(|| registry.parse().unwrap()),
            of,
            category: Category::DataplaneRead,
            rate: (per_minute > 0).then(|| Rate::per_minute(per_minute)),
        };
        let (class, one) = (
            |start: &str| Requester::Class(start.to_owned()),
            |name: &str| Requester::One(name.to_owned()),
        );
        let rules = Rules {
            preset: Preset::Acr,
            own: vec![
                rule("*", one("token:ci"), 1),
                rule("*", class("token:"), 2),
                rule("*", class("token:ci-"), 3),
                rule("*", Requester::Each, 4),
                rule("teamone", Requester::Each, 5),
                rule("teamone", one("token:ci"), 6),
                rule("teamone", Requester::Registry, 7),
                rule("*", one("admin"), 0),
            ],
        };
        let cases = [
            ("local", Some("token:ci"), Some(1)),
            ("local", Some("token:other"), Some(2)),
            ("local", Some("token:ci-7"), Some(3)),
            ("local", Some("anonymous"), Some(4)),
            ("local", Some("admin"), None),
            ("local", None, Some(20_000)),
            ("teamone", Some("token:ci"), Some(6)),
            ("teamone", Some("token:other"), Some(2)),
            ("teamone", Some("anonymous"), Some(5)),
            ("teamone", None, Some(7)),
        ];
        for (name, identity, expected) in cases {
            let registry = registry(name, Tier::Premium);
            let rate = rules.rate(&registry, identity, Category::DataplaneRead);
            assert_eq!(rate.map(Rate::burst), expected, "{name} {identity:?}");
        }
        let write = rules.rate(
            &registry("teamone", Tier::Premium),
            Some("token:ci"),
            Category::DataplaneWrite,
        );
        assert_eq!(write, Some(Rate::per_minute(2000)), "rules are about one category");
    }

    #[test]
    fn nothing_is_limited_unless_asked_for() {
        assert!(Rules::default().are_empty());
        assert!(!Rules { preset: Preset::Acr, own: vec![] }.are_empty());
    }
}
