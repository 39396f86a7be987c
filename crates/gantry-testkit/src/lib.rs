//! Servers, stores and clients for tests.
