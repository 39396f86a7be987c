//! Rate buckets that several nodes share, by the database's clock.
//!
//! What the moments of a row mean is gantry-throttle's business.

use gantry_db::{DbError, Stmt, args};
use gantry_model::{Category, RegistryId};

use crate::Transaction;

pub(crate) const HOLD: Stmt = Stmt::new(
    "select empty_at, refusing_until
       from rate_bucket
      where registry = $1 and identity = $2 and category = $3
            /*FOR UPDATE*/",
);

pub(crate) const INSERT: Stmt = Stmt::new(
    "insert into rate_bucket (registry, identity, category, empty_at, refusing_until, full_at)
     values ($1, $2, $3, 0, 0, 0)
         on conflict (registry, identity, category) do nothing",
);

pub(crate) const SET: Stmt = Stmt::new(
    "update rate_bucket
        set empty_at = $4, refusing_until = $5, full_at = $6
      where registry = $1 and identity = $2 and category = $3",
);

/// Passes over those that a transaction holds, so that nobody waits in a circle.
pub(crate) const SWEEP: Stmt = Stmt::new(
    "delete from rate_bucket
      where (registry, identity, category) in (
            select registry, identity, category
              from rate_bucket
             where full_at < $1
             order by full_at
             limit $2
                   /*SKIP LOCKED*/)",
);

/// Whose requests of which category a bucket counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateBucketKey {
    /// The registry.
    pub registry: RegistryId,
    /// The identity; `None` for the registry as a whole.
    pub identity: Option<Box<str>>,
    /// The category.
    pub category: Category,
}

/// A bucket's row. One that isn't there is as one of long ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateBucket {
    /// When it was empty, or will be.
    pub empty_at: i64,
    /// Until when the present period of refusals lasts.
    pub refusing_until: i64,
}

impl RateBucketKey {
    /// The registry's own has no name.
    fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or_default()
    }
}

impl Transaction<'_, '_> {
    /// The bucket, which no other transaction changes before this one has ended. Whoever holds
    /// several takes them in one order.
    pub fn rate_bucket_hold(&mut self, key: &RateBucketKey) -> Result<RateBucket, DbError> {
        // One that was there may have been swept.
        const ATTEMPTS: usize = 4;
        let (registry, identity) = (key.registry.to_bytes(), key.identity());
        let category = key.category.as_str();
        let args = args![registry, identity, category];
        for _ in 0..ATTEMPTS {
            let held = self.tx.one(&HOLD, &args, |row| {
                Ok(RateBucket { empty_at: row.get(0)?, refusing_until: row.get(1)? })
            })?;
            match held {
                Some(held) => return Ok(held),
                None => self.tx.exec(&INSERT, &args)?,
            };
        }
        Err(DbError::Contention("a rate bucket comes and goes".into()))
    }

    /// Sets a bucket that is held. It may be swept after `full_at`.
    pub fn rate_bucket_set(
        &mut self,
        key: &RateBucketKey,
        bucket: RateBucket,
        full_at: i64,
    ) -> Result<(), DbError> {
        let (registry, identity) = (key.registry.to_bytes(), key.identity());
        let category = key.category.as_str();
        let RateBucket { empty_at, refusing_until } = bucket;
        let args = args![registry, identity, category, empty_at, refusing_until, full_at];
        let changed = self.tx.exec(&SET, &args)?;
        match changed {
            1 => Ok(()),
            _ => Err(DbError::Other("a rate bucket is set that isn't held".into())),
        }
    }

    /// Removes up to `limit` buckets that are as good as absent at `now`; answers how many.
    pub fn rate_bucket_sweep(&mut self, now: i64, limit: usize) -> Result<u64, DbError> {
        self.tx.exec(&SWEEP, &args![now, limit as u64])
    }
}
