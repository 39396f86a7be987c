//! Whoever is counted: a registry as a whole or one identity, with a bucket for each category.

use std::sync::Arc;

use gantry_catalog::RateBucketKey;
use gantry_model::{Category, Registry, Tier};

use crate::books::Books;
use crate::bucket::Bucket;
use crate::leased::{Leased, Taken};
use crate::rate::Rate;
use crate::rules::Rules;
use crate::slice::Dry;

/// The buckets of one.
#[derive(Debug)]
pub(crate) struct Counted {
    /// The tier that the rates are for.
    pub(crate) tier: Tier,
    /// In the order of [`Category::ALL`]; `None` where nothing limits.
    buckets: [Option<Kind>; 5],
}

#[derive(Debug)]
enum Kind {
    /// This process alone has it.
    Own(Rate, Bucket),
    /// Nodes share it.
    Leased(Arc<Leased>),
}

/// What was taken, as it can be put back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    Own,
    Leased(Taken),
    Unlimited,
}

impl Counted {
    /// Those that the rules give an identity, or the registry as a whole.
    pub(crate) fn new(
        rules: &Rules,
        registry: &Registry,
        identity: Option<&str>,
        books: Option<&Books>,
        now: i64,
    ) -> Self {
        let bucket = |category| {
            let rate = rules.rate(registry, identity, category)?;
            if books.is_none() {
                return Some(Kind::Own(rate, Bucket::full()));
            }
            let identity = identity.map(Into::into);
            let key = RateBucketKey { registry: registry.id, identity, category };
            Some(Kind::Leased(Arc::new(Leased::new(key, rate, now))))
        };
        Self { tier: registry.settings.tier, buckets: Category::ALL.map(bucket) }
    }

    pub(crate) fn take(
        &self,
        category: Category,
        books: Option<&Books>,
        now: i64,
    ) -> Result<Token, Dry> {
        match (self.kind(category), books) {
            (Some(Kind::Own(rate, bucket)), _) => match bucket.take(*rate, now) {
                Ok(()) => Ok(Token::Own),
                Err(wait) => Err(known(wait)),
            },
            (Some(Kind::Leased(leased)), Some(books)) => leased.take(books, now).map(Token::Leased),
            (Some(Kind::Leased(_)) | None, _) => Ok(Token::Unlimited),
        }
    }

    /// As [`Counted::take`], where the database was asked and hasn't answered.
    pub(crate) fn take_alone(
        &self,
        category: Category,
        books: Option<&Books>,
        now: i64,
    ) -> Result<Token, Dry> {
        let taken = self.take(category, books, now);
        match (taken, self.kind(category), books) {
            (Err(Dry { may_ask: true, .. }), Some(Kind::Leased(leased)), Some(books)) => {
                leased.take_alone(books, now).map(Token::Leased)
            }
            (taken, _, _) => taken,
        }
    }

    pub(crate) fn put_back(&self, category: Category, token: Token) {
        match (self.kind(category), token) {
            (Some(Kind::Own(rate, bucket)), Token::Own) => bucket.put_back(*rate),
            (Some(Kind::Leased(leased)), Token::Leased(taken)) => leased.put_back(taken),
            (_, Token::Own | Token::Leased(_) | Token::Unlimited) => {}
        }
    }

    /// How long one has to wait who finds no token.
    pub(crate) fn wait(&self, category: Category, books: Option<&Books>, now: i64) -> Option<Dry> {
        match (self.kind(category)?, books) {
            (Kind::Own(rate, bucket), _) => bucket.wait(*rate, now).map(known),
            (Kind::Leased(leased), Some(books)) => leased.wait(books, now),
            (Kind::Leased(_), None) => None,
        }
    }

    /// As good as one that was just made.
    pub(crate) fn is_forgettable(&self, now: i64) -> bool {
        self.buckets.iter().flatten().all(|kind| match kind {
            Kind::Own(rate, bucket) => bucket.is_full(*rate, now),
            Kind::Leased(leased) => leased.is_forgettable(now),
        })
    }

    fn kind(&self, category: Category) -> Option<&Kind> {
        self.buckets[category as usize].as_ref()
    }
}

fn known(wait: i64) -> Dry {
    Dry { wait, may_ask: false }
}
