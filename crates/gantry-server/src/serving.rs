//! The parts of a running server.

pub(crate) mod authority;
pub(crate) mod background;
pub(crate) mod certificates;
pub(crate) mod control;
mod fresh;
pub(crate) mod health;
pub(crate) mod logs;
pub(crate) mod routes;
pub(crate) mod welcome;
