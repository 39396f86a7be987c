//! Keeping the stored-bytes figures: a reader of the journal.

use std::collections::HashMap;

use gantry_catalog::{DbError, Durability, JournalRow, Transaction, Usage};
use gantry_model::{Change, RegistryId};
use gantry_oci::RepositoryName;

use crate::sharing::{Busy, Duty};
use crate::{Content, StoreError};

const READER: &str = "usage";
/// How many journal rows one transaction takes.
const BATCH: usize = 500;

impl Content {
    /// Numbers new journal rows, brings the figures up to them, and trims what every reader has
    /// passed. Leaves it to another node that is at it.
    pub async fn keep_figures(&self) -> Result<(), StoreError> {
        if !self.catalog().journal_pending().await? {
            return Ok(());
        }
        self.in_turn(Duty::Journal, Busy::Leave, self.read_journal()).await.map(drop)
    }

    async fn read_journal(&self) -> Result<(), StoreError> {
        loop {
            let done = self
                .catalog()
                .transaction(Durability::Process, |tx| {
                    let numbered = tx.journal_number(BATCH)?;
                    let rows = tx.journal_read(READER, BATCH)?;
                    if let Some(last) = rows.last() {
                        let end = last.number;
                        add(tx, &rows)?;
                        tx.journal_advance(READER, end)?;
                    }
                    Ok::<_, DbError>(numbered < BATCH && rows.len() < BATCH)
                })
                .await?;
            if done {
                break;
            }
        }
        let before = self.catalog().now().minus(self.limits().journal_retention);
        loop {
            let trimmed = self
                .catalog()
                .transaction(Durability::Process, move |tx| tx.journal_trim(before, BATCH))
                .await?;
            if trimmed < BATCH as u64 {
                return Ok(());
            }
        }
    }

    /// What the registry stores.
    pub async fn usage(&self, registry: RegistryId) -> Result<Usage, StoreError> {
        Ok(self.catalog().usage_of_registry(registry).await?)
    }

    /// What each registry stores that stores something.
    pub async fn usages(&self) -> Result<Vec<(RegistryId, Usage)>, StoreError> {
        Ok(self.catalog().usage_of_registries().await?)
    }
}

fn add(tx: &mut Transaction<'_, '_>, rows: &[JournalRow]) -> Result<(), DbError> {
    let mut sums: HashMap<(RegistryId, &str), Usage> = HashMap::new();
    for row in rows {
        let Some((repository, usage, everywhere)) = effect(&row.change) else { continue };
        *sums.entry((row.registry, repository.as_str())).or_default() += usage;
        if everywhere {
            *sums.entry((row.registry, "")).or_default() += usage;
        }
    }
    sums.into_iter()
        .try_for_each(|((registry, repository), usage)| tx.usage_add(registry, repository, usage))
}

/// By how much a change alters its repository's figures, and whether the registry's too.
fn effect(change: &Change) -> Option<(&RepositoryName, Usage, bool)> {
    match change {
        Change::BlobLinked { repository, size, stored, .. } => {
            Some((repository, Usage::blob(*size), *stored))
        }
        Change::BlobUnlinked { repository, size, dropped, .. } => {
            Some((repository, Usage::blob(*size).removed(), *dropped))
        }
        Change::ManifestPut { repository, size, stored, .. } => {
            Some((repository, Usage::manifest(*size), *stored))
        }
        Change::ManifestDeleted { repository, size, dropped, .. } => {
            Some((repository, Usage::manifest(*size).removed(), *dropped))
        }
        Change::RegistryCreated { .. }
        | Change::RegistryUpdated { .. }
        | Change::RegistryDeleted { .. }
        | Change::Managed(_)
        | Change::CredentialChanged { .. }
        | Change::Unknown
        | Change::TagSet { .. }
        | Change::TagDeleted { .. }
        | Change::LocksChanged { .. } => None,
    }
}
