//! The audit stream: noted at once, written a moment later, in batches. Nobody waits for it; under a
//! flood what doesn't fit is counted instead.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gantry_catalog::{AuditRow, Catalog, DbError, Durability, Transaction};
use gantry_model::audit::{AuditAction, AuditEvent, AuditOutcome};
use gantry_model::{AuditId, Clock, Registry, Timestamp};
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

/// Events that wait to be written.
const WAITING: usize = 16 << 10;
/// How many are written at once, and how long one waits for others.
const BATCH: usize = 500;
const GATHER: Duration = Duration::from_millis(500);
/// How many rows are removed at once.
const TRIM: usize = 5000;

/// Where events are noted. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    sender: mpsc::Sender<AuditRow>,
    receiver: Mutex<mpsc::Receiver<AuditRow>>,
    lost: AtomicU64,
}

/// What is to be noted of somebody.
#[derive(Clone, Debug, Default)]
pub struct Noted<'a> {
    /// Whom they are, or say that they are.
    pub identity: &'a str,
    /// Where they are.
    pub address: Option<IpAddr>,
    /// What it was about.
    pub detail: String,
}

impl Audit {
    pub(crate) fn new(catalog: &Catalog, clock: &Arc<dyn Clock>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self(Arc::new(Inner {
            catalog: catalog.clone(),
            clock: Arc::clone(clock),
            sender,
            receiver: Mutex::new(receiver),
            lost: AtomicU64::new(0),
        }))
    }

    /// Notes an event.
    pub fn note(
        &self,
        registry: Option<&Registry>,
        action: AuditAction,
        outcome: AuditOutcome,
        noted: &Noted<'_>,
    ) {
        let at = self.0.clock.now();
        let event = AuditEvent {
            at,
            action,
            outcome,
            identity: bounded(noted.identity),
            address: noted.address,
            detail: bounded(&noted.detail),
        };
        let row = AuditRow {
            id: AuditId::new(at),
            registry: registry.map(|registry| registry.id),
            event,
        };
        if self.0.sender.try_send(row).is_err() {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many events found no room.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Writes what is noted, for as long as it is polled. Dropping it loses nothing but the batch in
    /// hand; [`flush`](Self::flush) writes what waits.
    pub async fn keep(&self) {
        loop {
            let mut batch = Vec::new();
            {
                let mut receiver = self.0.receiver.lock().await;
                if receiver.recv_many(&mut batch, BATCH).await == 0 {
                    return;
                }
            }
            self.write(batch).await;
            sleep(GATHER).await;
        }
    }

    /// Writes what waits. Where nothing does, whoever keeps the stream holds the receiver for as long as
    /// nobody notes anything: then there is nothing to do, and nothing to wait for.
    pub async fn flush(&self) {
        let Ok(mut receiver) = self.0.receiver.try_lock() else { return };
        let mut batch = Vec::new();
        while let Ok(row) = receiver.try_recv() {
            batch.push(row);
        }
        drop(receiver);
        if !batch.is_empty() {
            self.write(batch).await;
        }
    }

    async fn write(&self, batch: Vec<AuditRow>) {
        let count = batch.len() as u64;
        let append = move |tx: &mut Transaction<'_, '_>| tx.audit_append(&batch);
        let written: Result<(), DbError> =
            self.0.catalog.transaction(Durability::Process, append).await;
        if let Err(error) = written {
            self.0.lost.fetch_add(count, Ordering::Relaxed);
            tracing::error!(%error, events = count, "audit events were not written");
        }
    }

    /// Removes rows from before `before`.
    pub async fn trim(&self, before: Timestamp) -> Result<(), DbError> {
        loop {
            let trim = move |tx: &mut Transaction<'_, '_>| tx.audit_trim(before, TRIM);
            let gone: u64 = self.0.catalog.transaction(Durability::Process, trim).await?;
            if gone < TRIM as u64 {
                return Ok(());
            }
        }
    }
}

/// What strangers write is kept short.
fn bounded(text: &str) -> String {
    const LONGEST: usize = 500;
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}
