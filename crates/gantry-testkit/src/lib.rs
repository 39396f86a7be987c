//! Servers, stores and clients for tests.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

pub mod azurite;
pub mod blob_store;
pub mod contract;
mod keeper;
pub mod minio;
pub mod pebble;
pub mod postgres;
pub mod programs;
