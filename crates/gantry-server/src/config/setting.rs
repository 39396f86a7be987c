//! Types that a setting can have.

use std::path::PathBuf;
use std::str::FromStr;

use super::source::{Located, Value};

/// A type that a setting can have.
pub(super) trait Setting: Sized {
    /// Reads a value; an error says what is wrong with it.
    fn read(located: &Located) -> Result<Self, String>;
}

/// A type written as text, both in the file and in the environment.
pub(super) trait TextSetting: FromStr<Err: std::fmt::Display> {
    /// What the text should be, for those who wrote something else.
    const WANTED: &'static str;
    /// Whether what was written must not be repeated to the reader of an error.
    const SECRET: bool = false;
}

impl<T: TextSetting> Setting for T {
    fn read(located: &Located) -> Result<Self, String> {
        match &located.value {
            Value::Bare(text) | Value::Text(text) => match text.parse() {
                Ok(value) => Ok(value),
                Err(error) if T::SECRET => Err(error.to_string()),
                Err(error) => Err(format!("{text:?}: {error}")),
            },
            other => Err(format!("{}, where {} is wanted", other.kind(), T::WANTED)),
        }
    }
}

impl TextSetting for String {
    const WANTED: &'static str = "a text";
}

impl TextSetting for PathBuf {
    const WANTED: &'static str = "a path";
}

impl Setting for bool {
    fn read(located: &Located) -> Result<Self, String> {
        match &located.value {
            Value::Boolean(boolean) => Ok(*boolean),
            Value::Bare(text) => {
                text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
            }
            other => Err(format!("{}, where true or false is wanted", other.kind())),
        }
    }
}

impl Setting for u64 {
    fn read(located: &Located) -> Result<Self, String> {
        match &located.value {
            Value::Integer(number) => {
                Self::try_from(*number).map_err(|_| format!("{number} is negative"))
            }
            Value::Bare(text) => {
                text.parse().map_err(|_| format!("{text:?} is not a whole number"))
            }
            other => Err(format!("{}, where a whole number is wanted", other.kind())),
        }
    }
}
