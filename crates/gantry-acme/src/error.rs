//! Why there is no certificate.

use gantry_catalog::{ChallengeKind, DbError};
use gantry_outbound::FetchError;
use gantry_secrets::SealError;

/// Texts of others are kept up to that many characters.
const MAX_TEXT: usize = 600;

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// There was no answer, or none of ACME.
    #[error("the authority can't be asked: {}", told(.0))]
    Unreachable(#[source] instant_acme::Error),
    /// It took too long over it, or left out what belongs to an answer.
    #[error("the order failed: {}", told(.0))]
    Order(#[source] instant_acme::Error),
    /// It said no.
    #[error("the authority refused: {}", told(.0))]
    Refused(#[source] instant_acme::Error),
    /// It looked, and did not find what it should.
    #[error("the {kind} challenge failed: {reason}")]
    Challenge {
        /// How it looked.
        kind: ChallengeKind,
        /// What it said.
        reason: String,
    },
    /// It doesn't look in the way that is configured.
    #[error("the authority offers no {0} challenge for this name")]
    NotOffered(ChallengeKind),
    /// The record could not be set.
    #[error("the DNS webhook failed: {}", told(.0))]
    Webhook(#[source] FetchError),
    /// What came is no certificate for the name and key that were asked for.
    #[error("the certificate is of no use: {0}")]
    Unusable(String),
    /// No key or request could be made.
    #[error("making a key")]
    Key(#[from] rcgen::Error),
    /// A kept key doesn't open.
    #[error("the account's key: {0}")]
    Sealed(#[from] SealError),
    /// The catalog failed.
    #[error("the catalog: {0}")]
    Catalog(#[from] DbError),
}

impl From<instant_acme::Error> for IssueError {
    fn from(error: instant_acme::Error) -> Self {
        use instant_acme::Error as Acme;
        match error {
            Acme::Api(_) | Acme::Unsupported(_) => Self::Refused(error),
            Acme::Other(_) | Acme::Http(_) | Acme::InvalidUri(_) | Acme::Json(_) => {
                Self::Unreachable(error)
            }
            _ => Self::Order(error),
        }
    }
}

impl IssueError {
    /// Whether every other name would fare the same.
    pub(crate) fn is_about_all_names(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Sealed(_) | Self::Catalog(_))
    }

    /// Whether the authority has had enough for now.
    pub(crate) fn is_rate_limit(&self) -> bool {
        self.is_problem("rateLimited")
    }

    /// Whether the authority doesn't know our account.
    pub(crate) fn is_unknown_account(&self) -> bool {
        self.is_problem("accountDoesNotExist")
    }

    /// Whether the authority gave this reason, one of RFC 8555 §6.7.
    pub(crate) fn is_problem(&self, name: &str) -> bool {
        let Self::Refused(instant_acme::Error::Api(problem)) = self else { return false };
        let kind = problem.r#type.as_deref().unwrap_or_default();
        kind.strip_prefix("urn:ietf:params:acme:error:") == Some(name)
    }

    /// For people, of bounded length.
    pub(crate) fn reason(&self) -> String {
        bounded(&self.to_string())
    }
}

/// What a peer said, as one line of bounded length.
pub(crate) fn bounded(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).take(MAX_TEXT).collect()
}

/// An error with what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their sources.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use gantry_outbound::FetchError;
    use instant_acme::{Error, Problem};

    use super::*;

    fn problem(name: &str) -> IssueError {
        let kind = format!("urn:ietf:params:acme:error:{name}");
        let json = serde_json::json!({ "type": kind, "detail": "no\nmore" });
        let problem: Problem = serde_json::from_value(json).unwrap();
        Error::Api(problem).into()
    }

    #[test]
    fn what_an_authority_says_is_told_on_one_line() {
        let reason = problem("rejectedIdentifier").reason();
        assert_eq!(
            reason,
            "the authority refused: API error: no more (urn:ietf:params:acme:error:rejectedIdentifier)"
        );
        assert_eq!(bounded(&"x".repeat(10_000)).len(), MAX_TEXT);
    }

    #[test]
    fn failures_are_told_apart() {
        let unreachable: IssueError =
            Error::Other(Box::new(FetchError::TimedOut { host: "ca.example.com".into() })).into();
        assert!(unreachable.is_about_all_names());
        assert_eq!(
            unreachable.reason(),
            "the authority can't be asked: ca.example.com took too long"
        );
        assert!(problem("rateLimited").is_rate_limit());
        assert!(problem("accountDoesNotExist").is_unknown_account());
        assert!(!problem("rejectedIdentifier").is_about_all_names());
        assert!(!IssueError::from(Error::Timeout(None)).is_about_all_names());
    }
}
