//! Copying all rows to another catalog, table by table.
//!
//! What is about one database only stays behind: upload sessions and trash, which are about one
//! blob store's leftovers; leases, nodes, rate buckets and open challenges; the deployment's own row, which
//! comes last and by itself ([`Transaction::deployment_arrived`](crate::Transaction::deployment_arrived)).

use std::fmt::Write;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use gantry_db::{Arg, Column, DbError, Durability, Row, Stmt};

use crate::{Catalog, Transaction};

/// The lease of the copy that fills a catalog, and for how long each of its transactions takes it.
const LEASE: &str = "copy";
const TERM: Duration = Duration::from_secs(60);
/// How many arguments one statement has at most.
const ARGUMENTS: usize = 400;

/// A table, and how its rows are read and written in the order of its key. The texts are made once
/// from the columns.
struct Table {
    name: &'static str,
    key: &'static [(&'static str, Kind)],
    columns: usize,
    /// How many rows are in memory at once.
    page: usize,
    read: Stmt,
    insert: Stmt,
    /// Inserts so many rows.
    insert_many: (usize, Stmt),
    clear: Stmt,
}

/// What a column of a key holds, and so what comes before all of it.
#[derive(Clone, Copy)]
enum Kind {
    Bytes,
    Text,
    Int,
}

use Kind::{Bytes, Int, Text};

/// Parents before children.
static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    const MANY: usize = 1000;
    vec![
        Table::new(
            "registry",
            &[("id", Bytes)],
            "name location tier anonymous_pull sparse_content admin_enabled epoch created_at blob_reads \
             details sign_in_epoch resource_group resource deleted_at deleted_name",
            MANY,
        ),
        Table::new("resource_group", &[("key", Text)], "name location tags created_at", MANY),
        Table::new(
            "resource_lock",
            &[("scope", Text), ("key", Text)],
            "shown_scope name level notes",
            MANY,
        ),
        Table::new(
            "template_deployment",
            &[("scope", Text), ("key", Text)],
            "shown_scope name document template deployed_at",
            1,
        ),
        Table::new(
            "resource",
            &[("registry", Bytes), ("kind", Text), ("key", Text)],
            "id name document sealed created_at",
            100,
        ),
        Table::new("admin_password", &[("registry", Bytes), ("name", Text)], "sealed set_at", MANY),
        Table::new("signing_key", &[("id", Text)], "sealed public_key created_at", MANY),
        Table::new("certificate_authority", &[("name", Text)], "certificate sealed_key", MANY),
        Table::new(
            "acme_account",
            &[("directory", Text)],
            "url contacts sealed_key created_at",
            MANY,
        ),
        Table::new(
            "certificate",
            &[("name", Text)],
            "directory chain sealed_key not_before not_after renew_at attempted_by attempts failure \
             attempted_at next_attempt_at",
            100,
        ),
        Table::new("epoch", &[("subject", Text)], "value raised_at", MANY),
        Table::new(
            "scope_map",
            &[("registry", Bytes), ("key", Text)],
            "name id description actions created_at",
            20,
        ),
        Table::new(
            "token",
            &[("registry", Bytes), ("key", Text)],
            "name id scope_map enabled created_at",
            MANY,
        ),
        Table::new(
            "token_password",
            &[("registry", Bytes), ("token", Text), ("name", Text)],
            "hash created_at expires_at",
            MANY,
        ),
        Table::new("role_definition", &[("id", Text)], "name document created_at updated_at", 100),
        Table::new(
            "role_assignment",
            &[("id", Text)],
            "scope shown_scope principal principal_type role condition description created_by \
             created_at updated_at",
            MANY,
        ),
        Table::new("tenant", &[("id", Text)], "subscription domain created_at", MANY),
        Table::new(
            "directory_user",
            &[("id", Text)],
            "upn display_name enabled password totp totp_step created_at",
            MANY,
        ),
        Table::new("directory_group", &[("id", Text)], "display_name description created_at", MANY),
        Table::new("directory_member", &[("group_id", Text), ("member", Text)], "", MANY),
        Table::new(
            "directory_application",
            &[("id", Text)],
            "app_id display_name document created_at",
            MANY,
        ),
        Table::new(
            "directory_credential",
            &[("application", Text), ("id", Text)],
            "kind display_name hint hash certificate starts_at ends_at",
            MANY,
        ),
        Table::new(
            "directory_federation",
            &[("application", Text), ("id", Text)],
            "name issuer subject audiences description",
            MANY,
        ),
        Table::new(
            "directory_service_principal",
            &[("id", Text)],
            "app_id kind display_name enabled created_at",
            MANY,
        ),
        Table::new(
            "directory_workload",
            &[("service_principal", Text), ("id", Text)],
            "kind network hash created_at",
            MANY,
        ),
        Table::new(
            "directory_foreigner",
            &[("id", Text)],
            "issuer subject name groups seen_at token_at",
            100,
        ),
        Table::new("directory_foreign_id", &[("id", Text)], "issuer", MANY),
        Table::new("directory_key", &[("id", Text)], "sealed public_key created_at", MANY),
        Table::new("audit", &[("id", Bytes)], "registry document", MANY),
        Table::new(
            "repository",
            &[("id", Bytes)],
            "registry name manifest_count tag_count created_at updated_at locks",
            MANY,
        ),
        Table::new(
            "blob",
            &[("registry", Bytes), ("digest", Bytes)],
            "storage_key size created_at",
            MANY,
        ),
        Table::new(
            "repository_blob",
            &[("repository", Bytes), ("digest", Bytes)],
            "registry linked_at unreferenced_since",
            MANY,
        ),
        // Rows of up to 4 MiB.
        Table::new("manifest", &[("registry", Bytes), ("digest", Bytes)], "bytes", 20),
        Table::new(
            "repository_manifest",
            &[("repository", Bytes), ("digest", Bytes)],
            "registry media_type size artifact_type subject annotations pushed_by pushed_at locks \
             updated_at image_size config_media_type architecture os",
            100,
        ),
        Table::new(
            "blob_edge",
            &[("repository", Bytes), ("manifest", Bytes), ("blob", Bytes)],
            "held",
            MANY,
        ),
        Table::new(
            "manifest_edge",
            &[("repository", Bytes), ("parent", Bytes), ("child", Bytes)],
            "held",
            MANY,
        ),
        Table::new(
            "tag",
            &[("repository", Bytes), ("name", Text)],
            "digest stamp_at stamp_counter pushed_by created_at updated_at locks",
            MANY,
        ),
        Table::new(
            "tag_history",
            &[("repository", Bytes), ("name", Text), ("stamp_at", Int), ("stamp_counter", Int)],
            "digest changed_by",
            MANY,
        ),
        Table::new("journal", &[("id", Bytes)], "number registry kind change at", MANY),
        Table::new("journal_reader", &[("name", Text)], "position", MANY),
        Table::new(
            "usage",
            &[("registry", Bytes), ("repository", Text)],
            "blobs manifests bytes",
            MANY,
        ),
    ]
});

/// The tables whose rows stay where they are.
pub const LEFT_BEHIND: &[&str] = &[
    "upload",
    "trash",
    "lease",
    "node",
    "deployment",
    "rate_bucket",
    "acme_challenge",
    "device_code",
    "authorization_code",
];

/// The names of the tables that are copied, with their columns in no order.
pub fn copied_tables() -> Vec<(&'static str, Vec<String>)> {
    let columns = |table: &Table| {
        let list = table.insert.sql().split_once('(').expect("it names its columns").1;
        let list = list.split_once(')').expect("it names its columns").0;
        list.split(", ").map(str::to_owned).collect()
    };
    TABLES.iter().map(|table| (table.name, columns(table))).collect()
}

/// The statements with their tables' names, except those that empty a table.
pub(crate) fn statements() -> Vec<(&'static str, &'static Stmt)> {
    let of = |table: &'static Table| {
        [&table.read, &table.insert, &table.insert_many.1]
            .into_iter()
            .enumerate()
            .map(|(n, stmt)| (leak(format!("copied::{}::{n}", table.name)), stmt))
    };
    TABLES.iter().flat_map(of).collect()
}

/// A value as the database holds it.
#[derive(Clone)]
enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    fn of(column: Column<'_>) -> Self {
        match column {
            Column::Null => Self::Null,
            Column::Int(value) => Self::Int(value),
            Column::Text(value) => Self::Text(value.to_owned()),
            Column::Bytes(value) => Self::Bytes(value.to_owned()),
        }
    }

    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Null => Arg::Null,
            Self::Int(value) => Arg::Int(*value),
            Self::Text(value) => Arg::Text(value),
            Self::Bytes(value) => Arg::Bytes(value),
        }
    }
}

impl Table {
    fn new(name: &'static str, key: &'static [(&str, Kind)], others: &str, page: usize) -> Self {
        let key_names: Vec<&str> = key.iter().map(|(name, _)| *name).collect();
        let columns: Vec<&str> =
            key_names.iter().copied().chain(others.split_ascii_whitespace()).collect();
        let (keys, all) = (key_names.join(", "), columns.join(", "));
        let (bounds, limit) = (arguments(1, key.len()), key.len() + 1);
        let read = format!(
            "select {all} from {name} where ({keys}) > ({bounds}) order by {keys} limit ${limit}"
        );
        let insert = |rows: usize| {
            let mut text = format!("insert into {name} ({all}) values ");
            for row in 0..rows {
                let comma = if row == 0 { "" } else { ", " };
                let values = arguments(row * columns.len() + 1, columns.len());
                write!(text, "{comma}({values})").expect("texts take all that is written");
            }
            stmt(text)
        };
        let clear = format!(
            "delete from {name} where ({keys}) in (select {keys} from {name} order by {keys} limit $1)"
        );
        let many = ARGUMENTS / columns.len();
        Self {
            name,
            key,
            columns: columns.len(),
            page,
            read: stmt(read),
            insert: insert(1),
            insert_many: (many, insert(many)),
            clear: stmt(clear),
        }
    }

    /// What comes before every key.
    fn start(&self) -> Vec<Value> {
        let least = |kind| match kind {
            Bytes => Value::Bytes(Vec::new()),
            Text => Value::Text(String::new()),
            Int => Value::Int(i64::MIN),
        };
        self.key.iter().map(|(_, kind)| least(*kind)).collect()
    }

    fn row(&self, row: &Row<'_>) -> Result<Vec<Value>, DbError> {
        (0..self.columns).map(|index| row.column(index).map(Value::of)).collect()
    }
}

/// `$1, $2, …`
fn arguments(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

fn stmt(text: String) -> Stmt {
    Stmt::new(leak(text))
}

/// For the few texts that live as long as the process.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

impl Catalog {
    /// Copies all rows to `target`, whose own are removed first; both must have this release's
    /// schema, and no server may change either meanwhile. Of two copies to one target, `copier` being
    /// what they differ in, one fails. `told` hears after each page which table it was, and how many
    /// rows it had.
    ///
    /// Durable once a later transaction of the target's is.
    pub async fn copy_rows_to(
        &self,
        target: &Self,
        copier: &str,
        mut told: impl FnMut(&'static str, usize),
    ) -> Result<(), DbError> {
        for table in TABLES.iter().rev() {
            let copier = copier.to_owned();
            let clear = move |tx: &mut Transaction<'_, '_>| {
                tx.copy_goes_on(&copier)?;
                tx.tx.exec(&table.clear, &[Arg::Int(table.page as i64)])
            };
            while target.transaction(Durability::Process, clear.clone()).await? > 0 {}
        }
        for table in TABLES.iter() {
            let mut after = table.start();
            loop {
                let page = self.page(table, &after).await?;
                let Some(last) = page.last() else { break };
                after = last[..table.key.len()].to_vec();
                told(table.name, page.len());
                let (page, copier) = (Arc::new(page), copier.to_owned());
                let insert = move |tx: &mut Transaction<'_, '_>| {
                    tx.copy_goes_on(&copier)?;
                    tx.insert_rows(table, &page)
                };
                target.transaction(Durability::Process, insert).await?;
            }
        }
        Ok(())
    }

    async fn page(&self, table: &Table, after: &[Value]) -> Result<Vec<Vec<Value>>, DbError> {
        let mut args: Vec<Arg<'_>> = after.iter().map(Value::to_arg).collect();
        args.push(Arg::Int(table.page as i64));
        self.db.all(&table.read, &args, |row| table.row(row)).await
    }
}

impl Transaction<'_, '_> {
    /// Makes sure that no other copy fills this catalog.
    pub fn copy_goes_on(&mut self, copier: &str) -> Result<(), DbError> {
        let held = self.lease_take(LEASE, copier, TERM)?;
        held.map(drop).ok_or_else(|| {
            DbError::Other("another `gantry copy` is at work here, or was a minute ago".into())
        })
    }

    fn insert_rows(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), DbError> {
        let (many, insert_many) = &table.insert_many;
        for chunk in rows.chunks(*many) {
            if chunk.len() == *many {
                let args: Vec<Arg<'_>> = chunk.iter().flatten().map(Value::to_arg).collect();
                self.tx.exec(insert_many, &args)?;
                continue;
            }
            for row in chunk {
                let args: Vec<Arg<'_>> = row.iter().map(Value::to_arg).collect();
                self.tx.exec(&table.insert, &args)?;
            }
        }
        Ok(())
    }
}
