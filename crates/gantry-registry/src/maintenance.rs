//! What goes on in the background: collecting garbage, sweeping sessions, keeping figures.
//!
//! Each is a pass that takes no orders: it looks at the state and moves it. A pass that breaks off
//! anywhere leaves a state that the next one goes on from.

mod collect;
mod figures;
pub mod fsck;
mod orphans;
mod repair;

pub use collect::{Collected, Collection};
