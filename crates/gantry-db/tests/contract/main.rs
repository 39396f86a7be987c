//! What both drivers promise, held against each.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap as tests do")]

mod laws;
mod migrations;
mod transactions;
mod values;

use gantry_db::{Db, Migration, PostgresOptions, SqliteOptions, Statements, Step, Stmt};
use gantry_testkit::postgres;

/// The schema the laws use.
const SCHEMA: &[Migration] = &[Migration {
    name: "20260101_contract",
    sql: "
        create table owner (name {TEXT} primary key not null) {KEYED_TABLE};
        create table item (
            id {INT} primary key not null,
            owner {TEXT} references owner (name),
            label {TEXT},
            body {BYTES}
        ) {TABLE};
        create unique index item_label on item (label);
        create table counter (id {INT} primary key not null, n {INT} not null) {TABLE};
    ",
    kind: Step::Contracts,
}];

/// A database with the schema, and what must outlive it.
struct Fresh {
    db: Db,
    _directory: Option<tempfile::TempDir>,
}

async fn empty_sqlite() -> Fresh {
    let directory = tempfile::tempdir().unwrap();
    let db =
        Db::open_sqlite(&directory.path().join("test.db"), SqliteOptions::default()).await.unwrap();
    Fresh { db, _directory: Some(directory) }
}

async fn empty_postgres() -> Fresh {
    let url = tokio::task::spawn_blocking(postgres::database).await.unwrap();
    let db = Db::connect_postgres(&url, PostgresOptions::default()).await.unwrap();
    Fresh { db, _directory: None }
}

/// The same server, behind a pooler that lends a connection for one transaction at a time.
async fn empty_pooled_postgres() -> Fresh {
    let url = tokio::task::spawn_blocking(postgres::pooled_database).await.unwrap();
    let options = PostgresOptions { statements: Statements::Unnamed, ..PostgresOptions::default() };
    Fresh { db: Db::connect_postgres(&url, options).await.unwrap(), _directory: None }
}

/// Runs each law on each database: those on one with the schema, and the rest on an empty one. A
/// pooler's connections can't be told to refuse writes, so the laws of `unpooled` leave it out.
macro_rules! laws {
    (unpooled { $($own:ident::{$($alone:ident),* $(,)?}),* $(,)? }
     $($module:ident::{$($law:ident),* $(,)?}),* $(,)?) => {
        laws!(@on sqlite, empty_sqlite, $($own::{$($alone),*},)* $($module::{$($law),*}),*);
        laws!(@on postgresql, empty_postgres, $($own::{$($alone),*},)* $($module::{$($law),*}),*);
        laws!(@on pooled_postgresql, empty_pooled_postgres, $($module::{$($law),*}),*);
    };
    (@on $database:ident, $empty:ident, $($module:ident::{$($law:ident),*}),*) => {
        mod $database {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $law() {
                    let fresh = super::$empty().await;
                    super::$module::$law(&fresh.db).await;
                    fresh.db.close().await;
                }
            )*)*
        }
    };
}

laws! {
    unpooled { laws::{ reads_cannot_write } }
    transactions::{
        a_transaction_is_all_or_nothing,
        a_failed_body_leaves_its_companions_alone,
        a_body_that_panics_keeps_nothing_and_harms_nobody,
        an_error_ends_the_transaction,
        hooks_run_after_the_commit_and_before_the_answer,
        hooks_of_a_failed_transaction_do_not_run,
        a_hook_that_panics_takes_nothing_back,
        a_dropped_caller_does_not_stop_its_transaction,
        concurrent_counts_add_up,
        bodies_in_each_others_way_all_commit,
        claims_of_the_same_rows_are_all_different,
        a_transaction_sees_its_own_writes,
    },
    values::{
        every_kind_of_value_comes_back,
        text_sorts_by_bytes,
        arguments_are_bound_by_number,
        what_a_database_cannot_store_is_refused,
        a_wrong_number_of_arguments_is_refused,
        a_column_of_another_kind_is_an_error,
        row_counts_tell_what_changed,
    },
    laws::{
        reads_see_what_was_answered,
        conflicts_are_told_apart,
        errors_show_no_values,
        plans_tell_scans_from_searches,
        a_closed_database_refuses_calls,
        closing_finishes_what_is_queued,
    },
    migrations::{
        migrating_twice_does_nothing_the_second_time,
        nodes_that_migrate_at_once_take_turns,
        a_schema_from_a_later_release_is_refused,
        a_release_runs_on_a_schema_that_a_later_one_has_expanded,
        a_schema_tells_what_it_lacks,
        a_step_before_an_applied_one_is_refused,
        a_failed_step_leaves_nothing,
    },
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_plans_a_statement_once_whatever_its_arguments() {
    const MODE: Stmt = Stmt::new("select current_setting('plan_cache_mode')");
    let fresh = empty_postgres().await;
    let mode = fresh.db.one(&MODE, &[], |row| row.get::<String>(0)).await.unwrap();
    assert_eq!(mode.as_deref(), Some("force_generic_plan"));
}
