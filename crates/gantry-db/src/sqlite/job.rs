//! A transaction body on its way through the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::tx::{Hook, Session};
use crate::{DbError, Durability, Tx};

/// What the writer does with a body, its types forgotten.
pub(super) trait Job: Send {
    fn durability(&self) -> Durability;

    /// Runs the body, anew if it ran before, and tells whether its writes are to be kept.
    fn run(&mut self, conn: &Connection) -> bool;

    /// Runs the hooks of a body whose writes were committed.
    fn committed(&mut self);

    /// Answers the caller: with the body's own result if `commit` succeeded, which it must have for writes to count.
    fn answer(self: Box<Self>, commit: Result<(), DbError>);
}

pub(super) struct Body<T, E, F> {
    pub(super) durability: Durability,
    pub(super) body: F,
    pub(super) reply: oneshot::Sender<Result<T, E>>,
    pub(super) result: Option<Result<T, E>>,
    pub(super) hooks: Vec<Hook>,
}

impl<T, E, F> Job for Body<T, E, F>
where
    T: Send,
    E: From<DbError> + Send,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, conn: &Connection) -> bool {
        let body = &self.body;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(Session::Sqlite(conn));
            let result = body(&mut tx);
            tx.finish(result)
        }));
        let (result, hooks) =
            ran.unwrap_or_else(|_| (Err(crate::tx::panicked().into()), Vec::new()));
        let keep = result.is_ok();
        self.result = Some(result);
        self.hooks = hooks;
        keep
    }

    fn committed(&mut self) {
        if matches!(self.result, Some(Ok(_))) {
            crate::tx::run_hooks(std::mem::take(&mut self.hooks));
        }
    }

    fn answer(self: Box<Self>, commit: Result<(), DbError>) {
        let result = match (self.result, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.into()),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => unreachable!("a commit follows the bodies it commits"),
        };
        // A caller that went away wants no answer.
        let _ = self.reply.send(result);
    }
}
