//! The audit stream: sign-ins and refusals, written in batches beside everything else, read in order,
//! trimmed by age.

use gantry_db::{DbError, Row, Stmt, args};
use gantry_model::audit::AuditEvent;
use gantry_model::{AuditId, RegistryId, Timestamp};

use crate::column::RowExt;
use crate::{Catalog, Transaction};

pub(crate) const INSERT: Stmt =
    Stmt::new("insert into audit (id, registry, document) values ($1, $2, $3)");

pub(crate) const LIST: Stmt =
    Stmt::new("select id, registry, document from audit where id > $1 order by id limit $2");

pub(crate) const TRIM: Stmt = Stmt::new(
    "delete from audit where id in (select id from audit where id < $1 order by id limit $2)",
);

/// A row of the stream.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its place in the order of reading.
    pub id: AuditId,
    /// The registry it is about, if it is about one.
    pub registry: Option<RegistryId>,
    /// What happened.
    pub event: AuditEvent,
}

impl Catalog {
    /// Up to `limit` rows behind `after`, oldest first.
    pub async fn audit_list(&self, after: AuditId, limit: usize) -> Result<Vec<AuditRow>, DbError> {
        self.db.all(&LIST, &args![after.to_bytes(), limit as i64], audit_row).await
    }
}

impl Transaction<'_, '_> {
    /// Appends rows.
    pub fn audit_append(&mut self, rows: &[AuditRow]) -> Result<(), DbError> {
        for row in rows {
            let document = serde_json::to_string(&row.event).expect("an event is plain data");
            let registry = row.registry.map(RegistryId::to_bytes);
            self.tx.exec(&INSERT, &args![row.id.to_bytes(), registry, document])?;
        }
        Ok(())
    }

    /// Removes up to `limit` rows from before `before`.
    pub fn audit_trim(&mut self, before: Timestamp, limit: usize) -> Result<u64, DbError> {
        self.tx.exec(&TRIM, &args![AuditId::earliest(before).to_bytes(), limit as i64])
    }
}

fn audit_row(row: &Row<'_>) -> Result<AuditRow, DbError> {
    let registry: Option<Vec<u8>> = row.get(1)?;
    Ok(AuditRow {
        id: row.read(0, |column| {
            AuditId::from_bytes(column.bytes()?).map_err(|_| column.not("an id"))
        })?,
        registry: registry.map(|_| row.registry_id(1)).transpose()?,
        event: row.json(2)?,
    })
}
