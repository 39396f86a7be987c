//! Following what other nodes change: each node reads the journal and drops from its caches what
//! changed.
//!
//! Tags and absences are never answered from a cache where content is shared; this is for what is
//! cached by digest, and for registries. A node that hasn't read the journal for a while doesn't
//! trust its caches until it has.

use std::time::Duration;

use gantry_catalog::JournalRow;
use gantry_model::Change;

use crate::{Content, StoreError};

/// How many rows are read at a time.
const PAGE: usize = 1000;

/// How far a node has read the journal.
#[derive(Debug, Default)]
pub struct ChangeReader {
    position: Option<i64>,
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
    /// Reads what is new in the journal and forgets what it changed.
    ///
    /// To be called at short intervals; a cache is trusted for [`TRUST`](Self::TRUST) after it.
    pub async fn follow_changes(&self, reader: &mut ChangeReader) -> Result<Followed, StoreError> {
        let mut followed = Followed::default();
        let Some(mut position) = reader.position else {
            // What was read before anyone followed may be of any age.
            reader.position = Some(self.catalog().journal_head().await?);
            self.cache().forget_everything();
            self.cache().trust_for(Self::TRUST);
            return Ok(followed);
        };
        loop {
            let rows = self.catalog().journal_after(position, PAGE).await?;
            for row in &rows {
                followed.registries |= self.forget(row);
                position = row.number;
            }
            followed.changes += rows.len();
            reader.position = Some(position);
            if rows.len() < PAGE {
                break;
            }
        }
        self.cache().trust_for(Self::TRUST);
        Ok(followed)
    }

    /// How long what is cached is trusted after a look at the journal.
    pub const TRUST: Duration = Duration::from_secs(5);

    /// Forgets what the change is about; true where it is about a registry itself.
    fn forget(&self, row: &JournalRow) -> bool {
        match &row.change {
            Change::BlobLinked { repository, .. }
            | Change::BlobUnlinked { repository, .. }
            | Change::ManifestPut { repository, .. }
            | Change::ManifestDeleted { repository, .. }
            | Change::TagSet { repository, .. }
            | Change::TagDeleted { repository, .. } => {
                self.cache().invalidation(row.registry, repository)();
                false
            }
            Change::RegistryCreated { .. }
            | Change::RegistryUpdated { .. }
            | Change::CredentialChanged { .. } => true,
        }
    }
}
