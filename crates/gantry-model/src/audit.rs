//! What the audit stream tells: who signed in, who was refused.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Something that somebody tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What they tried.
    pub action: AuditAction,
    /// How it went.
    pub outcome: AuditOutcome,
    /// Whom they are, or say that they are: an identity, an account's name, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// Where they are, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// What it was about: a scope, a reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What somebody tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuditAction {
    /// To sign in to the directory.
    DirectorySignIn,
    /// To sign in to a registry.
    SignIn,
    /// To use a token.
    UseToken,
    /// To do something to a registry's content.
    Content,
    /// To do something by the management API.
    Manage,
    /// To connect from a network.
    Connect,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuditOutcome {
    /// They were let in.
    Granted,
    /// They weren't.
    Refused,
}
