//! The SQL seam: one text, driven on SQLite and PostgreSQL.
