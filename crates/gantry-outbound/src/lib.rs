//! Requests to others: webhooks' receivers, registries to import from, issuers of tokens.
//!
//! Whom to ask is often what a client said, so that a server that asked just anyone would let its
//! clients speak to what only it can reach (server-side request forgery). Hence one client,
//! [`Outbound`], which
//!
//! - connects to public addresses and to networks that the operator allows ([`OutboundOptions::allowed`]),
//!   and looks at the addresses that it then connects to: what a name meant before, and what another
//!   resolver makes of it, doesn't count;
//! - follows redirects itself, three at most, never from HTTPS to HTTP, and treats the address of each
//!   as if it had been asked for. Credentials go only to the host they are for;
//! - speaks HTTPS, by the system's certificates and those the operator adds;
//! - bounds time and length, and unpacks nothing: `Accept-Encoding: identity` is asked for, and an
//!   encoded answer refused;
//! - uses no proxy. Those of the environment (`HTTPS_PROXY`) are not looked at either: a proxy resolves
//!   names by itself, where no guard sees the address.

mod error;
mod fetch;
mod guard;
mod names;
mod outbound;
mod tls;

pub use error::{FetchError, OutboundError};
pub use fetch::{Answer, Fetch, Redirects};
pub use names::{Names, SystemNames};
pub use outbound::{Outbound, OutboundOptions};
