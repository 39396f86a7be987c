//! Signing in: the grants of the token endpoint (RFC 6749 and its relatives), each answering who it
//! was.
//!
//! What is wrong with a credential is told in the same words, and after the same time, whether the
//! account is there or not.

mod application;
mod assertion;
mod code;
mod device;
mod identity;
mod person;
mod started;

use std::net::IpAddr;
use std::time::Duration;

use gantry_arm::Guid;
use gantry_catalog::DbError;
use gantry_issuers::VerifyError;
use gantry_model::EpochSubject;
use gantry_oci::Secret;
use gantry_secrets::passwords::PasswordError;

pub use code::{AuthorizationRequest, CodeChallenge, is_sound_redirect};
pub use device::NewDevice;
pub use identity::{WhichIdentity, WorkloadProof};

pub(crate) use started::Started;

use crate::guard::{Attempt, TooManyAttempts};
use crate::{Directory, Principal, PrincipalKind, TokenRefusal};

/// The application that `az` and other programs of Microsoft's sign people in with. It has no secret
/// and is known without being made.
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Why what somebody has agreed to counts no more.
const SIGNED_OUT: &str = "whoever signed in was signed out since, or may not sign in any more";

/// What an application proves itself with.
#[derive(Clone, Debug)]
pub enum ClientProof {
    /// Nothing: a program on somebody's machine.
    Nothing,
    /// Its secret.
    Secret(Secret),
    /// A signed statement: by a certificate of its own, or by another issuer (RFC 7523).
    Assertion(Secret),
}

/// Where a request to sign in comes from, and where it came in.
#[derive(Clone, Copy, Debug)]
pub struct SignInContext<'a> {
    /// The client's address, where it can be told.
    pub address: Option<IpAddr>,
    /// The tenant's address at this server, as the client reached it: `https://host/tenant`.
    pub issuer: &'a str,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The application's id or proof is wrong.
    #[error("the application's id or its secret is wrong")]
    Client,
    /// Its secret or certificate was good once.
    #[error("the application's secret or certificate has expired")]
    ClientExpired,
    /// It may not sign in.
    #[error("the application may not sign in: it is disabled, or has no service principal")]
    ClientDisabled,
    /// It needs a proof and has shown none.
    #[error("the application must prove itself: client_secret or client_assertion is missing")]
    ClientUnproven,
    /// The assertion isn't good.
    #[error("the client assertion is not valid: {0}")]
    Assertion(&'static str),
    /// No federated credential of the application fits the assertion.
    #[error(
        "no federated credential of the application fits the assertion's issuer, subject and audience"
    )]
    NoFederation,
    /// The other issuer can't be asked, or says no.
    #[error("the assertion's issuer: {0}")]
    Issuer(VerifyError),
    /// The user's name or password is wrong.
    #[error("the user name or password is wrong")]
    Person,
    /// The user may not sign in.
    #[error("the user may not sign in: the account is disabled")]
    PersonDisabled,
    /// The user's code is missing.
    #[error("the user signs in with a code besides the password: use a browser or a device code")]
    CodeNeeded,
    /// The user's code is wrong, or was used.
    #[error("the code is wrong or was used before")]
    CodeWrong,
    /// The grant isn't good any more, or never was.
    #[error("{0}")]
    Grant(&'static str),
    /// Nobody has signed in for the device yet.
    #[error("nobody has signed in yet")]
    Pending,
    /// Somebody has said no.
    #[error("the sign-in was declined")]
    Declined,
    /// It took too long.
    #[error("the code has expired")]
    Expired,
    /// The scope names nothing, or too much.
    #[error(transparent)]
    Scope(#[from] crate::audience::ScopeError),
    /// Too many have failed.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Too many devices wait.
    #[error("too many devices wait for somebody to sign in: try again in {} s", wait.as_secs().max(1))]
    TooManyDevices {
        /// Until there is a place.
        wait: Duration,
    },
    /// Passwords can't be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
}

impl Directory {
    /// Whom the refresh token was given for, if `client` shows it and they may still come.
    pub async fn sign_in_again(&self, client: Guid, token: &str) -> Result<Principal, SignInError> {
        match self.verify_refresh(token, client).await {
            Ok(principal) => Ok(principal),
            Err(TokenRefusal::Catalog(error)) => Err(error.into()),
            Err(TokenRefusal::Expired) => Err(SignInError::Grant("the refresh token has expired")),
            Err(TokenRefusal::Revoked) => Err(SignInError::Grant("the refresh token was revoked")),
            Err(TokenRefusal::Invalid | TokenRefusal::Audience | TokenRefusal::Outside(_)) => {
                Err(SignInError::Grant("the refresh token is not valid for this client"))
            }
        }
    }

    /// Checks that a scope is one that a token can be made for, where `issuer` is the tenant's address
    /// at this server, as the client reached it.
    pub fn check_scope(&self, scope: &str, issuer: &str) -> Result<(), SignInError> {
        Ok(crate::audience::Scope::parse(scope, issuer).map(drop)?)
    }

    async fn principal(
        &self,
        id: Guid,
        kind: PrincipalKind,
        name: String,
    ) -> Result<Principal, DbError> {
        let epoch = self.sign_in_epoch(id).await?;
        Ok(Principal { id, kind, name, epoch, signed_in_at: self.now() })
    }

    async fn sign_in_epoch(&self, id: Guid) -> Result<i64, DbError> {
        self.0.catalog.epoch(&EpochSubject::sign_in(&id.to_string())).await
    }

    /// Lets the attempt be made by someone who doesn't guess, and notes how it went.
    async fn guarded<T>(
        &self,
        attempt: Attempt<'_>,
        try_it: impl Future<Output = Result<T, SignInError>>,
    ) -> Result<T, SignInError> {
        let permit = self.admit(attempt).await?;
        let outcome = try_it.await;
        match &outcome {
            Ok(_) => permit.succeed(),
            Err(
                SignInError::Client
                | SignInError::Assertion(_)
                | SignInError::Issuer(VerifyError::Signature | VerifyError::UnknownKey)
                | SignInError::Person
                | SignInError::CodeWrong,
            ) => permit.fail().await,
            Err(_) => permit.leave(),
        }
        outcome
    }
}
