//! Webhooks: who is told of what happens to content.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use gantry_oci::{RepositoryName, Secret, Tag};
use serde::{Deserialize, Serialize};

use super::ResourceKind;

/// A subscription to what happens to content (`Microsoft.ContainerRegistry/registries/webhooks`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whether anyone is told.
    pub enabled: bool,
    /// Of which content, as in `foo:*`, `foo:v1` or `foo`, which is `foo:latest`; all of it if empty.
    pub scope: String,
    /// Of what.
    pub actions: Vec<WebhookAction>,
}

/// What a webhook tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAction {
    /// An image was pushed.
    Push,
    /// A manifest or repository was deleted.
    Delete,
    /// An image is in quarantine.
    Quarantine,
    /// A chart was pushed to the old chart repository.
    ChartPush,
    /// A chart was deleted from it.
    ChartDelete,
}

/// Whom a webhook tells, and with which headers: a secret, since addresses and headers may hold one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookTarget {
    /// An absolute address, of HTTP or HTTPS.
    pub address: Secret,
    /// Headers of each request besides those that it has.
    pub headers: BTreeMap<String, Secret>,
}

/// Why a webhook can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Its scope is none.
    #[error("{0:?} is not the scope of a webhook: write repository:tag, repository:* or nothing")]
    Scope(String),
    /// It tells of nothing.
    #[error(
        "a webhook has at least one action of push, delete, quarantine, chart_push, chart_delete"
    )]
    NoAction,
}

impl Webhook {
    /// A webhook that may be.
    pub fn new(
        enabled: bool,
        scope: String,
        mut actions: Vec<WebhookAction>,
    ) -> Result<Self, WebhookError> {
        actions.sort_unstable();
        actions.dedup();
        if actions.is_empty() {
            return Err(WebhookError::NoAction);
        }
        match is_scope(&scope) {
            true => Ok(Self { enabled, scope, actions }),
            false => Err(WebhookError::Scope(scope)),
        }
    }
}

fn is_scope(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let (repository, tag) = text.split_once(':').unwrap_or((text, "latest"));
    repository.parse::<RepositoryName>().is_ok() && (tag == "*" || tag.parse::<Tag>().is_ok())
}

impl ResourceKind for Webhook {
    const KIND: &'static str = "webhooks";
    const NAME: &'static str = "webhook";
}

impl WebhookAction {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Push, Self::Delete, Self::Quarantine, Self::ChartPush, Self::ChartDelete];

    /// Its name as ARM writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Quarantine => "quarantine",
            Self::ChartPush => "chart_push",
            Self::ChartDelete => "chart_delete",
        }
    }
}

impl FromStr for WebhookAction {
    type Err = WebhookError;

    fn from_str(text: &str) -> Result<Self, WebhookError> {
        let found = Self::ALL.into_iter().find(|one| text.eq_ignore_ascii_case(one.as_str()));
        found.ok_or(WebhookError::NoAction)
    }
}

impl fmt::Display for WebhookAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_content() {
        let scope = |text: &str| Webhook::new(true, text.to_owned(), vec![WebhookAction::Push]);
        for good in ["", "foo", "foo:*", "foo/bar:v1"] {
            assert!(scope(good).is_ok(), "{good}");
        }
        for bad in ["foo:", "*", "foo*", "Foo", "foo:v1:v2", ":v1"] {
            assert_eq!(scope(bad), Err(WebhookError::Scope(bad.to_owned())));
        }
        assert_eq!(Webhook::new(true, String::new(), Vec::new()), Err(WebhookError::NoAction));
    }
}
