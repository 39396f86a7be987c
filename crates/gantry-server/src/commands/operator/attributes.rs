//! The attributes by which content is locked: each is true while the lock is open.

use clap::Args;
use serde_json::{Map, Value};

use super::{Row, row};

/// What is set of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct AttributeChange {
    /// Whether it can be written: pushed, moved, deleted
    #[arg(long, value_name = "BOOL")]
    write_enabled: Option<bool>,
    /// Whether it can be deleted
    #[arg(long, value_name = "BOOL")]
    delete_enabled: Option<bool>,
    /// Whether lists show it
    #[arg(long, value_name = "BOOL")]
    list_enabled: Option<bool>,
    /// Whether it can be pulled
    #[arg(long, value_name = "BOOL")]
    read_enabled: Option<bool>,
}

/// Their names, and what is locked where one is false.
const ATTRIBUTES: [(&str, &str); 4] = [
    ("writeEnabled", "write"),
    ("deleteEnabled", "delete"),
    ("listEnabled", "list"),
    ("readEnabled", "read"),
];

impl AttributeChange {
    /// As a body.
    pub(super) fn wanted(&self) -> Value {
        let values =
            [self.write_enabled, self.delete_enabled, self.list_enabled, self.read_enabled];
        let set = ATTRIBUTES.iter().zip(values).filter_map(|((name, _), value)| {
            value.map(|value| ((*name).to_owned(), Value::from(value)))
        });
        set.collect::<Map<_, _>>().into()
    }
}

/// What is locked of it, for a list.
pub(crate) fn locked(shown: &Value) -> Value {
    let attributes = &shown["changeableAttributes"];
    let locked = ATTRIBUTES.iter().filter(|(name, _)| attributes[name] == false);
    locked.map(|(_, lock)| Value::from(*lock)).collect()
}

/// All of them, for one thing that is shown.
pub(crate) fn attributes(shown: &Value) -> Row {
    let attributes = &shown["changeableAttributes"];
    row! {
        "writeEnabled": attributes["writeEnabled"],
        "deleteEnabled": attributes["deleteEnabled"],
        "listEnabled": attributes["listEnabled"],
        "readEnabled": attributes["readEnabled"],
    }
}
