//! ARM words: resource ids, action patterns, conditions, filters. Pure.
//!
//! Every type here is made by parsing what a client of Azure Resource Manager sent,
//! and holding one proves that it parsed; nothing here says that a resource exists
//! or who may touch it. The grammars are those of Azure's public documentation: the
//! resource provider contract for ids, the role definition format for actions, and the
//! condition format and syntax, version 2.0, for conditions. No I/O, no clock, no
//! randomness, no async.

mod action_pattern;
mod condition;
mod filter;
mod guid;
mod name_ranges;
mod resource_id;
mod text;

pub use action_pattern::{ActionPattern, ActionPatternError};
pub use condition::{Attributes, Condition, ConditionError, Exactness, Names, Unsupported};
pub use filter::{Field, Filter, FilterError, Term};
pub use guid::{Guid, GuidError};
pub use name_ranges::{NameRange, NameRanges};
pub use resource_id::{ResourceId, ResourceIdError};
