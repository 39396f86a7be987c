//! The edge from outside: real sockets, clients that no one here wrote.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod drain;
mod limits;
mod protocols;
mod signals;
mod support;
