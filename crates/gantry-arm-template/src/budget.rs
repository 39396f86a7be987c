//! What an evaluation may still make.

use std::cell::Cell;

use serde_json::Value;

use crate::known::Halt;
use crate::limits;
use crate::problem::Problem;

/// The memory that an evaluation may still fill, about in bytes.
///
/// A few variables that each refer twice to the one before make a value of any size. So
/// every value that is made is paid for, and every step costs something: that bounds both
/// memory and time.
pub(crate) struct Budget {
    left: Cell<usize>,
    depth: Cell<usize>,
}

/// What a step costs, and each value whatever its content: about the size of one in memory.
const STEP: usize = 32;

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: Cell::new(limits::BUDGET), depth: Cell::new(limits::EVALUATION_DEPTH) }
    }

    /// Pays for as many bytes, before they are made.
    pub(crate) fn bytes(&self, bytes: usize) -> Result<(), Problem> {
        let left = self.left.get().checked_sub(bytes).ok_or(Problem::TooMuch)?;
        self.left.set(left);
        Ok(())
    }

    /// Pays for a step that makes nothing.
    pub(crate) fn step(&self) -> Result<(), Problem> {
        self.bytes(STEP)
    }

    /// Does something within what is being evaluated already, unless that is too deep.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> Result<T, Halt>) -> Result<T, Halt> {
        self.step()?;
        let depth = self.depth.get();
        self.depth.set(depth.checked_sub(1).ok_or(Problem::TooDeep)?);
        let done = work();
        self.depth.set(depth);
        done
    }

    /// Pays for a value and all in it, which must not be nested too deep.
    pub(crate) fn value(&self, value: &Value) -> Result<(), Problem> {
        self.nested(value, limits::VALUE_DEPTH)
    }

    fn nested(&self, value: &Value, depth: usize) -> Result<(), Problem> {
        self.step()?;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
            Value::String(text) => self.bytes(text.len()),
            Value::Array(elements) => {
                let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
                elements.iter().try_for_each(|element| self.nested(element, depth))
            }
            Value::Object(members) => {
                let depth = depth.checked_sub(1).ok_or(Problem::TooDeep)?;
                members.iter().try_for_each(|(name, member)| {
                    self.bytes(STEP + name.len())?;
                    self.nested(member, depth)
                })
            }
        }
    }
}
