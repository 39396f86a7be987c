//! What can go wrong. No variant repeats what a peer sent: that may be a secret of its own.

use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A file of certificates can't be used.
    #[error("certificates in {}: {problem}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// TLS can't be set up.
    #[error("TLS")]
    Tls(#[source] rustls::Error),
    /// The client can't be set up.
    #[error("the HTTP client")]
    Client(#[source] Arc<reqwest::Error>),
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// What was to be fetched isn't the address of anything.
    #[error("not an address of the form https://host/path")]
    Url,
    /// The address has a user and a password in it.
    #[error("the address on {host} has credentials in it")]
    CredentialsInUrl {
        /// The host asked.
        host: String,
    },
    /// The address isn't HTTPS.
    #[error("the address on {host} is not https")]
    NotHttps {
        /// The host asked.
        host: String,
    },
    /// The host's addresses are none that may be connected to.
    #[error("{host} is not at an address that is allowed")]
    ForbiddenAddress {
        /// The host asked.
        host: String,
    },
    /// There was no connection, or it broke.
    #[error("{host} can't be reached")]
    Unreachable {
        /// The host asked.
        host: String,
        /// What happened.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// It took too long.
    #[error("{host} took too long")]
    TimedOut {
        /// The host asked.
        host: String,
    },
    /// One redirect led to the next too often.
    #[error("{host} began more redirects than are followed")]
    TooManyRedirects {
        /// The host asked first.
        host: String,
    },
    /// A redirect without an address that could be followed.
    #[error("{host} redirects to no address")]
    RedirectNowhere {
        /// The host asked.
        host: String,
    },
    /// A redirect to where this request doesn't go.
    #[error("{host} redirects to another host")]
    RedirectElsewhere {
        /// The host asked.
        host: String,
    },
    /// The answer is longer than asked for.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// The host asked.
        host: String,
        /// The bound.
        limit: usize,
    },
    /// The answer is compressed, which it was asked not to be.
    #[error("the answer of {host} is encoded")]
    Encoded {
        /// The host asked.
        host: String,
    },
    /// The answer is another than 200.
    #[error("{host} answered {status}")]
    Status {
        /// The host asked.
        host: String,
        /// Its answer.
        status: StatusCode,
    },
    /// The answer isn't the JSON that was expected.
    #[error("the answer of {host} is not the JSON expected (at line {line}, column {column})")]
    Json {
        /// The host asked.
        host: String,
        /// Where it stops to be.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}
