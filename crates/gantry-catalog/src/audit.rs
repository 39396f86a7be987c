//! The audit stream: sign-ins and refusals, written in batches beside everything else, read in order,
//! trimmed by age.

use std::sync::LazyLock;

use gantry_db::{DbError, Row, Stmt, ToArg, args};
use gantry_model::audit::AuditEvent;
use gantry_model::{AuditId, RegistryId, Timestamp};

use crate::column::RowExt;
use crate::{Catalog, Transaction};

pub(crate) const INSERT: Stmt =
    Stmt::new("insert into audit (id, registry, document) values ($1, $2, $3)");

/// How many rows one statement appends: a flood of sign-ins must not be one of statements.
const MANY: usize = 100;

pub(crate) static INSERT_MANY: LazyLock<Stmt> = LazyLock::new(|| {
    let row = |n: usize| format!("(${}, ${}, ${})", 3 * n + 1, 3 * n + 2, 3 * n + 3);
    let rows: Vec<String> = (0..MANY).map(row).collect();
    let text = format!("insert into audit (id, registry, document) values {}", rows.join(", "));
    Stmt::new(text.leak())
});

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
        let whole = rows.chunks_exact(MANY);
        for row in whole.remainder() {
            let (id, registry, document) = columns(row);
            self.tx.exec(&INSERT, &args![id, registry, document])?;
        }
        for chunk in whole {
            let rows: Vec<_> = chunk.iter().map(columns).collect();
            let values = rows.iter().flat_map(|(id, registry, document)| {
                [id.to_arg(), registry.to_arg(), document.to_arg()]
            });
            self.tx.exec(&INSERT_MANY, &values.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Removes up to `limit` rows from before `before`.
    pub fn audit_trim(&mut self, before: Timestamp, limit: usize) -> Result<u64, DbError> {
        self.tx.exec(&TRIM, &args![AuditId::earliest(before).to_bytes(), limit as i64])
    }
}

fn columns(row: &AuditRow) -> ([u8; 16], Option<[u8; 16]>, String) {
    let document = serde_json::to_string(&row.event).expect("an event is plain data");
    (row.id.to_bytes(), row.registry.map(RegistryId::to_bytes), document)
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
