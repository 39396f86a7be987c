//! Servers, stores and clients for tests.

pub mod postgres;
