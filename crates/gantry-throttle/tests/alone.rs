//! One process, whose buckets are in memory.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gantry_model::{
    Categories, Category, Clock, EndpointKind, ManualClock, Registry, RegistrySettings, Tier,
    Timestamp,
};
use gantry_throttle::{Of, Preset, Rate, Requester, Rule, Rules, Throttle, Throttled};
use http::Method;
use proptest::prelude::*;

fn registry(tier: Tier) -> Registry {
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    Registry::new(
        "teamone".parse().unwrap(),
        "local",
        RegistrySettings { tier, ..RegistrySettings::default() },
        at,
    )
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_micros(1_795_000_000_000_000)))
}

fn read() -> Categories {
    Categories::of(&Method::GET, EndpointKind::Other)
}

fn referrers() -> Categories {
    Categories::of(&Method::GET, EndpointKind::Referrers)
}

fn rule(of: Requester, category: Category, per_minute: u32) -> Rule {
    Rule { registry: None, of, category, rate: Some(Rate::per_minute(per_minute)) }
}

/// How many of many requests are served at this moment.
fn served(
    throttle: &Throttle,
    registry: &Registry,
    identity: &str,
    categories: Categories,
) -> usize {
    (0..30_000).take_while(|_| throttle.admit(registry, identity, categories).is_ok()).count()
}

#[test]
fn nothing_is_limited_by_default() {
    let throttle = Throttle::alone(Rules::default(), clock());
    assert_eq!(served(&throttle, &registry(Tier::Basic), "anonymous", read()), 30_000);
    assert_eq!(throttle.identities(), 0);
}

#[test]
fn an_identity_leaves_the_rest_of_the_registry_to_others() {
    let (throttle, registry) = (acr(), registry(Tier::Basic));
    assert_eq!(served(&throttle, &registry, "admin", read()), 5000);
    assert_eq!(served(&throttle, &registry, "admin", read()), 0);
    assert_eq!(served(&throttle, &registry, "anonymous", read()), 5000);
    let refused = throttle.admit(&registry, "token:ci", read()).unwrap_err();
    assert_eq!(refused.of, Of::Registry);
    assert_eq!(refused.retry_after, Duration::from_secs(60));
}

fn acr() -> Throttle {
    Throttle::alone(Rules { preset: Preset::Acr, own: vec![] }, clock())
}

#[test]
fn registries_share_nothing_and_tiers_differ() {
    let (throttle, basic, premium) = (acr(), registry(Tier::Basic), registry(Tier::Premium));
    assert_eq!(served(&throttle, &basic, "admin", read()), 5000);
    assert_eq!(served(&throttle, &premium, "admin", read()), 10_000);
    let mut raised = basic.clone();
    raised.settings.tier = Tier::Premium;
    assert_eq!(served(&throttle, &raised, "admin", read()), 10_000, "the tier was changed");
}

#[test]
fn lists_of_referrers_are_reads_too_and_a_refused_one_takes_nothing() {
    let (throttle, registry) = (acr(), registry(Tier::Basic));
    assert_eq!(served(&throttle, &registry, "admin", referrers()), 250);
    let refused = throttle.admit(&registry, "admin", referrers()).unwrap_err();
    assert_eq!((refused.category, refused.of), (Category::ListReferrers, Of::Identity));
    assert_eq!(served(&throttle, &registry, "admin", read()), 4750);
}

#[test]
fn tokens_are_counted_for_the_registry_alone() {
    let (throttle, registry) = (acr(), registry(Tier::Basic));
    let oauth = Categories::of(&Method::POST, EndpointKind::Token);
    assert_eq!(served(&throttle, &registry, "admin", oauth), 10_000);
    assert_eq!(throttle.admit(&registry, "other", oauth).unwrap_err().of, Of::Registry);
    assert_eq!(throttle.admit(&registry, "other", read()), Ok(()));
}

#[test]
fn a_single_token_has_a_rate_of_its_own() {
    let one = Requester::One("token:ci".to_owned());
    let rules = Rules { preset: Preset::Acr, own: vec![rule(one, Category::DataplaneRead, 1)] };
    let (clock, registry) = (clock(), registry(Tier::Basic));
    let throttle = Throttle::alone(rules, Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(served(&throttle, &registry, "token:ci", read()), 1);
    let told = |throttle: &Throttle| {
        throttle.admit(&registry, "token:ci", read()).unwrap_err().retry_after.as_secs()
    };
    assert_eq!(told(&throttle), 60);
    clock.advance(Duration::from_millis(10_500));
    assert_eq!(told(&throttle), 50);
    assert_eq!(served(&throttle, &registry, "token:other", read()), 5000);
    clock.advance(Duration::from_secs(50));
    assert_eq!(served(&throttle, &registry, "token:ci", read()), 1);
}

#[test]
fn of_several_empty_buckets_that_counts_which_is_empty_for_longest() {
    let rules = Rules {
        preset: Preset::Unlimited,
        own: vec![
            rule(Requester::Each, Category::DataplaneRead, 60),
            rule(Requester::Registry, Category::DataplaneRead, 1),
        ],
    };
    let (clock, registry) = (clock(), registry(Tier::Basic));
    let throttle = Throttle::alone(rules, Arc::clone(&clock) as Arc<dyn Clock>);
    throttle.admit(&registry, "admin", read()).unwrap();
    clock.advance(Duration::from_secs(30));
    let refused = throttle.admit(&registry, "other", read()).unwrap_err();
    assert_eq!((refused.of, refused.retry_after.as_secs()), (Of::Registry, 60));
}

#[test]
fn a_flood_of_names_fills_no_memory_and_resets_no_bucket() {
    const MOST: usize = 64 << 10;
    let rules = Rules {
        preset: Preset::Unlimited,
        own: vec![rule(Requester::Each, Category::DataplaneRead, 10)],
    };
    let (clock, registry) = (clock(), registry(Tier::Basic));
    let throttle = Throttle::alone(rules, Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(served(&throttle, &registry, "flooder", read()), 10);
    let admitted = (0..3 * MOST)
        .filter(|n| throttle.admit(&registry, &format!("name-{n}"), read()).is_ok())
        .count();
    assert!(throttle.identities() <= MOST, "{}", throttle.identities());
    assert!(admitted <= MOST + 10, "those who found no place share one bucket: {admitted}");
    assert_eq!(served(&throttle, &registry, "flooder", read()), 0, "its bucket was remembered");
    assert_eq!(served(&throttle, &registry, "name-0", read()), 9);

    // When the flood is over its names make room.
    clock.advance(Duration::from_secs(61));
    for n in 0..10_000 {
        throttle.admit(&registry, &format!("later-{n}"), read()).unwrap();
    }
    assert!(throttle.identities() <= 20_000, "{}", throttle.identities());
}

#[test]
fn names_may_be_of_any_length() {
    let (throttle, registry) = (acr(), registry(Tier::Basic));
    let name = "ä".repeat(1000);
    assert_eq!(served(&throttle, &registry, &name, read()), 5000);
}

/// The slow, obvious one: tokens of every bucket, in fractions of a microsecond's worth.
struct Reference {
    rates: HashMap<(Of, Category), u64>,
    buckets: HashMap<(Option<&'static str>, Category), u64>,
    at: u64,
}

// A token is as many fractions as a minute has microseconds; a bucket gains its rate of them in one.
const TOKEN: u64 = 60_000_000;

impl Reference {
    fn admit(&mut self, identity: &'static str, categories: Categories, now: u64) -> bool {
        let passed = now - self.at;
        self.at = now;
        for ((whose, category), level) in &mut self.buckets {
            let of = if whose.is_some() { Of::Identity } else { Of::Registry };
            let rate = self.rates[&(of, *category)];
            *level = (*level + passed * rate).min(rate * TOKEN);
        }
        let keys: Vec<_> = categories
            .iter()
            .flat_map(|category| [(Some(identity), category), (None, category)])
            .filter(|(whose, category)| {
                let of = if whose.is_some() { Of::Identity } else { Of::Registry };
                self.rates.contains_key(&(of, *category))
            })
            .collect();
        for key in &keys {
            let of = if key.0.is_some() { Of::Identity } else { Of::Registry };
            self.buckets.entry(*key).or_insert(self.rates[&(of, key.1)] * TOKEN);
        }
        let all = keys.iter().all(|key| self.buckets[key] >= TOKEN);
        if all {
            keys.iter().for_each(|key| *self.buckets.get_mut(key).unwrap() -= TOKEN);
        }
        all
    }
}

proptest! {
    #[test]
    fn requests_are_decided_as_by_the_reference(
        steps in prop::collection::vec((0_u64..4_000_000, 0_usize..3, 0_usize..4), 1..300),
    ) {
        use Category::{DataplaneRead, DataplaneWrite, ListReferrers, OAuth};
        // Each a divisor of a minute's microseconds, so that intervals are whole.
        let figures = [
            (Of::Registry, DataplaneRead, 20), (Of::Identity, DataplaneRead, 12),
            (Of::Registry, DataplaneWrite, 4), (Of::Identity, DataplaneWrite, 3),
            (Of::Registry, ListReferrers, 10), (Of::Identity, ListReferrers, 6),
            (Of::Registry, OAuth, 5),
        ];
        let own = figures.map(|(of, category, per_minute)| {
            rule(if of == Of::Registry { Requester::Registry } else { Requester::Each }, category, per_minute)
        });
        let rules = Rules { preset: Preset::Unlimited, own: own.to_vec() };
        let (clock, registry) = (clock(), registry(Tier::Basic));
        let throttle = Throttle::alone(rules, Arc::clone(&clock) as Arc<dyn Clock>);
        let rates = figures.map(|(of, category, rate)| ((of, category), u64::from(rate)));
        let mut reference = Reference { rates: rates.into(), buckets: HashMap::new(), at: 0 };
        let requests = [
            (Method::GET, EndpointKind::Other), (Method::PUT, EndpointKind::Other),
            (Method::GET, EndpointKind::Referrers), (Method::POST, EndpointKind::Token),
        ];
        let mut now = 0;
        let mut waits: HashMap<(usize, usize), u64> = HashMap::new();
        for (pause, identity, request) in steps {
            now += pause;
            clock.advance(Duration::from_micros(pause));
            let name = ["admin", "anonymous", "token:ci"][identity];
            let (method, endpoint) = &requests[request];
            let categories = Categories::of(method, *endpoint);
            let decided = throttle.admit(&registry, name, categories);
            prop_assert_eq!(decided.is_ok(), reference.admit(name, categories, now));
            match decided {
                // Somebody is served: what was told may change.
                Ok(()) => waits.clear(),
                Err(Throttled { retry_after, .. }) => {
                    prop_assert!((1..=60).contains(&retry_after.as_secs()));
                    let until = now + retry_after.as_secs() * 1_000_000;
                    let before = waits.insert((identity, request), until);
                    if let Some(before) = before.filter(|before| *before > now + 1_000_000) {
                        // One of several empty buckets may have got a token.
                        prop_assert!(until <= before + 1_000_000, "it counts down");
                    }
                }
            }
        }
    }
}
