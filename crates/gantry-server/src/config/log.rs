//! `[log]`

use std::fmt;
use std::str::FromStr;

use super::reader::Reader;
use super::setting::TextSetting;

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// How lines look.
    pub(crate) format: LogFormat,
    /// What is logged: a level, or `target=level` pairs with commas.
    pub(crate) level: String,
    /// Whether each request gets a line.
    pub(crate) access: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            format: reader.setting("log.format", LogFormat::Text),
            level: reader.setting("log.level", Filter("info".to_owned())).0,
            access: reader.setting("log.access", true),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("write text or json")]
pub(crate) struct LogFormatError;

impl FromStr for LogFormat {
    type Err = LogFormatError;

    fn from_str(text: &str) -> Result<Self, LogFormatError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(LogFormatError),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl TextSetting for LogFormat {
    const WANTED: &'static str = "text or json";
}

/// A filter that `tracing-subscriber` is sure to understand.
struct Filter(String);

#[derive(Debug, thiserror::Error)]
#[error("write off, error, warn, info, debug or trace, or target=level pairs with commas")]
struct FilterError;

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let is_level = |level: &str| {
            ["off", "error", "warn", "info", "debug", "trace"]
                .iter()
                .any(|known| level.eq_ignore_ascii_case(known))
        };
        let is_target = |target: &str| {
            !target.is_empty()
                && target.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
        };
        let fits = text.split(',').all(|directive| match directive.trim().split_once('=') {
            Some((target, level)) => is_target(target) && is_level(level),
            None => is_level(directive.trim()),
        });
        if fits { Ok(Self(text.replace(' ', ""))) } else { Err(FilterError) }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextSetting for Filter {
    const WANTED: &'static str = "a level";
}
