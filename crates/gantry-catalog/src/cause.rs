//! Who asked for a change: whoever manages resources, by which operation. It goes with the task, and
//! into the journal with the first transaction that tells of a change, so a record of who did what is
//! there exactly if that was done.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gantry_db::DbError;
use gantry_model::journal::Managed;
use gantry_model::{Change, RegistryId};

use crate::Transaction;

tokio::task_local! {
    static CAUSE: Cause;
}

/// An operation under way.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    managed: Arc<Managed>,
    /// It is in the journal.
    noted: Arc<AtomicBool>,
}

/// Does something on behalf of an operation of the management API.
pub async fn because_of<T>(managed: Managed, work: impl Future<Output = T>) -> T {
    let noted = Arc::default();
    CAUSE.scope(Cause { managed: Arc::new(managed), noted }, work).await
}

/// The operation that this task does something for.
pub(crate) fn present() -> Option<Cause> {
    CAUSE.try_with(Cause::clone).ok()
}

impl Transaction<'_, '_> {
    /// Tells what this transaction was for, if it changed something and nobody has told yet.
    pub(crate) fn note_cause(&mut self, cause: &Cause) -> Result<(), DbError> {
        if !self.has_changed || cause.noted.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.journal_append(RegistryId::NONE, &Change::Managed(Managed::clone(&cause.managed)))?;
        let noted = Arc::clone(&cause.noted);
        self.on_commit(move || noted.store(true, Ordering::SeqCst));
        Ok(())
    }
}
