//! File bodies through a real server on loopback, plain HTTP/1.1 and HTTP/2.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod exactness;
mod failures;
mod server;
