//! The error bodies of the registry protocol.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::serde_as_text;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $message:literal;)*) => {
        /// The code of an error, by which clients tell errors apart: those of the
        /// distribution-spec, and below them those that Docker's registry added.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const EACH: &[Self] = &[$(Self::$name,)*];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The words for it where there are no better ones.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

codes! {
    /// No such blob in the repository.
    BlobUnknown = "BLOB_UNKNOWN", "blob unknown to registry";
    /// The upload cannot go on as asked.
    BlobUploadInvalid = "BLOB_UPLOAD_INVALID", "blob upload invalid";
    /// No such upload session.
    BlobUploadUnknown = "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry";
    /// A digest is malformed, of an unsupported algorithm, or not that of the content.
    DigestInvalid = "DIGEST_INVALID", "provided digest did not match uploaded content";
    /// A manifest names content that the repository lacks.
    ManifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest or blob unknown to registry";
    /// A manifest doesn't parse, or breaks a rule.
    ManifestInvalid = "MANIFEST_INVALID", "manifest invalid";
    /// No such manifest or tag in the repository.
    ManifestUnknown = "MANIFEST_UNKNOWN", "manifest unknown to registry";
    /// A repository name outside the grammar.
    NameInvalid = "NAME_INVALID", "invalid repository name";
    /// No such repository.
    NameUnknown = "NAME_UNKNOWN", "repository name not known to registry";
    /// A length that is not that of the content.
    SizeInvalid = "SIZE_INVALID", "provided length did not match content length";
    /// No credentials, or none that count.
    Unauthorized = "UNAUTHORIZED", "authentication required";
    /// Credentials that do not suffice.
    Denied = "DENIED", "requested access to the resource is denied";
    /// Something that this registry doesn't do.
    Unsupported = "UNSUPPORTED", "the operation is unsupported";
    /// More requests than are served at a time.
    TooManyRequests = "TOOMANYREQUESTS", "too many requests";
    /// A tag outside the grammar.
    TagInvalid = "TAG_INVALID", "manifest tag did not match the grammar of tags";
    /// The repository has no such tag (ACR's own).
    TagUnknown = "TAG_UNKNOWN", "the specified tag does not exist";
    /// A manifest whose signature is none.
    ManifestUnverified = "MANIFEST_UNVERIFIED", "manifest failed signature verification";
    /// A range that holds nothing, or a chunk out of order.
    RangeInvalid = "RANGE_INVALID", "invalid content range";
    /// A page size that is no number, or too large.
    PaginationNumberInvalid = "PAGINATION_NUMBER_INVALID", "invalid number of results requested";
    /// The service cannot answer just now.
    Unavailable = "UNAVAILABLE", "service unavailable";
    /// Anything else.
    Unknown = "UNKNOWN", "unknown error";
}

/// The error of [`ErrorCode::from_str`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an error code of the registry protocol")]
pub struct ErrorCodeError;

/// The body of an error answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong: one or more.
    pub errors: Vec<ErrorEntry>,
}

/// One thing that went wrong.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ErrorEntry {
    /// Its code.
    pub code: ErrorCode,
    /// What a person should read.
    #[serde(default)]
    pub message: String,
    /// What a program may read; of any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

impl ErrorBody {
    /// A body with one error.
    pub fn new(
        code: ErrorCode,
        message: impl Into<String>,
        detail: Option<serde_json::Value>,
    ) -> Self {
        Self { errors: vec![ErrorEntry { code, message: message.into(), detail }] }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = ErrorCodeError;

    fn from_str(text: &str) -> Result<Self, ErrorCodeError> {
        Self::EACH.iter().copied().find(|code| code.as_str() == text).ok_or(ErrorCodeError)
    }
}

serde_as_text!(ErrorCode, "an error code");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_print_and_parse() {
        for code in ErrorCode::EACH {
            let text = code.to_string();
            assert_eq!(text.parse(), Ok(*code));
            // The distribution-spec: only upper-case letters and underscores.
            assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{text}");
            assert!(!code.message().is_empty());
        }
        assert_eq!("blob_unknown".parse::<ErrorCode>(), Err(ErrorCodeError));
    }

    #[test]
    fn bodies_have_the_spec_s_form() {
        let detail = serde_json::json!({"digest": "sha256:1"});
        let body = ErrorBody::new(ErrorCode::BlobUnknown, "gone", Some(detail));
        let text = r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"gone","detail":{"digest":"sha256:1"}}]}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
        assert_eq!(serde_json::from_str::<ErrorBody>(text).unwrap(), body);

        let short = ErrorBody::new(ErrorCode::Unknown, "", None);
        assert_eq!(
            serde_json::from_str::<ErrorBody>(r#"{"errors":[{"code":"UNKNOWN"}]}"#).unwrap(),
            short
        );
    }
}
