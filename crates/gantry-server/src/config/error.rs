//! Mistakes in the configuration.

use std::fmt;

use super::source::Source;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) key: String,
    /// `None` where something is missing.
    pub(super) source: Option<Source>,
    pub(super) problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) if !self.key.is_empty() => {
                write!(f, "{} ({source}): {}", self.key, self.problem)
            }
            Some(source) => write!(f, "{source}: {}", self.problem),
            None => write!(f, "{}: {}", self.key, self.problem),
        }
    }
}

/// Every mistake found in the configuration, in the order of the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigErrors(pub(super) Vec<Mistake>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [_] => write!(f, "a mistake in the configuration:")?,
            all => write!(f, "{} mistakes in the configuration:", all.len())?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for ConfigErrors {}
