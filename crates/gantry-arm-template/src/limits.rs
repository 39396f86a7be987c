//! How much a template may have and its evaluation may make: Azure's limits ("Resolve
//! errors for template limits", "Understand the structure and syntax of ARM templates"),
//! and where Azure names none, ours.

/// Parameters of a template.
pub(crate) const PARAMETERS: usize = 256;

/// Variables of a template.
pub(crate) const VARIABLES: usize = 256;

/// Resources of a template, with each turn of a loop counted.
pub(crate) const RESOURCES: usize = 800;

/// Outputs of a template.
pub(crate) const OUTPUTS: usize = 64;

/// Turns of one loop.
pub(crate) const TURNS: usize = 800;

/// Characters of one expression.
pub(crate) const EXPRESSION_LEN: usize = 24_576;

/// Calls within each other in one expression, and properties taken from a value in a row.
pub(crate) const EXPRESSION_DEPTH: usize = 48;

/// Objects and arrays within each other, in a template and in every value made.
pub(crate) const VALUE_DEPTH: usize = 64;

/// Objects, calls and variables that are being evaluated within each other.
pub(crate) const EVALUATION_DEPTH: usize = 128;

/// Elements that `range` makes.
pub(crate) const RANGE: i64 = 10_000;

/// What one evaluation may make, in the measure of [`Budget`](crate::budget::Budget).
pub(crate) const BUDGET: usize = 16 << 20;
