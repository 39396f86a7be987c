//! The schema's history: forward only, each step safe under the release before.

use gantry_db::{Migration, Step};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261121_foundation",
        sql: include_str!("../migrations/20261121_foundation.sql"),
        kind: Step::Contracts,
    },
    Migration {
        name: "20261124_nodes",
        sql: include_str!("../migrations/20261124_nodes.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261125_access",
        sql: include_str!("../migrations/20261125_access.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261125_rate_buckets",
        sql: include_str!("../migrations/20261125_rate_buckets.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261125_certificates",
        sql: include_str!("../migrations/20261125_certificates.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261125_outside_ids",
        sql: include_str!("../migrations/20261125_outside_ids.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261126_locks",
        sql: include_str!("../migrations/20261126_locks.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261130_resources",
        sql: include_str!("../migrations/20261130_resources.sql"),
        kind: Step::Expands,
    },
    Migration {
        name: "20261130_template_deployments",
        sql: include_str!("../migrations/20261130_template_deployments.sql"),
        kind: Step::Expands,
    },
];
