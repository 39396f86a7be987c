//! Certificates from authorities, over ACME (RFC 8555).
//!
//! [`Acme`] is a reconciler: it looks at which names need a certificate and at which it has, and
//! moves. What it has is in the catalog, private keys sealed under the master key, so that
//!
//! - one node at a time asks the authority (a lease), and any node answers when the authority looks
//!   whether a name is ours ([`Answers`]): by HTTP-01 (RFC 8555 §8.3) or TLS-ALPN-01 (RFC 8737). For
//!   DNS-01 (RFC 8555 §8.4) a webhook sets the record;
//! - all nodes take up a new certificate within a second or two ([`Acme::follow`]);
//! - a certificate in use stays until the next one was looked at and found good, and a restart asks
//!   for nothing that is there.
//!
//! Each name has a certificate of its own: one that can't be had keeps no other from its renewal.
//! Failures are waited out, longer each time, since authorities count attempts; why the last one
//! failed is kept with the name. Certificates for addresses (RFC 8738) are not asked for: a client
//! that connects to an address names none, so there would be nothing to choose them by.

mod account;
mod acme;
mod answers;
mod dns;
mod error;
mod issued;
mod lease;
mod name;
mod order;
mod renewal;
mod schedule;
mod settings;
mod transport;

pub use acme::{Acme, AcmeOptions};
pub use answers::{Answers, SelfSigned};
pub use gantry_catalog::ChallengeKind;
pub use issued::UsableCertificate;
pub use name::{CertificateName, CertificateNameError};
pub use settings::{AcmeSettings, Challenge, DnsWebhook, ExternalAccount};
