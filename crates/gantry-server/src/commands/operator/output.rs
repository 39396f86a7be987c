//! What commands print: results on stdout, as a table, as JSON or as tab-separated values; a word to
//! people on stderr.

use std::io::{self, IsTerminal, Write, stdout};

use clap::ValueEnum;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Table,
    Tsv,
}

/// A result: fields in the order that they are printed in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<(&'static str, Value)>);

/// A row of names and what can be JSON.
macro_rules! row {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::commands::operator::Row(vec![$(($name, serde_json::json!($value))),*])
    };
}
pub(crate) use row;

/// What a command has to tell.
#[derive(Debug)]
pub(crate) struct Told {
    result: Result,
    word: Option<String>,
}

#[derive(Debug)]
enum Result {
    Nothing,
    One(Row),
    Many(Vec<Row>),
}

impl Format {
    /// How results are printed where nobody says how.
    pub(crate) fn usual() -> Self {
        if stdout().is_terminal() { Self::Table } else { Self::Json }
    }
}

impl Told {
    /// A result.
    pub(crate) fn one(row: Row) -> Self {
        Self { result: Result::One(row), word: None }
    }

    /// A list.
    pub(crate) fn many(rows: Vec<Row>) -> Self {
        let word = rows.is_empty().then(|| "there are none".to_owned());
        Self { result: Result::Many(rows), word }
    }

    /// A list in the order of its first fields, whatever the case of their letters.
    pub(crate) fn sorted(mut rows: Vec<Row>) -> Self {
        let key = |row: &Row| -> Vec<String> {
            row.0.iter().take(2).map(|(_, value)| plain(value).to_lowercase()).collect()
        };
        rows.sort_by_cached_key(key);
        Self::many(rows)
    }

    /// That something was done which has no result.
    pub(crate) fn done(word: impl Into<String>) -> Self {
        Self { result: Result::Nothing, word: Some(word.into()) }
    }

    /// A word to people besides.
    pub(crate) fn saying(mut self, word: impl Into<String>) -> Self {
        self.word = Some(word.into());
        self
    }

    pub(crate) fn print(&self, format: Format) -> anyhow::Result<()> {
        if let Some(word) = &self.word {
            eprintln!("{}", printable(word));
        }
        let text = self.text(format)?;
        match stdout().lock().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
            // Whoever reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    fn text(&self, format: Format) -> anyhow::Result<String> {
        Ok(match (&self.result, format) {
            (Result::Nothing, _) => String::new(),
            (Result::One(row), Format::Json) => serde_json::to_string_pretty(row)? + "\n",
            (Result::Many(rows), Format::Json) => serde_json::to_string_pretty(rows)? + "\n",
            (Result::One(row), Format::Table) => aligned(
                &row.0.iter().map(|(n, value)| vec![heading(n), cell(value)]).collect::<Vec<_>>(),
            ),
            (Result::Many(rows), Format::Table) => table(rows),
            (Result::One(row), Format::Tsv) => tsv(row),
            (Result::Many(rows), Format::Tsv) => rows.iter().map(tsv).collect(),
        })
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn table(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let heading = first.0.iter().map(|(name, _)| heading(name)).collect();
    let cells = rows.iter().map(|row| row.0.iter().map(|(_, value)| cell(value)).collect());
    aligned(&std::iter::once(heading).chain(cells).collect::<Vec<Vec<String>>>())
}

/// Lines whose cells are below each other.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |text: &String| text.chars().count();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| lines.iter().filter_map(|line| line.get(at)).map(width).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        let mut padded = String::new();
        for (cell, wide) in line.iter().zip(&widths) {
            padded.push_str(cell);
            padded.push_str(&" ".repeat(wide - width(cell) + 2));
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

fn tsv(row: &Row) -> String {
    let fields: Vec<String> = row.0.iter().map(|(_, value)| plain(value)).collect();
    fields.join("\t") + "\n"
}

/// `createdAt` as `CREATED AT`.
fn heading(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(letter.to_ascii_uppercase());
        text
    })
}

fn cell(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        value => match plain(value) {
            empty if empty.is_empty() => "-".to_owned(),
            text => text,
        },
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => printable(&other.to_string()),
    }
}

/// What strangers wrote moves no cursor, and turns no line around.
pub(super) fn printable(text: &str) -> String {
    let harmful = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::new(), |mut shown, letter| {
        match harmful(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Row> {
        let row = |name: &str, on: bool| {
            row! { "name": name, "createdAt": "2026-11-25", "enabled": on, "groups": ["a", "b"], "left": Value::Null }
        };
        vec![row("alice", true), row("b\u{1b}[2J\to", false)]
    }

    #[test]
    fn results_are_printed_in_three_ways() {
        let many = Told::many(rows());
        insta::assert_snapshot!(many.text(Format::Table).unwrap(), @r"
        NAME           CREATED AT  ENABLED  GROUPS  LEFT
        alice          2026-11-25  yes      a, b    -
        b\u{1b}[2J\to  2026-11-25  no       a, b    -
        ");
        let tsv = many.text(Format::Tsv).unwrap();
        assert!(tsv.starts_with("alice\t2026-11-25\ttrue\ta, b\t\n"), "{tsv}");
        let json: Value = serde_json::from_str(&many.text(Format::Json).unwrap()).unwrap();
        assert_eq!(json[0]["groups"], json!(["a", "b"]));
        let one = Told::one(rows().remove(0));
        insta::assert_snapshot!(one.text(Format::Table).unwrap(), @r"
        NAME        alice
        CREATED AT  2026-11-25
        ENABLED     yes
        GROUPS      a, b
        LEFT        -
        ");
        assert_eq!(Told::many(Vec::new()).text(Format::Json).unwrap(), "[]\n");
        assert_eq!(Told::many(Vec::new()).text(Format::Table).unwrap(), "");
        assert_eq!(Told::done("done").text(Format::Json).unwrap(), "");
    }
}
