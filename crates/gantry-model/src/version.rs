//! Versions of resources: whether one is still as it was seen by whoever changes it.

use std::fmt;

use crate::epoch::EpochSubject;
use crate::registry::Registry;

/// The state that a resource is in, as a text without spaces or quotes. Another after each change, and
/// for a resource that was made again under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

/// A resource as it was read, and which state that was: never a later one, so that a change that came
/// between is one that whoever changes this hasn't seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The resource.
    pub value: T,
    /// Its state.
    pub version: Version,
}

/// What writing a resource did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none of that name.
    Made,
    /// There was one.
    Changed,
}

/// What writing does where there is no resource of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfAbsent {
    /// Makes one.
    Make,
    /// Refuses.
    Refuse,
}

/// Which state a resource must be in to be changed or deleted (RFC 9110, 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Any: the last change wins.
    #[default]
    None,
    /// There must be none yet.
    Absent,
    /// There must be one.
    Present,
    /// One of these, as texts of versions.
    OneOf(Vec<String>),
}

/// The resource isn't in the state that was asked for: it was changed, made or deleted meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the resource is not in the state that the precondition names: read it again")]
pub struct PreconditionFailed;

impl Version {
    /// Of a resource whose every change raises the epoch of `subject`, which is at `value`.
    pub fn of(subject: &EpochSubject, value: i64) -> Self {
        Self(format!("{}.{value}", subject.as_str().replace(' ', "-")))
    }

    /// Of a registry.
    pub fn of_registry(registry: &Registry) -> Self {
        Self(format!("registry-{}.{}", registry.id, registry.epoch))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Precondition {
    /// Whether a resource in that state, or none, may be written.
    pub fn check(&self, present: Option<&Version>) -> Result<(), PreconditionFailed> {
        let holds = match (self, present) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::OneOf(versions), Some(version)) => {
                versions.iter().any(|one| one == version.as_str())
            }
            (Self::Absent, Some(_)) | (Self::Present | Self::OneOf(_), None) => false,
        };
        if holds { Ok(()) } else { Err(PreconditionFailed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precondition_names_a_state() {
        let version = |value| Version::of(&EpochSubject::token("a"), value);
        let one = Precondition::OneOf(vec![version(1).to_string(), version(3).to_string()]);
        for (precondition, present, holds) in [
            (&Precondition::None, None, true),
            (&Precondition::None, Some(version(1)), true),
            (&Precondition::Absent, None, true),
            (&Precondition::Absent, Some(version(1)), false),
            (&Precondition::Present, None, false),
            (&Precondition::Present, Some(version(1)), true),
            (&one, None, false),
            (&one, Some(version(1)), true),
            (&one, Some(version(2)), false),
            (&one, Some(version(3)), true),
        ] {
            let checked = precondition.check(present.as_ref());
            assert_eq!(checked.is_ok(), holds, "{precondition:?} {present:?}");
        }
    }
}
