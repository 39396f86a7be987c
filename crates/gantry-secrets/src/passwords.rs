//! Passwords that people think up: Argon2id (RFC 9106) with the parameters that OWASP's password
//! storage guide gives first (19 MiB, 2 passes).
//!
//! One check costs some 25 ms of a core and 19 MiB. So only two run at a time, and whoever comes
//! while many wait is told to come again: guessing must not take the server down.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// The longest password, in bytes: what NIST SP 800-63B asks for at least, four times over.
pub const LONGEST: usize = 256;
const AT_ONCE: usize = 2;
/// Who finds more than these waiting doesn't wait.
const QUEUE: usize = 64;

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));
static QUEUED: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(QUEUE)));
/// What is checked for users that aren't there, so that they take as long as others.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hash_now("nobody's").expect("the parameters are good"));

/// Why a password was neither hashed nor checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many people are signing in: try again in a moment")]
    Busy,
    /// It is longer than [`LONGEST`].
    #[error("a password has at most 256 bytes")]
    TooLong,
    /// The hash is damaged, or no processor time was to be had.
    #[error("the password could not be checked")]
    Failed,
}

/// The hash of a password, in PHC form.
pub async fn hash(password: &str) -> Result<String, PasswordError> {
    let password = bounded(password)?;
    in_turn(move || hash_now(&password)).await
}

/// Whether the password is the one of the hash; `None` stands for nobody's, which no password is,
/// and takes as long.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
    let password = bounded(password)?;
    let known = hash.is_some();
    let hash = hash.map_or_else(|| NOBODYS.clone(), str::to_owned);
    let right = in_turn(move || {
        let hash = PasswordHash::new(&hash).map_err(|_| PasswordError::Failed)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?;
    Ok(right && known)
}

fn bounded(password: &str) -> Result<String, PasswordError> {
    if password.len() > LONGEST { Err(PasswordError::TooLong) } else { Ok(password.to_owned()) }
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let queued = Arc::clone(&QUEUED).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
    let turn = Arc::clone(&TURNS).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
    // The work goes on when whoever asked for it is gone, and so it keeps its turn.
    let work = move || {
        let _both = (queued, turn);
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Failed)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

    #[test]
    fn nobodys_costs_as_much() {
        assert!(NOBODYS.starts_with(COSTS), "{}", *NOBODYS);
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let hash = hash("correct horse").await.unwrap();
        assert!(hash.starts_with(COSTS), "{hash}");
        assert_eq!(verify("correct horse", Some(&hash)).await, Ok(true));
        assert_eq!(verify("Correct horse", Some(&hash)).await, Ok(false));
        assert_eq!(verify("nobody's", None).await, Ok(false));
        assert_eq!(verify("x", Some("damaged")).await, Err(PasswordError::Failed));
        assert_eq!(verify(&"x".repeat(257), None).await, Err(PasswordError::TooLong));
    }
}
