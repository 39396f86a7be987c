//! The edge from outside: real sockets, clients that no one here wrote.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod challenges;
mod drain;
mod entrances;
mod limits;
mod protocols;
mod proxy_protocol;
mod signals;
mod support;
