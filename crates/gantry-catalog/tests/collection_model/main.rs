//! Model checks of the collection protocol: push, mount, HEAD, delete, re-push and collect.
//!
//! The invariant is the product's: whatever a manifest named and had at its commit stays (the
//! link, the row, the bytes under the row's key) as long as the manifest does. With it go its two
//! companions: a client that was told "you needn't upload this" is right for the grace, and
//! garbage goes in the end.
//!
//! Three models, each exhaustive over its own finite space, from the outside in:
//!
//! - [`content`]: every operation as the transactions it consists of, which is what SQLite's
//!   single writer gives; crashes between any two.
//! - [`sessions`]: upload sessions under concurrent requests, cancel and expiry.
//! - [`statements`]: the same transactions statement by statement, with the row locks and the
//!   re-read rows of PostgreSQL's READ COMMITTED.
//!
//! Each model also runs with one rule broken at a time, and the checker must find the harm: a
//! check that cannot fail proves nothing.

#![expect(clippy::print_stdout, reason = "how many states were visited is the test's report")]

mod content;
mod sessions;
mod statements;

use stateright::{Checker, HasDiscoveries, Model};
use std::collections::BTreeSet;
use std::hash::Hash;

/// Visits every reachable state and asserts that all of the model's properties hold in each.
fn assert_sound<M>(name: &str, model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + std::fmt::Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static,
{
    let checker = model.checker().threads(2).spawn_bfs().join();
    println!(
        "{name}: {} states, {} reached, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

/// Asserts that the checker finds the harm done by a broken rule, under the property named.
fn assert_caught<M>(name: &str, model: M, property: &'static str)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + std::fmt::Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static,
{
    let wanted = HasDiscoveries::AllOf(BTreeSet::from([property]));
    let checker = model.checker().threads(2).finish_when(wanted).spawn_bfs().join();
    let found = checker.discovery(property);
    let Some(path) = found else {
        panic!("{name}: {} states, and no violation of: {property}", checker.unique_state_count());
    };
    let steps: Vec<String> = path.into_actions().iter().map(|a| format!("{a:?}")).collect();
    println!("{name}: caught after {} states: {}", checker.unique_state_count(), steps.join(", "));
}
