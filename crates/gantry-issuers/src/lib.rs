//! Outside OpenID Connect issuers: whose tokens are good, and who is in them.
//!
//! [`peek`] tells what a token says of itself, so that the issuer can be chosen whom the operator trusts
//! ([`TrustedIssuer::may_have_issued`]). [`Issuers::verify`] checks the token with that issuer's
//! keys, and gives its claims. [`identify`] tells whom the claims are about.
//!
//! Of a token's header only `alg` and `kid` are heard, and both only to choose among what the issuer has
//! published. Keys come from the issuer's own metadata (OpenID Connect Discovery 1.0 §4), never from
//! the token (`jwk`, `jku`, `x5c`, `x5u`; RFC 8725 §3.10).

mod algorithm;
mod discovery;
mod identity;
mod issuers;
mod jwks;
mod known;
mod tenants;
mod token;

pub use discovery::DiscoveryError;
pub use identity::{ForeignIdentity, IdentifyError, TrustedIssuer, identify, stands_as_it_is};
pub use issuers::{Issuers, VerifyError};
pub use token::{MAX_TOKEN_LEN, Unverified, peek};
