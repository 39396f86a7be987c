//! Deployments within deployments, which are bounded together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Extensions;

use crate::error::ArmError;

/// How deep deployments may be within each other, as Azure Resource Manager has it ("Using linked and nested
/// templates").
const DEEPEST: usize = 5;
/// How many resources a deployment may have with all that are within it.
const MOST_RESOURCES: usize = 800;
/// How often one may ask for resources as they are.
const MOST_QUESTIONS: usize = 2000;
/// What is kept of one with all within it, in bytes.
const MOST_KEPT: usize = 16 << 20;

/// How deep within others a deployment is, and what they may all have yet.
#[derive(Clone, Debug)]
pub(super) struct Nesting {
    depth: usize,
    left: Arc<Left>,
}

#[derive(Debug)]
struct Left {
    resources: AtomicUsize,
    questions: AtomicUsize,
    kept: AtomicUsize,
}

impl Nesting {
    /// That of a deployment which a request with these extensions asks for.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let own = extensions.get::<Self>().cloned();
        own.unwrap_or_else(|| Self {
            depth: 1,
            left: Arc::new(Left {
                resources: AtomicUsize::new(MOST_RESOURCES),
                questions: AtomicUsize::new(MOST_QUESTIONS),
                kept: AtomicUsize::new(MOST_KEPT),
            }),
        })
    }

    /// That of what a deployment asks for itself.
    pub(super) fn within(&self) -> Self {
        Self { depth: self.depth + 1, left: self.left.clone() }
    }

    /// Whether it is within no other.
    pub(super) fn is_outermost(&self) -> bool {
        self.depth == 1
    }

    /// Refuses what goes too deep, or has too many resources.
    pub(super) fn take_resources(&self, resources: usize) -> Result<(), ArmError> {
        if self.depth > DEEPEST {
            let message = format!("deployments may be {DEEPEST} deep within each other");
            return Err(ArmError::bad_request(message));
        }
        take(&self.left.resources, resources, || {
            format!("a deployment may have {MOST_RESOURCES} resources with all within it")
        })
    }

    /// Refuses to ask too often.
    pub(super) fn take_question(&self) -> Result<(), ArmError> {
        take(&self.left.questions, 1, || {
            format!("a deployment may ask for {MOST_QUESTIONS} resources with all within it")
        })
    }

    /// Refuses to keep too much, in bytes.
    pub(super) fn take_kept(&self, bytes: usize) -> Result<(), ArmError> {
        take(&self.left.kept, bytes, || "a deployment is too long with all within it".to_owned())
    }
}

fn take(left: &AtomicUsize, some: usize, refusal: impl FnOnce() -> String) -> Result<(), ArmError> {
    let take = |left: usize| left.checked_sub(some);
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
    taken.map(drop).map_err(|_| ArmError::bad_request(refusal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_counts_too() {
        let first = Nesting::of(&Extensions::new());
        first.take_resources(MOST_RESOURCES - 1).unwrap();
        let within = first.within();
        within.take_resources(2).unwrap_err();
        within.take_resources(1).unwrap();
        first.take_resources(1).unwrap_err();
        assert!(first.is_outermost() && !within.is_outermost());
        let deep = (0..DEEPEST).fold(first, |nesting, _| nesting.within());
        deep.take_resources(0).unwrap_err();
    }
}
