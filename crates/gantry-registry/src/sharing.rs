//! Whether other processes are at work on the same content, and what only one may do at a time.

use std::time::Duration;

use gantry_catalog::{DbError, Durability};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{Content, StoreError};

/// How long a lease is taken for; whoever died with it is waited for no longer.
const TERM: Duration = Duration::from_secs(30);
/// How often it is prolonged.
const RENEWAL: Duration = Duration::from_secs(8);
/// How often someone who waits for it asks.
const POLL: Duration = Duration::from_millis(500);

/// Whether other processes are at work on the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// This process alone changes it, so what it remembers is exact.
    Alone,
    /// Any number of nodes do.
    Nodes {
        /// This one's name, which no other process has or had.
        node: String,
    },
}

/// What only one process may do at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Collecting garbage.
    Collect,
    /// Numbering the journal and keeping its figures.
    Journal,
}

/// A lease, as its holder knows it.
#[derive(Debug)]
struct Held {
    /// When it was asked for: it lasts for a term from then, or longer.
    asked: Instant,
    /// Until when it was given, by the database's clock.
    until: i64,
}

/// What only one task of this process may do at a time.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    collect: Mutex<()>,
    journal: Mutex<()>,
}

impl Turns {
    fn of(&self, duty: Duty) -> &Mutex<()> {
        match duty {
            Duty::Collect => &self.collect,
            Duty::Journal => &self.journal,
        }
    }
}

impl Duty {
    /// The lease's name.
    fn name(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Journal => "journal",
        }
    }
}

/// What to do while another process has the duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    Wait,
    Leave,
}

impl Content {
    /// Does `work` while nobody else does what the duty is; `None` where someone else does and the
    /// caller would rather leave.
    ///
    /// Between nodes this is a lease by the database's clock. A node that can't prolong it drops
    /// the work before anyone else may take it up; as at any end of a process, the work's own
    /// transactions must be right wherever it stops.
    pub(crate) async fn in_turn<T, E: From<StoreError>>(
        &self,
        duty: Duty,
        busy: Busy,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, E> {
        let _turn = match busy {
            Busy::Wait => self.0.turns.of(duty).lock().await,
            Busy::Leave => match self.0.turns.of(duty).try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(None),
            },
        };
        let Sharing::Nodes { node } = &self.0.sharing else { return work.await.map(Some) };
        let store = |error: DbError| E::from(StoreError::from(error));
        let mut held = loop {
            match self.take_lease(duty, node).await.map_err(store)? {
                Some(held) => break held,
                None if busy == Busy::Leave => return Ok(None),
                None => sleep(POLL).await,
            }
        };
        let outcome = tokio::select! {
            // Work that is done counts, whatever becomes of the lease at that moment.
            biased;
            outcome = work => outcome.map(Some),
            lost = self.keep_lease(duty, node, &mut held) => Err(E::from(lost)),
        };
        let (name, node, until) = (duty.name(), node.clone(), held.until);
        let released = self
            .catalog()
            .transaction(Durability::Process, move |tx| tx.lease_release(name, &node, until))
            .await;
        if let Err(error) = released {
            tracing::warn!(lease.name = name, %error, "a lease was not given back: it runs out");
        }
        outcome
    }

    async fn take_lease(&self, duty: Duty, node: &str) -> Result<Option<Held>, DbError> {
        let (name, node, asked) = (duty.name(), node.to_owned(), Instant::now());
        let until = self
            .catalog()
            .transaction(Durability::Process, move |tx| tx.lease_take(name, &node, TERM))
            .await?;
        Ok(until.map(|until| Held { asked, until }))
    }

    /// Prolongs the lease for as long as it can; answers why it can't any more, well before the
    /// lease runs out.
    async fn keep_lease(&self, duty: Duty, node: &str, held: &mut Held) -> StoreError {
        loop {
            let prolonged = async {
                loop {
                    sleep(RENEWAL).await;
                    if let Ok(prolonged) = self.take_lease(duty, node).await {
                        return prolonged;
                    }
                }
            };
            match timeout_at(held.asked + TERM - RENEWAL, prolonged).await {
                Ok(Some(prolonged)) => *held = prolonged,
                Ok(None) => return StoreError::Interrupted("another node took the lease".into()),
                Err(_) => {
                    let problem = "a lease could not be prolonged in time";
                    return DbError::Unavailable(problem.into()).into();
                }
            }
        }
    }
}
