//! Why a server did not do what it was asked for.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use gantry_outbound::FetchError;
use http::StatusCode;
use rustls::CertificateError;

/// A refusal, in words for whoever gave the command.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no server runs on {0}: start it with gantry serve")]
    NoServer(PathBuf),
    #[error("{0} can't be opened: run this as the user that the server runs as")]
    NotOurs(PathBuf),
    #[error("the server's socket")]
    Socket(#[source] io::Error),
    #[error("the server broke off: {0}")]
    BrokenOff(Box<dyn Error + Send + Sync>),
    #[error("{0} is no name")]
    NoName(String),
    #[error("the answer can't be read: {0}")]
    Unreadable(#[source] serde_json::Error),
    #[error("where the next page is can't be read")]
    Link,
    #[error("the certificate of {0} is of an authority that isn't known here: --ca FILE names it")]
    UnknownAuthority(String),
    #[error("the certificate of {host} is no good: {problem}")]
    BadCertificate { host: String, problem: CertificateError },
    #[error(transparent)]
    NoAnswer(FetchError),
    #[error("{0} answers, but not as Gantry does: is that the server's address?")]
    NoCloud(String),
    #[error("the server gave no token where it should have")]
    NoToken,
    #[error("{who} can't sign in: {message}")]
    SignIn { who: String, message: String },
    /// Said by the server, whose words these are.
    #[error("{message}")]
    Said { status: StatusCode, message: String },
}

impl Refusal {
    /// The same, where it was said to someone who would sign in.
    pub(super) fn of_sign_in(self, who: &str) -> Self {
        match self {
            Self::Said { message, .. } => Self::SignIn { who: who.to_owned(), message },
            other => other,
        }
    }
}

impl From<FetchError> for Refusal {
    fn from(error: FetchError) -> Self {
        let FetchError::Unreachable { host, source } = &error else { return Self::NoAnswer(error) };
        let causes = std::iter::successors(source.source(), |cause| (*cause).source());
        match causes.filter_map(of_tls).next() {
            Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                Self::UnknownAuthority(host.clone())
            }
            Some(rustls::Error::InvalidCertificate(problem)) => {
                Self::BadCertificate { host: host.clone(), problem: problem.clone() }
            }
            _ => Self::NoAnswer(error),
        }
    }
}

/// The error of TLS that this one is, or has in it.
fn of_tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let inner = || of_tls(error.downcast_ref::<io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(inner)
}
