//! Takes settings out of their sources and collects the mistakes.
//!
//! Each section asks for its settings by key. What was given and nobody asked for is unknown, and
//! unknown is a mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::env::{env_name, is_setting};
use super::error::{ConfigErrors, Mistake};
use super::setting::Setting;
use super::source::{Located, Source, Value, parse_file, parse_inline};

/// The sources, less what was taken.
#[derive(Default)]
pub(super) struct Reader {
    flags: BTreeMap<&'static str, Located>,
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, Located>,
    /// Every setting asked for, with its default as people write it.
    known: BTreeMap<String, String>,
    /// Settings that are lists of tables.
    tables: BTreeSet<&'static str>,
    /// Before each key in messages: which entry of which list is being read.
    entry: String,
    mistakes: Vec<Mistake>,
}

impl Reader {
    pub(super) fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let environment = environment
            .into_iter()
            .filter(|(name, value)| is_setting(name) && !value.is_empty())
            .collect();
        Self { environment, ..Self::default() }
    }

    /// Adds a flag's values.
    pub(super) fn flag(
        &mut self,
        key: &'static str,
        flag: &'static str,
        values: impl IntoIterator<Item = String>,
    ) {
        let source = Source::Flag(flag);
        let mut values: Vec<_> = values
            .into_iter()
            .map(|text| Located { value: Value::Bare(text), source: source.clone() })
            .collect();
        match values.len() {
            0 => None,
            1 => self.flags.insert(key, values.remove(0)),
            _ => self.flags.insert(key, Located { value: Value::List(values), source }),
        };
    }

    /// Reads the file named by flag or environment, if any.
    pub(super) fn open_file(
        &mut self,
        flag: Option<PathBuf>,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) {
        self.flag(
            "config",
            "--config",
            flag.iter().map(|path| path.to_string_lossy().into_owned()),
        );
        let Some(named) = self.take("config", "none") else { return };
        let Some(path) = self.convert::<PathBuf>("config", &named) else { return };
        // The flag's own bytes, should they not be UTF-8.
        let path = Rc::new(flag.unwrap_or(path));
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) => {
                let problem = format!("{}: {error}", path.display());
                return self.mistake("config", Some(named.source), problem);
            }
        };
        let document = parse_file(&path, &text);
        for (source, problem) in document.errors {
            self.mistake("", Some(source), problem);
        }
        for (key, located) in document.entries {
            match located.value {
                Value::Table(section) => self.file.extend(
                    section.into_iter().map(|(name, located)| (format!("{key}.{name}"), located)),
                ),
                _ => drop(self.file.insert(key, located)),
            }
        }
    }

    /// Takes a setting, or its default.
    pub(super) fn setting<T: Setting + Display>(&mut self, key: &str, default: T) -> T {
        self.checked(key, default, |_| Ok(()))
    }

    /// Takes a setting; `absent` tells people what holds without it.
    pub(super) fn optional<T: Setting>(&mut self, key: &str, absent: &str) -> Option<T> {
        self.take(key, absent).and_then(|located| self.convert(key, &located))
    }

    /// Takes a setting that the table at `table` must have.
    pub(super) fn required<T: Setting>(&mut self, key: &str, table: &Source) -> Option<T> {
        let Some(located) = self.take(key, "required") else {
            self.mistake(key, Some(table.clone()), "is missing".to_owned());
            return None;
        };
        self.convert(key, &located)
    }

    /// Takes a setting that must pass a check, or its default.
    pub(super) fn checked<T: Setting + Display>(
        &mut self,
        key: &str,
        default: T,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> T {
        let Some(located) = self.take(key, &default.to_string()) else { return default };
        let Some(value) = self.convert::<T>(key, &located) else { return default };
        if let Err(problem) = check(&value) {
            self.mistake(key, Some(located.source), problem);
        }
        value
    }

    /// Takes a setting between two bounds, both allowed.
    pub(super) fn bounded<T>(&mut self, key: &str, default: T, least: T, most: T) -> T
    where
        T: Setting + Display + PartialOrd + Copy,
    {
        self.checked(key, default, |value| match *value < least || *value > most {
            false => Ok(()),
            true => Err(format!("{value} is not between {least} and {most}")),
        })
    }

    /// Takes a list; `shown` is its default as people write it. In the environment its items are
    /// separated by commas: brackets belong to IPv6 addresses.
    pub(super) fn list<T: Setting>(&mut self, key: &str, shown: &str) -> Option<Vec<(T, Source)>> {
        let located = self.take(key, shown)?;
        let source = located.source;
        let items = match located.value {
            Value::List(items) => items,
            Value::Bare(text) => text
                .split(',')
                .map(|item| Located {
                    value: Value::Bare(item.trim().to_owned()),
                    source: source.clone(),
                })
                .collect(),
            other => {
                let problem = format!("{}, where a list is wanted", other.kind());
                self.mistake(key, Some(source), problem);
                return None;
            }
        };
        let read = |item: &Located| Some((self.convert(key, item)?, item.source.clone()));
        Some(items.iter().filter_map(read).collect())
    }

    /// Takes a list of at least one that the table at `table` must have.
    pub(super) fn required_list<T: Setting>(&mut self, key: &str, table: &Source) -> Vec<T> {
        let mistakes = self.mistakes.len();
        let items = self.list(key, "required").unwrap_or_default();
        if items.is_empty() && self.mistakes.len() == mistakes {
            self.mistake(key, Some(table.clone()), "is missing".to_owned());
        }
        items.into_iter().map(|(item, _)| item).collect()
    }

    /// Takes a list of tables, each read by `read` with a reader of its own.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Self, &Source) -> Option<T>,
    ) -> Vec<T> {
        self.tables.insert(key);
        let Some(located) = self.take(key, "none") else { return vec![] };
        let located = match &located.value {
            Value::Bare(text) => match parse_inline(text, &located.source) {
                Ok(parsed) => parsed,
                Err(problem) => {
                    self.mistake(key, Some(located.source), problem);
                    return vec![];
                }
            },
            _ => located,
        };
        let Value::List(items) = located.value else {
            self.mistake(key, Some(located.source), "a list of tables is wanted".to_owned());
            return vec![];
        };
        items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| self.table(key, index, item, &mut read))
            .collect()
    }

    fn table<T>(
        &mut self,
        key: &str,
        index: usize,
        item: Located,
        read: &mut impl FnMut(&mut Self, &Source) -> Option<T>,
    ) -> Option<T> {
        let Value::Table(fields) = item.value else {
            let problem =
                format!("entry {}: {}, where a table is wanted", index + 1, item.value.kind());
            self.mistake(key, Some(item.source), problem);
            return None;
        };
        let mut reader = Self {
            file: fields.into_iter().collect(),
            entry: format!("{key}[{}].", index + 1),
            ..Self::default()
        };
        let value = read(&mut reader, &item.source);
        reader.refuse_unknown();
        self.mistakes.append(&mut reader.mistakes);
        self.known.extend(
            reader.known.into_iter().map(|(field, default)| (format!("{key}.{field}"), default)),
        );
        value
    }

    /// Whether a mistake about `key` was noted.
    pub(super) fn is_mistaken(&self, key: &str) -> bool {
        let key = format!("{}{key}", self.entry);
        self.mistakes.iter().any(|mistake| mistake.key == key)
    }

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, key: &str, source: Option<Source>, problem: String) {
        self.mistakes.push(Mistake { key: format!("{}{key}", self.entry), source, problem });
    }

    /// Ends the reading: whatever nobody took is unknown.
    pub(super) fn finish(mut self) -> Result<(), ConfigErrors> {
        self.refuse_unknown();
        if self.mistakes.is_empty() { Ok(()) } else { Err(ConfigErrors(self.mistakes)) }
    }

    /// The settings asked for so far, each with its default.
    #[cfg(test)]
    pub(super) fn known(&self) -> &BTreeMap<String, String> {
        &self.known
    }

    fn take(&mut self, key: &str, default: &str) -> Option<Located> {
        self.known.insert(key.to_owned(), default.to_owned());
        let from_file = self.file.remove(key);
        let name = env_name(key);
        let from_environment = self
            .environment
            .remove(&name)
            .map(|text| Located { value: Value::Bare(text), source: Source::Environment(name) });
        self.flags.remove(key).or(from_environment).or(from_file)
    }

    fn convert<T: Setting>(&mut self, key: &str, located: &Located) -> Option<T> {
        T::read(located)
            .map_err(|problem| self.mistake(key, Some(located.source.clone()), problem))
            .ok()
    }

    fn refuse_unknown(&mut self) {
        let known: Vec<String> = self.known.keys().cloned().collect();
        for (key, located) in std::mem::take(&mut self.file) {
            let problem = match key.split_once('.') {
                Some((list, _)) if self.tables.contains(list) => {
                    format!("{list} is a list of tables: write [[{list}]]")
                }
                _ => unknown(&key, known.iter().map(String::as_str)),
            };
            self.mistake(&key, Some(located.source), problem);
        }
        let names: Vec<String> = known.iter().map(|key| env_name(key)).collect();
        for name in std::mem::take(&mut self.environment).into_keys() {
            let problem = unknown(&name, names.iter().map(String::as_str));
            self.mistake("", Some(Source::Environment(name)), problem);
        }
    }
}

fn unknown<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    match known.map(|name| (edits(given, name), name)).min() {
        Some((distance, name)) if distance <= 2 => format!("no such setting; did you mean {name}?"),
        _ => "no such setting".to_owned(),
    }
}

/// How many letters to change, add or drop to get from one word to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.bytes().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
