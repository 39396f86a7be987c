//! Cache rules: which repositories are filled from elsewhere.

use gantry_oci::RepositoryName;
use serde::{Deserialize, Serialize};

use super::ResourceKind;

/// Fills a repository from one elsewhere (`Microsoft.ContainerRegistry/registries/cacheRules`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheRule {
    /// From where: a host and a repository, or a pattern with `*` at its end.
    pub source: String,
    /// Which repository, or a pattern with `*` at its end where the source is one.
    pub target: String,
    /// The id of the credential set that it signs in with.
    pub credential_set: Option<String>,
}

/// Why a cache rule can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheRuleError {
    /// The source is none.
    #[error("{0:?} is not a repository elsewhere: write it like docker.io/library/ubuntu")]
    Source(String),
    /// The target is none.
    #[error("{0:?} is neither a repository nor a pattern such as ubuntu/*")]
    Target(String),
    /// One of them is a pattern and the other isn't.
    #[error("a pattern is filled from a pattern: either both end with * or none does")]
    Pattern,
}

impl CacheRule {
    /// A rule that may be.
    pub fn new(
        source: String,
        target: String,
        credential_set: Option<String>,
    ) -> Result<Self, CacheRuleError> {
        let (host, repository) = source.split_once('/').unwrap_or((&source, ""));
        let named = host.contains(['.', ':']) || host == "localhost";
        let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        if !(named && plain && is_pattern(repository)) {
            return Err(CacheRuleError::Source(source));
        }
        if !is_pattern(&target) {
            return Err(CacheRuleError::Target(target));
        }
        match source.ends_with('*') == target.ends_with('*') {
            true => Ok(Self { source, target, credential_set }),
            false => Err(CacheRuleError::Pattern),
        }
    }

    /// Whether both fill the same repository, and neither is to be preferred: the same one, or patterns
    /// of which one has what the other has. One repository by itself goes before a pattern.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        match (self.target.strip_suffix('*'), other.target.strip_suffix('*')) {
            (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
            (None, None) => self.target == other.target,
            _ => false,
        }
    }
}

/// A repository, `*`, or a repository and `/*`.
fn is_pattern(text: &str) -> bool {
    match text.strip_suffix("/*") {
        Some(prefix) => prefix.parse::<RepositoryName>().is_ok(),
        None => text == "*" || text.parse::<RepositoryName>().is_ok(),
    }
}

impl ResourceKind for CacheRule {
    const KIND: &'static str = "cacheRules";
    const NAME: &'static str = "cache rule";

    fn may_be_called(name: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (5..=50).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, target: &str) -> Result<CacheRule, CacheRuleError> {
        CacheRule::new(source.to_owned(), target.to_owned(), None)
    }

    #[test]
    fn patterns_are_filled_from_patterns() {
        for (source, target) in [
            ("docker.io/library/ubuntu", "ubuntu"),
            ("mcr.microsoft.com/*", "*"),
            ("mcr.microsoft.com/dotnet/*", "net/*"),
            ("localhost:5001/a", "a"),
        ] {
            assert!(rule(source, target).is_ok(), "{source} {target}");
        }
        assert_eq!(rule("mcr.microsoft.com/*", "a"), Err(CacheRuleError::Pattern));
        assert!(matches!(rule("ubuntu", "a"), Err(CacheRuleError::Source(_))));
        assert!(matches!(rule("docker.io/a*", "a/*"), Err(CacheRuleError::Source(_))));
        assert!(matches!(rule("docker.io/a", "A"), Err(CacheRuleError::Target(_))));
    }

    #[test]
    fn two_rules_do_not_fill_the_same() {
        let target = |text: &str| {
            let source = if text.ends_with('*') { "docker.io/*" } else { "docker.io/a" };
            rule(source, text).unwrap()
        };
        for (one, other, conflict) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a/*", "a/b", false),
            ("a/*", "a/b/*", true),
            ("*", "a/*", true),
            ("a/*", "b/*", false),
            ("a/*", "ab/*", false),
        ] {
            assert_eq!(target(one).conflicts_with(&target(other)), conflict, "{one} {other}");
            assert_eq!(target(other).conflicts_with(&target(one)), conflict, "{other} {one}");
        }
    }
}
