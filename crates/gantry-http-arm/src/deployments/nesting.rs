//! Deployments within deployments, which are bounded together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Extensions;

use crate::error::ArmError;

/// How deep deployments may be within each other, as Azure Resource Manager has it ("Using linked and nested
/// templates").
const DEEPEST: usize = 5;
/// How many resources a deployment may have with all that are within it.
const MOST: usize = 800;

/// How deep within others a deployment is, and how many resources they may all have yet.
#[derive(Clone, Debug)]
pub(super) struct Nesting {
    depth: usize,
    left: Arc<AtomicUsize>,
}

impl Nesting {
    /// That of a deployment which a request with these extensions asks for.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let own = extensions.get::<Self>().cloned();
        own.unwrap_or_else(|| Self { depth: 1, left: Arc::new(AtomicUsize::new(MOST)) })
    }

    /// That of what a deployment asks for itself.
    pub(super) fn within(&self) -> Self {
        Self { depth: self.depth + 1, left: self.left.clone() }
    }

    /// Refuses what goes too deep, or is too much.
    pub(super) fn take(&self, resources: usize) -> Result<(), ArmError> {
        if self.depth > DEEPEST {
            let message = format!("deployments may be {DEEPEST} deep within each other");
            return Err(ArmError::bad_request(message));
        }
        let take = |left: usize| left.checked_sub(resources);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(drop).map_err(|_| {
            let message = format!("a deployment may have {MOST} resources with all within it");
            ArmError::bad_request(message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_counts_too() {
        let first = Nesting::of(&Extensions::new());
        first.take(MOST - 1).unwrap();
        let within = first.within();
        within.take(2).unwrap_err();
        within.take(1).unwrap();
        first.take(1).unwrap_err();
        let deep = (0..DEEPEST).fold(first, |nesting, _| nesting.within());
        deep.take(0).unwrap_err();
    }
}
