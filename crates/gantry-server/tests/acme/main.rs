//! Certificates from a real authority, Pebble, by the real binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod challenges;
mod failures;
mod nodes;
mod renewal;
mod support;
mod webhook;
