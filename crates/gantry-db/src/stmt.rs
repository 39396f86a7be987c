//! One SQL text for both databases.

use std::borrow::Cow;

/// A statement that SQLite and PostgreSQL both run.
///
/// Arguments are `$1`, `$2`, … in any order and as often as needed. Comments stand for row locks that only
/// PostgreSQL needs, since SQLite has one writer: `/*FOR UPDATE*/` becomes `for update`, `/*FOR NO KEY UPDATE*/`
/// `for no key update`, which those don't wait for who only name the row, and `/*SKIP LOCKED*/` becomes
/// `for update skip locked`.
///
/// ```
/// # use gantry_db::Stmt;
/// const CLAIM: Stmt = Stmt::new("select id from job where state = $1 order by id limit $2 /*SKIP LOCKED*/");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stmt {
    sql: &'static str,
}

impl Stmt {
    /// Names a statement. Nothing is checked until it is prepared; see [`Db::explain`](crate::Db::explain).
    pub const fn new(sql: &'static str) -> Self {
        Self { sql }
    }

    /// The text as written, which is also the text SQLite runs.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// How many arguments it takes: the highest `n` of a `$n`.
    pub(crate) fn parameters(&self) -> usize {
        let numbers = self.sql.split('$').skip(1).map(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse().unwrap_or(0)
        });
        numbers.max().unwrap_or(0)
    }

    /// The text PostgreSQL runs.
    pub(crate) fn postgres(&self) -> Cow<'static, str> {
        if !self.sql.contains("/*") {
            return Cow::Borrowed(self.sql);
        }
        let locks = self
            .sql
            .replace("/*SKIP LOCKED*/", "for update skip locked")
            .replace("/*FOR NO KEY UPDATE*/", "for no key update")
            .replace("/*FOR UPDATE*/", "for update");
        Cow::Owned(locks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_by_their_numbers() {
        assert_eq!(Stmt::new("select 1").parameters(), 0);
        assert_eq!(Stmt::new("select $2, $10, $1").parameters(), 10);
    }

    #[test]
    fn lock_tokens_become_clauses_on_postgres_and_stay_comments_on_sqlite() {
        let stmt = Stmt::new("select id from job /*SKIP LOCKED*/");
        assert_eq!(stmt.sql(), "select id from job /*SKIP LOCKED*/");
        assert_eq!(stmt.postgres(), "select id from job for update skip locked");
        assert_eq!(
            Stmt::new("select id from job /*FOR UPDATE*/").postgres(),
            "select id from job for update"
        );
        assert_eq!(
            Stmt::new("select id from job /*FOR NO KEY UPDATE*/").postgres(),
            "select id from job for no key update"
        );
    }
}
