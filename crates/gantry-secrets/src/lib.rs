//! Secrets: what must be shown again is sealed under the master key ([`MasterKey`]); what was made
//! here has so many random bits that a fast hash keeps it ([`Generated`]); what people think up is
//! hashed slowly ([`passwords`]). Tokens that are read again without asking anyone are signed
//! ([`SignedToken`]).

mod generated;
pub mod passwords;
mod sealing;
mod signed;

pub use generated::{Generated, SecretHash};
pub use sealing::{MasterKey, SealError};
pub use signed::SignedToken;
