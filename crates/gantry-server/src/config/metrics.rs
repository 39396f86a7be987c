//! `[metrics]`

use std::fmt;
use std::str::FromStr;

use super::reader::Reader;
use super::setting::TextSetting;

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metrics {
    /// Who may read `/metrics`.
    pub(crate) access: MetricsAccess,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsAccess {
    /// Peers on this machine.
    Loopback,
    /// Everyone who reaches the server.
    Open,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { access: reader.setting("metrics.access", MetricsAccess::Loopback) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("write loopback or open")]
pub(crate) struct MetricsAccessError;

impl FromStr for MetricsAccess {
    type Err = MetricsAccessError;

    fn from_str(text: &str) -> Result<Self, MetricsAccessError> {
        match text {
            "loopback" => Ok(Self::Loopback),
            "open" => Ok(Self::Open),
            _ => Err(MetricsAccessError),
        }
    }
}

impl fmt::Display for MetricsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Open => "open",
        })
    }
}

impl TextSetting for MetricsAccess {
    const WANTED: &'static str = "loopback or open";
}
