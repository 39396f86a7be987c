//! Rate limits: how many requests a registry as a whole, and each identity in it, may make in each of
//! ACR's five categories.
//!
//! A request takes a token from every bucket that counts it, or none from any. On one machine buckets
//! are in memory. Nodes of one deployment lease tokens in slices from rows of the database, ahead of
//! need, so a request costs no statement. What that guarantees is in `docs/rate-limits.md`.

mod books;
mod bucket;
mod counted;
mod identities;
mod leased;
mod rate;
mod rules;
mod shared;
mod slice;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use gantry_catalog::{Catalog, DbError};
use gantry_model::{Categories, Category, Clock, Registry, RegistryId};
use tokio::time::{Instant, sleep, timeout_at};

use books::Books;
use counted::{Counted, Token};
use identities::Identities;
pub use rate::Rate;
pub use rules::{Preset, Requester, Rule, Rules};
use slice::Dry;

/// How long a request waits for the database to lease tokens.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often it is looked for what is due with time.
const TICK: Duration = Duration::from_millis(250);
/// How often rows that say nothing any more are removed.
const SWEEP: Duration = Duration::from_secs(60);
/// The longest name under which an identity is counted; what is beyond is cut off.
const LONGEST_NAME: usize = 255;
/// The name of all identities for whom there is no place.
const OTHERS: &str = "*";

/// The request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many {category} requests of {of}: try again in {} s", retry_after.as_secs())]
pub struct Throttled {
    /// Whole seconds, between 1 and 60 or so, which count down until somebody is served. Who waits
    /// so long, and shares the bucket with nobody, is served.
    pub retry_after: Duration,
    /// Of the bucket that is empty; of several, that which is empty for longest.
    pub category: Category,
    /// Whose it is.
    pub of: Of,
}

/// Whose bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// The registry's as a whole.
    Registry,
    /// The identity's, in that registry.
    Identity,
}

impl std::fmt::Display for Of {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Registry => "the registry as a whole",
            Self::Identity => "this identity",
        })
    }
}

/// Counts requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Rules,
    clock: Arc<dyn Clock>,
    /// Where nodes share buckets.
    books: Option<Books>,
    registries: ArcSwap<HashMap<RegistryId, Arc<Limited>>>,
}

/// A registry whose requests are counted.
#[derive(Debug)]
struct Limited {
    whole: Counted,
    identities: Identities,
}

/// The bucket that refuses.
struct Refusal {
    dry: Dry,
    category: Category,
    of: Of,
}

impl Throttle {
    /// Counts by itself.
    pub fn alone(rules: Rules, clock: Arc<dyn Clock>) -> Self {
        Self::new(rules, clock, None)
    }

    /// Counts together with all nodes that share the catalog. [`Throttle::keep_leases`] must run.
    pub fn among_nodes(rules: Rules, clock: Arc<dyn Clock>, catalog: Catalog) -> Self {
        let books = (!rules.are_empty()).then(|| Books::new(catalog, Arc::clone(&clock)));
        Self::new(rules, clock, books)
    }

    fn new(rules: Rules, clock: Arc<dyn Clock>, books: Option<Books>) -> Self {
        Self(Arc::new(Inner { rules, clock, books, registries: ArcSwap::default() }))
    }

    /// Counts a request, or refuses it, by what this process knows.
    ///
    /// `identity` is a stable text such as `token:ci`. Those who haven't signed in are one,
    /// `anonymous`; and a registry's admin is one, whichever password it used.
    pub fn admit(
        &self,
        registry: &Registry,
        identity: &str,
        categories: Categories,
    ) -> Result<(), Throttled> {
        self.try_admit(registry, identity, categories, Counted::take).map_err(Refusal::told)
    }

    /// The same; but where this node has no token, and the database may have one, waits a moment
    /// for it. Where the database doesn't answer in time the node's share of the rate counts.
    ///
    /// Cancel-safe: a request that isn't waited for is not counted.
    pub async fn admit_or_ask(
        &self,
        registry: &Registry,
        identity: &str,
        categories: Categories,
    ) -> Result<(), Throttled> {
        let Err(refusal) = self.try_admit(registry, identity, categories, Counted::take) else {
            return Ok(());
        };
        let Some(books) = self.0.books.as_ref().filter(|_| refusal.dry.may_ask) else {
            return Err(refusal.told());
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answered = books.answered();
            match self.try_admit(registry, identity, categories, Counted::take) {
                Err(refusal) if refusal.dry.may_ask => {}
                decided => return decided.map_err(Refusal::told),
            }
            if timeout_at(deadline, answered).await.is_err() {
                let alone = Counted::take_alone;
                return self
                    .try_admit(registry, identity, categories, alone)
                    .map_err(Refusal::told);
            }
        }
    }

    /// Leases tokens and gives them back, and never ends. To be dropped when the server drains;
    /// then [`Throttle::give_back`] is to be called.
    pub async fn keep_leases(&self) {
        let Some(books) = &self.0.books else { return std::future::pending().await };
        let mut failing = false;
        note(&mut failing, books.count_nodes().await);
        let mut swept = Instant::now();
        loop {
            tokio::select! {
                () = books.due() => {}
                () = sleep(TICK) => {}
            }
            note(&mut failing, books.settle_due().await);
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                note(&mut failing, books.sweep().await);
            }
        }
    }

    /// Gives back what was leased.
    pub async fn give_back(&self) -> Result<(), DbError> {
        match &self.0.books {
            Some(books) => books.settle_finally().await,
            None => Ok(()),
        }
    }

    /// How many identities have buckets in memory.
    pub fn identities(&self) -> usize {
        self.0.registries.load().values().map(|limited| limited.identities.count()).sum()
    }

    /// Takes a token from each bucket, or none from any. Identities come first: who makes too many
    /// requests must not get in the way of the others.
    fn try_admit(
        &self,
        registry: &Registry,
        identity: &str,
        categories: Categories,
        take: impl Fn(&Counted, Category, Option<&Books>, i64) -> Result<Token, Dry>,
    ) -> Result<(), Refusal> {
        let Inner { rules, clock, books, .. } = &*self.0;
        if rules.are_empty() {
            return Ok(());
        }
        let (now, books) = (clock.now().micros(), books.as_ref());
        let limited = self.limited(registry, now);
        let identity = limited.identity(rules, registry, identity, books, now);
        let counted = [(Of::Identity, &*identity), (Of::Registry, &limited.whole)];
        let buckets = || {
            let of_one =
                |(of, counted)| categories.iter().map(move |category| (of, counted, category));
            counted.into_iter().flat_map(of_one)
        };
        let mut tokens = [Token::Unlimited; 4];
        for (place, (of, counted, category)) in buckets().enumerate() {
            let dry = match take(counted, category, books, now) {
                Ok(token) => {
                    tokens[place] = token;
                    continue;
                }
                Err(dry) => dry,
            };
            for ((_, counted, category), token) in buckets().zip(tokens).take(place) {
                counted.put_back(category, token);
            }
            let others = buckets().skip(place + 1).filter_map(|(of, counted, category)| {
                Some(Refusal { dry: counted.wait(category, books, now)?, category, of })
            });
            return Err(others.fold(Refusal { dry, category, of }, Refusal::or_longer));
        }
        Ok(())
    }

    /// The registry's buckets, made anew when its tier has changed.
    fn limited(&self, registry: &Registry, now: i64) -> Arc<Limited> {
        let tier = registry.settings.tier;
        let known = |registries: &HashMap<RegistryId, Arc<Limited>>| {
            let limited = registries.get(&registry.id)?;
            (limited.whole.tier == tier).then(|| Arc::clone(limited))
        };
        if let Some(limited) = known(&self.0.registries.load()) {
            return limited;
        }
        let Inner { rules, books, .. } = &*self.0;
        let counted = |identity| Counted::new(rules, registry, identity, books.as_ref(), now);
        let (whole, others) = (counted(None), counted(Some(OTHERS)));
        let made = Arc::new(Limited { whole, identities: Identities::new(others) });
        self.0.registries.rcu(|registries| {
            let mut registries = HashMap::clone(registries);
            // Another request may have been faster.
            if known(&registries).is_none() {
                registries.insert(registry.id, Arc::clone(&made));
            }
            registries
        });
        known(&self.0.registries.load()).unwrap_or(made)
    }
}

impl Limited {
    fn identity(
        &self,
        rules: &Rules,
        registry: &Registry,
        identity: &str,
        books: Option<&Books>,
        now: i64,
    ) -> Arc<Counted> {
        let name = &identity[..identity.floor_char_boundary(LONGEST_NAME)];
        let make = || Counted::new(rules, registry, Some(name), books, now);
        self.identities.counted(name, now, make)
    }
}

impl Refusal {
    fn told(self) -> Throttled {
        let Self { dry, category, of } = self;
        Throttled { retry_after: rate::whole_seconds(dry.wait), category, of }
    }

    /// Of two the one that lasts longer; of which the database knows more, if it may be asked.
    fn or_longer(self, other: Self) -> Self {
        let may_ask = self.dry.may_ask && other.dry.may_ask;
        let longer = if other.dry.wait > self.dry.wait { other } else { self };
        Self { dry: Dry { may_ask, ..longer.dry }, ..longer }
    }
}

/// Logs failures, once.
fn note(failing: &mut bool, outcome: Result<(), DbError>) {
    match outcome {
        Ok(()) => *failing = false,
        // The database's absence shows in many places.
        Err(error) if *failing => tracing::debug!(%error, "rate limits are not shared"),
        Err(error) => {
            *failing = true;
            tracing::error!(%error, "rate limits are not shared: each node counts by itself");
        }
    }
}
