//! Entities, ids, permissions and the clock. Pure.
