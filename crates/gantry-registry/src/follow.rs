//! Following what other nodes change: each node reads the journal and drops from its caches what
//! changed.
//!
//! Tags and absences are never answered from a cache where content is shared; this is for what is
//! cached by digest, and for registries. A node that hasn't read the journal for a while doesn't
//! trust its caches until it has. Whoever takes content away waits for the others to have followed
//! before the client is told.

use std::time::Duration;

use gantry_catalog::{Durability, JournalRow, Transaction};
use gantry_model::Change;
use tokio::time::{Instant, sleep};

use crate::{Content, Sharing, StoreError};

/// How many rows are read at a time.
const PAGE: usize = 1000;
/// How many rows without a number are looked at; of more, nobody asks what they are about.
const UNNUMBERED: usize = 5000;
/// How often someone asks whether the other nodes have followed.
const POLL: Duration = Duration::from_millis(30);

/// How far a node has read the journal.
#[derive(Debug, Default)]
pub struct ChangeReader {
    position: Option<i64>,
    /// Registries have changed since [`refreshed`](Self::refreshed).
    registries: bool,
}

impl ChangeReader {
    /// Notes that registries, settings and credentials were read anew. Until then each look says that
    /// they changed, so that what failed halfway is done again.
    pub fn refreshed(&mut self) {
        self.registries = false;
    }
}

/// What a look at the journal found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Rows that weren't known yet.
    pub changes: usize,
    /// Registries, their settings or credentials are among what changed.
    pub registries: bool,
}

impl Content {
    /// How long what is cached is trusted after a look at the journal.
    pub const TRUST: Duration = Duration::from_secs(2);

    /// How long after a look at the journal nobody is let in by what is only remembered of them: the
    /// database is asked then, and where it can't be, tokens count for nothing.
    pub const EPOCH_TRUST: Duration = Duration::from_secs(10);

    /// Reads what is new in the journal and forgets what it changed, and tells the other nodes how
    /// far this one is. To be called at short intervals.
    pub async fn follow_changes(&self, reader: &mut ChangeReader) -> Result<Followed, StoreError> {
        let Sharing::Nodes { node } = &self.0.sharing else { return Ok(Followed::default()) };
        let began = Instant::now();
        let (follows, followed) = (node.clone(), node.clone());
        // The others wait for this node before it trusts anything, or one that they don't know of
        // would go on with what they have taken away.
        let moment = self
            .catalog()
            .transaction(Durability::Process, move |tx| tx.node_follows(&follows, Self::TRUST))
            .await?;
        let changes = self.read_changes(reader).await?;
        self.cache().trust_until(began + Self::TRUST);
        self.catalog().epoch_trust_until(began + Self::EPOCH_TRUST);
        self.catalog()
            .transaction(Durability::Process, move |tx| tx.node_followed(&followed, moment))
            .await?;
        Ok(changes)
    }

    async fn read_changes(&self, reader: &mut ChangeReader) -> Result<Followed, StoreError> {
        let mut followed = Followed::default();
        let mut position = match reader.position {
            Some(position) => position,
            None => {
                let head = self.catalog().journal_head().await?;
                // What was read before this may have changed before the head, which nobody will see.
                self.forget_everything();
                head
            }
        };
        // First those without a number: one that gets it meanwhile is among the others.
        let fresh = self.catalog().journal_unnumbered(UNNUMBERED).await?;
        if fresh.len() == UNNUMBERED {
            self.forget_everything();
            reader.registries = true;
        }
        reader.registries |= fresh.iter().fold(false, |any, row| self.forget(row) | any);
        loop {
            let rows = self.catalog().journal_after(position, PAGE).await?;
            for row in &rows {
                reader.registries |= self.forget(row);
                position = row.number;
            }
            followed.changes += rows.len();
            reader.position = Some(position);
            if rows.len() < PAGE {
                followed.registries = reader.registries;
                return Ok(followed);
            }
        }
    }

    /// Tells the other nodes that this one answers no more, so that nobody waits for it.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let Sharing::Nodes { node } = &self.0.sharing else { return Ok(()) };
        let node = node.clone();
        let leave = move |tx: &mut Transaction<'_, '_>| tx.node_leave(&node);
        Ok(self.catalog().transaction(Durability::Process, leave).await?)
    }

    /// Resolves when no node answers any more with what was cached before now: each has followed
    /// the changes since, or has lost its trust in what it has. What a client was told is gone is
    /// then gone wherever it asks.
    pub(crate) async fn everywhere(&self) -> Result<(), StoreError> {
        if self.0.sharing == Sharing::Alone {
            return Ok(());
        }
        let moment = self.catalog().database_time().await?;
        let began = Instant::now();
        loop {
            let passed = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
            if !self.catalog().node_behind(moment, moment.saturating_add(passed)).await? {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }

    fn forget_everything(&self) {
        self.cache().forget_everything();
        self.catalog().epoch_forget_all();
    }

    /// Forgets what the change is about; true where it is about a registry itself.
    fn forget(&self, row: &JournalRow) -> bool {
        match &row.change {
            Change::BlobLinked { repository, .. }
            | Change::BlobUnlinked { repository, .. }
            | Change::ManifestPut { repository, .. }
            | Change::ManifestDeleted { repository, .. }
            | Change::TagSet { repository, .. }
            | Change::TagDeleted { repository, .. }
            | Change::LocksChanged { repository, .. } => {
                self.cache().invalidation(row.registry, repository)();
                false
            }
            Change::Managed(_) => false,
            Change::CredentialChanged { password, epoch: Some(subject) } if password.is_empty() => {
                self.catalog().epoch_forget(subject);
                subject.is_of_keys()
            }
            Change::RegistryCreated { .. }
            | Change::RegistryUpdated { .. }
            | Change::RegistryDeleted { .. }
            | Change::CredentialChanged { .. }
            | Change::Unknown => true,
        }
    }
}
