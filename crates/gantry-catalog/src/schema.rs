//! The schema's history: forward only, each step safe under the release before.

use gantry_db::Migration;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261121_foundation",
    sql: include_str!("../migrations/20261121_foundation.sql"),
}];
