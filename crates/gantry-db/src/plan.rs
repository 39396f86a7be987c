//! How a database would run a statement.

use crate::Dialect;

/// The answer of [`Db::explain`](crate::Db::explain).
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who planned it.
    pub dialect: Dialect,
    /// The planner's own words, a step per line.
    pub text: String,
}

impl Plan {
    /// The tables, by name or alias, of which every row would be read, in index order or not.
    ///
    /// The first page of a list reads from an index's beginning and stops at its limit, which counts here too: a plan
    /// doesn't tell how soon it will stop.
    pub fn scanned_tables(&self) -> Vec<&str> {
        match self.dialect {
            Dialect::Sqlite => self.text.lines().filter_map(scanned_by_sqlite).collect(),
            Dialect::Postgres => {
                let lines: Vec<&str> = self.text.lines().collect();
                (0..lines.len())
                    .filter_map(|n| scanned_by_postgres(lines[n], &lines[n + 1..]))
                    .collect()
            }
        }
    }
}

/// `SCAN t` and `SCAN t USING INDEX i`, but not `SCAN CONSTANT ROW`, `SCAN 2-ROW VALUES CLAUSE`, nor a subquery's own
/// result.
fn scanned_by_sqlite(line: &str) -> Option<&str> {
    if line.ends_with("-ROW VALUES CLAUSE") {
        return None;
    }
    let table = line.trim_start().strip_prefix("SCAN ")?.split(' ').next()?;
    (table != "CONSTANT" && !table.starts_with('(')).then_some(table)
}

/// `Seq Scan on t` and `Index Scan using i on t` without an `Index Cond` among its details.
fn scanned_by_postgres<'p>(line: &'p str, below: &[&str]) -> Option<&'p str> {
    let step = line.trim_start().trim_start_matches("->").trim_start();
    let (kind, relation) = step.split_once(" on ")?;
    let indexed = kind.starts_with("Index Scan") || kind.starts_with("Index Only Scan");
    if !indexed && !kind.starts_with("Seq Scan") && !kind.starts_with("Bitmap Index Scan") {
        return None;
    }
    let details = below.iter().take_while(|line| !line.contains("->"));
    let bounded =
        details.map(|line| line.trim_start()).any(|detail| detail.starts_with("Index Cond:"));
    (!bounded || kind.starts_with("Seq Scan"))
        .then(|| relation.split(' ').next_back().unwrap_or(relation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(dialect: Dialect, text: &str) -> Vec<String> {
        Plan { dialect, text: text.into() }.scanned_tables().into_iter().map(Into::into).collect()
    }

    #[test]
    fn sqlite_scans_are_told_from_searches() {
        let plan = "SEARCH t USING INDEX i (a=?)\nSCAN u\n  SCAN v USING COVERING INDEX j\nSCAN CONSTANT ROW\nSCAN 2-ROW VALUES CLAUSE\nSCAN (subquery-1)";
        assert_eq!(scanned(Dialect::Sqlite, plan), ["u", "v"]);
    }

    #[test]
    fn postgres_scans_are_told_from_searches() {
        let plan = "\
Nested Loop
  ->  Index Scan using i on t
        Index Cond: (a = $1)
        Filter: (b = $2)
  ->  Index Only Scan using j on u
        Filter: (c = $3)
  ->  Seq Scan on v x
  ->  Bitmap Heap Scan on w
        Recheck Cond: (d = $4)
        ->  Bitmap Index Scan on k
              Index Cond: (d = $4)";
        assert_eq!(scanned(Dialect::Postgres, plan), ["u", "x"]);
    }
}
