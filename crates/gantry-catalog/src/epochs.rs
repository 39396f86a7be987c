//! Epochs: what ends tokens before their time. See [`gantry_model::epoch`].
//!
//! Each request that shows a token compares epochs, so the present values are kept in memory, and
//! never stale: a reader notes the subject's generation before it asks the database and stores it
//! with the answer; whoever raises an epoch raises the generation once committed. What other nodes
//! raise they tell in the journal. While this node can't follow the journal, nothing that is kept
//! counts, and the database is asked.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gantry_db::{DbError, Stmt, args};
use gantry_model::{Change, EpochSubject, RegistryId};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::column::moment;
use crate::{Catalog, Transaction};

/// Values that are kept; each takes some hundred bytes.
const KEPT: usize = 64 << 10;
const GENERATIONS: usize = 4 << 10;

pub(crate) const FIND: Stmt = Stmt::new("select value from epoch where subject = $1");

pub(crate) const RAISE: Stmt = Stmt::new(
    "insert into epoch (subject, value, raised_at) values ($1, 1, $2)
         on conflict (subject) do update
        set value = epoch.value + 1, raised_at = excluded.raised_at",
);

/// Present values in memory.
#[derive(Debug)]
pub(crate) struct Epochs {
    values: Cache<EpochSubject, (u64, i64)>,
    generations: Box<[AtomicU64]>,
    hasher: BuildHasherDefault<DefaultHasher>,
    started: Instant,
    /// Until when what is kept counts, in milliseconds since `started`.
    trusted_until: AtomicU64,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self {
            values: Cache::new(KEPT),
            generations: (0..GENERATIONS).map(|_| AtomicU64::new(0)).collect(),
            hasher: BuildHasherDefault::default(),
            started: Instant::now(),
            trusted_until: AtomicU64::new(u64::MAX),
        }
    }

    fn generation(&self, subject: &EpochSubject) -> &AtomicU64 {
        let slot = self.hasher.hash_one(subject.as_str()) % GENERATIONS as u64;
        &self.generations[usize::try_from(slot).expect("the remainder is small")]
    }

    fn forget(&self, subject: &EpochSubject) {
        self.generation(subject).fetch_add(1, Ordering::SeqCst);
    }

    fn kept(&self, subject: &EpochSubject) -> Option<i64> {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if elapsed >= self.trusted_until.load(Ordering::SeqCst) {
            return None;
        }
        let (generation, value) = self.values.get(subject)?;
        (generation == self.generation(subject).load(Ordering::SeqCst)).then_some(value)
    }
}

impl Catalog {
    /// The present value, if it is known without asking the database.
    pub fn epoch_known(&self, subject: &EpochSubject) -> Option<i64> {
        self.epochs.kept(subject)
    }

    /// The present value.
    pub async fn epoch(&self, subject: &EpochSubject) -> Result<i64, DbError> {
        if let Some(value) = self.epochs.kept(subject) {
            return Ok(value);
        }
        let seen = self.epochs.generation(subject).load(Ordering::SeqCst);
        let value = self.epoch_now(subject).await?;
        self.epochs.values.insert(subject.clone(), (seen, value));
        Ok(value)
    }

    /// The present value, whatever is kept.
    pub async fn epoch_now(&self, subject: &EpochSubject) -> Result<i64, DbError> {
        let found = self.db.one(&FIND, &args![subject.as_str()], |row| row.get(0)).await?;
        Ok(found.unwrap_or(0))
    }

    /// Lets go of what is kept of the subject: another node has raised it.
    pub fn epoch_forget(&self, subject: &EpochSubject) {
        self.epochs.forget(subject);
    }

    /// Lets go of all that is kept.
    pub fn epoch_forget_all(&self) {
        for generation in &self.epochs.generations {
            generation.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Lets what is kept count until then, where other nodes raise epochs too.
    pub fn epoch_trust_until(&self, moment: Instant) {
        let until = moment.saturating_duration_since(self.epochs.started).as_millis();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        self.epochs.trusted_until.store(until, Ordering::SeqCst);
    }
}

impl Transaction<'_, '_> {
    /// The present value, as far as this transaction knows.
    pub fn epoch(&mut self, subject: &EpochSubject) -> Result<i64, DbError> {
        let found = self.tx.one(&FIND, &args![subject.as_str()], |row| row.get(0))?;
        Ok(found.unwrap_or(0))
    }

    /// Ends the tokens that depend on `subject`. What is about no one registry is told to all.
    pub fn epoch_raise(
        &mut self,
        registry: Option<RegistryId>,
        subject: EpochSubject,
    ) -> Result<(), DbError> {
        self.tx.exec(&RAISE, &args![subject.as_str(), moment(self.now)])?;
        let (epochs, raised) = (Arc::clone(self.epochs), subject.clone());
        self.on_commit(move || epochs.forget(&raised));
        let change = Change::CredentialChanged { password: String::new(), epoch: Some(subject) };
        self.journal_append(registry.unwrap_or(RegistryId::NONE), &change)
    }
}
