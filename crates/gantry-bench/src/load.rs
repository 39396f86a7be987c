//! The load generator: lean, since it shares the machine with what it measures.
//!
//! Requests are bytes made beforehand; of answers it reads the status, a few headers and the length
//! of the body. Nothing but the server's port differs from one server to the next.

mod crew;
mod http1;
mod http2;
mod link;
mod push;
mod tls;
mod wire;

use std::sync::Arc;

use rustls::ClientConfig;

pub(crate) use crew::{Crew, Finished};
pub(crate) use http1::Connection;
pub(crate) use http2::Puller;
pub(crate) use push::{Form, Payload, push};
pub(crate) use wire::request;

use crate::certificate::HOST;

/// Where a load goes: a port of this machine, plain or over TLS.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The port, on 127.0.0.1.
    pub(crate) port: u16,
    /// Over TLS, how.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Address {
    /// The `Host` of requests.
    pub(crate) fn host(&self) -> String {
        format!("{HOST}:{}", self.port)
    }
}
