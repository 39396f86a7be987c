//! The network edge: listeners, TLS, certificates, and the life of connections.
//!
//! One port speaks both protocols: the first byte of a connection tells TLS from plain HTTP, and
//! plain HTTP is answered only to the [`Peers`] it is told. Before that byte, proxies that are known
//! to speak the PROXY protocol say for whom they connect. Behind it any `tower` service gets
//! requests whose extensions hold a [`ConnectionInfo`] and, on a plain connection, the
//! [`FileLane`](gantry_filelane::FileLane) by which files go out without a copy.
//!
//! What the edge promises: every wait is bounded, one connection's failure never reaches another,
//! certificates change without a restart, and a drain lets requests finish. What it refuses to
//! know: registries, actors, and paths, but for the one by which certificate authorities ask. Everything it starts is on the [`Lifecycle`].

mod activity;
mod authority;
mod certificates;
mod challenges;
mod connection;
mod descriptors;
mod edge;
mod ends;
mod entrance;
mod facts;
mod lifecycle;
mod listen;
mod names;
mod peers;
mod per_address;
mod proxy_header;
mod reply;
mod serve;
mod sniff;
mod tls;
mod tuning;
mod untaken;

pub use authority::{Authority, AuthorityError, AuthorityParts, KeySeal, OpenKey};
pub use certificates::{
    CertificateEnd, CertificateError, CertificateFiles, CertificateSource, Issued,
    IssuedCertificates, IssuedError, ServedCertificates,
};
pub use challenges::{ChallengeCertificate, Challenges};
pub use connection::{ConnectionInfo, Scheme};
pub use descriptors::raise_descriptor_limit;
pub use edge::{Edge, EdgeConfig, EdgeError};
pub use entrance::{Entrance, PrivateNetworks};
pub use facts::{CertificateFacts, FactsError};
pub use lifecycle::{Ending, Lifecycle};
pub use listen::{ListenAddress, ListenError};
pub use peers::Peers;
pub use tls::TlsMinimum;
pub use tuning::Limits;
