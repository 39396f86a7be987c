//! Ranges of repository names, by which a catalog finds what may be shown without looking at the
//! rest.

use std::borrow::Cow;

use gantry_oci::RepositoryName;

/// The names from `from` on, up to and without `to`, in byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRange {
    /// The first name that may be in it.
    pub from: Cow<'static, str>,
    /// The first behind it; `None` where nothing is behind.
    pub to: Option<String>,
}

impl NameRange {
    /// Every name.
    pub const EVERY: Self = Self { from: Cow::Borrowed(""), to: None };

    /// One name.
    pub fn only(name: &RepositoryName) -> Self {
        Self { from: name.to_string().into(), to: Some(behind(name.as_str())) }
    }

    /// The names below a path.
    pub fn below(path: &RepositoryName) -> Self {
        // `0` comes right behind `/`.
        Self { from: format!("{path}/").into(), to: Some(format!("{path}0")) }
    }

    pub(super) fn of(range: &gantry_arm::NameRange) -> Self {
        Self { from: range.from().to_owned().into(), to: range.until().map(str::to_owned) }
    }

    /// Whether the name is in it.
    pub fn has(&self, name: &str) -> bool {
        *self.from <= *name && self.to.as_deref().is_none_or(|to| name < to)
    }
}

/// A text behind `name` and before every other name that comes behind it: names have no character as
/// small as this.
pub fn behind(name: &str) -> String {
    format!("{name}!")
}

/// The same names in ranges that are in order and apart from each other.
pub(super) fn merge(mut ranges: Vec<NameRange>) -> Vec<NameRange> {
    ranges.sort_by(|a, b| a.from.cmp(&b.from));
    let mut merged: Vec<NameRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.to.as_deref().is_none_or(|to| *range.from <= *to) => {
                last.to = match (last.to.take(), range.to) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
            }
            _ => merged.push(range),
        }
    }
    merged
}
