//! What a node settles with the database: which buckets, when, in which transactions.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_catalog::{Catalog, DbError, Durability, RateBucketKey, Transaction};
use gantry_model::Clock;
use tokio::sync::Notify;

use crate::leased::Leased;
use crate::rate::Rate;
use crate::shared::{Answer, Ask, full_at, settle};

/// How many buckets one transaction settles: those of everyone's requests are held by it meanwhile.
const BATCH: usize = 16;
/// How many rows one transaction sweeps.
const SWEPT: usize = 500;

/// Buckets that are being settled with the database, and how that goes.
#[derive(Debug)]
pub(crate) struct Books {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    /// Those with something to settle, now or later.
    listed: Mutex<Vec<Arc<Leased>>>,
    /// Told when something is to be settled now.
    due: Notify,
    /// Told when the database has answered, or hasn't.
    answered: Notify,
    /// How many nodes there are; 0 until that is known.
    nodes: AtomicI64,
    unreachable: AtomicBool,
}

/// A bucket, and what it asks.
type Entry = (Arc<Leased>, Ask);

impl Books {
    pub(crate) fn new(catalog: Catalog, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            clock,
            listed: Mutex::default(),
            due: Notify::new(),
            answered: Notify::new(),
            nodes: AtomicI64::new(0),
            unreachable: AtomicBool::new(false),
        }
    }

    /// How many tokens of a bucket this node may spend before it tells: its part of what all may.
    pub(crate) fn credit(&self, rate: Rate) -> i64 {
        match self.nodes.load(Ordering::Relaxed) {
            0 => 0,
            nodes => rate.credit() / nodes,
        }
    }

    pub(crate) fn nodes(&self) -> i64 {
        self.nodes.load(Ordering::Relaxed).max(1)
    }

    pub(crate) fn are_unreachable(&self) -> bool {
        self.unreachable.load(Ordering::Relaxed)
    }

    pub(crate) fn list(&self, leased: Arc<Leased>) {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).push(leased);
    }

    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }

    /// Resolves when something is to be settled.
    pub(crate) async fn due(&self) {
        self.due.notified().await;
    }

    /// Resolves at the next answer; to be asked for before what it is about.
    pub(crate) fn answered(&self) -> tokio::sync::futures::Notified<'_> {
        self.answered.notified()
    }

    /// Asks how many nodes there are, which every settlement does too.
    pub(crate) async fn count_nodes(&self) -> Result<(), DbError> {
        self.settle(Vec::new()).await
    }

    /// Settles what is due.
    pub(crate) async fn settle_due(&self) -> Result<(), DbError> {
        self.settle_all(self.begin()).await
    }

    /// Gives back and tells everything.
    pub(crate) async fn settle_finally(&self) -> Result<(), DbError> {
        let listed =
            std::mem::take(&mut *self.listed.lock().unwrap_or_else(PoisonError::into_inner));
        let ask = |leased: Arc<Leased>| {
            let ask = leased.state().slice.begin_to_leave()?;
            Some((leased, ask))
        };
        self.settle_all(listed.into_iter().filter_map(ask).collect()).await
    }

    /// Removes rows that are as good as absent.
    pub(crate) async fn sweep(&self) -> Result<(), DbError> {
        let sweep = |tx: &mut Transaction<'_, '_>| {
            let now = tx.database_time()?;
            tx.rate_bucket_sweep(now, SWEPT)
        };
        while self.catalog.transaction(Durability::Process, sweep).await? == SWEPT as u64 {}
        Ok(())
    }

    /// Begins to settle what is due, and forgets what rests.
    fn begin(&self) -> Vec<Entry> {
        let now = self.clock.now().micros();
        let listed =
            std::mem::take(&mut *self.listed.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut due, mut kept) = (Vec::new(), Vec::with_capacity(listed.len()));
        for leased in listed {
            let mut state = leased.state();
            if let Some(ask) = state.slice.begin(leased.rate, self.credit(leased.rate), now) {
                due.push((Arc::clone(&leased), ask));
            }
            state.listed = !state.slice.is_at_rest();
            let stays = state.listed;
            drop(state);
            if stays {
                kept.push(leased);
            }
        }
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).append(&mut kept);
        due
    }

    async fn settle_all(&self, mut entries: Vec<Entry>) -> Result<(), DbError> {
        // One order for all nodes, and those last that all nodes want.
        entries.sort_by(|(a, _), (b, _)| order(&a.key).cmp(&order(&b.key)));
        let mut outcome = Ok(());
        while !entries.is_empty() {
            let rest = entries.split_off(entries.len().min(BATCH));
            let batch = std::mem::replace(&mut entries, rest);
            match &outcome {
                Ok(()) => outcome = self.settle(batch).await,
                Err(_) => self.fail(&batch),
            }
        }
        outcome
    }

    /// Settles in one transaction.
    async fn settle(&self, batch: Vec<Entry>) -> Result<(), DbError> {
        let batch = Arc::new(batch);
        let entries = Arc::clone(&batch);
        let settled = self
            .catalog
            .transaction(Durability::Process, move |tx| {
                let now = tx.database_time()?;
                let nodes = tx.node_count(now)?;
                let settle = |(leased, ask): &Entry| settle_one(tx, leased, *ask, now);
                let answers: Result<Vec<Answer>, DbError> = entries.iter().map(settle).collect();
                Ok::<_, DbError>((nodes, answers?))
            })
            .await;
        match settled {
            Ok((nodes, answers)) => {
                self.nodes.store(i64::try_from(nodes).unwrap_or(1).max(1), Ordering::Relaxed);
                self.unreachable.store(false, Ordering::Relaxed);
                let now = self.clock.now().micros();
                for ((leased, ask), answer) in batch.iter().zip(answers) {
                    leased.state().slice.finish(leased.rate, *ask, answer, now);
                }
                self.answered.notify_waiters();
                Ok(())
            }
            Err(error) => {
                self.unreachable.store(true, Ordering::Relaxed);
                self.fail(&batch);
                Err(error)
            }
        }
    }

    fn fail(&self, batch: &[Entry]) {
        let now = self.clock.now().micros();
        batch.iter().for_each(|(leased, _)| leased.state().slice.fail(now));
        self.answered.notify_waiters();
    }
}

fn order(key: &RateBucketKey) -> (bool, &RateBucketKey) {
    (key.identity.is_none(), key)
}

fn settle_one(
    tx: &mut Transaction<'_, '_>,
    leased: &Leased,
    ask: Ask,
    now: i64,
) -> Result<Answer, DbError> {
    let row = tx.rate_bucket_hold(&leased.key)?;
    let (row, answer) = settle(row, leased.rate, ask, now);
    tx.rate_bucket_set(&leased.key, row, full_at(row, leased.rate))?;
    Ok(answer)
}
