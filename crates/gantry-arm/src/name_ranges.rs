//! Sets of repository names, as ranges of an index.

use std::cmp::Ordering;

/// A range of repository names in the order of their bytes: from one text on, and up to
/// another or without end.
///
/// The ends need not be names. They hold only characters that names have and the next
/// ones in ASCII, so any database takes them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NameRange {
    from: Box<str>,
    until: Option<Box<str>>,
}

/// A set of repository names: ranges in order, which neither overlap nor touch.
///
/// It is about names alone, whose characters are `[a-z0-9._/-]` (distribution-spec,
/// "Pulling manifests"): what it says about any other text means nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct NameRanges(Vec<NameRange>);

/// The first of names' characters in the order of ASCII: no name comes between a name
/// and the same with this behind it.
const FIRST: char = '-';

impl NameRange {
    /// The text that the range begins with: it is in the range, if it is a name.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The text that the range ends before; without one, it has no end.
    pub fn until(&self) -> Option<&str> {
        self.until.as_deref()
    }

    /// Whether a name is in the range.
    pub fn contains(&self, name: &str) -> bool {
        &*self.from <= name && self.until().is_none_or(|until| name < until)
    }
}

impl NameRanges {
    /// No name.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Every name.
    pub fn everything() -> Self {
        Self(vec![NameRange { from: "".into(), until: None }])
    }

    /// The one name; none, if the text has other characters than names.
    pub fn exact(name: &str) -> Self {
        if !has_only_names_characters(name) {
            return Self::none();
        }
        let until = format!("{name}{FIRST}").into();
        Self(vec![NameRange { from: name.into(), until: Some(until) }])
    }

    /// The names that begin with a text; none, if it has other characters than names.
    pub fn prefix(prefix: &str) -> Self {
        if !has_only_names_characters(prefix) {
            return Self::none();
        }
        let mut until = prefix.to_owned();
        let Some(last) = until.pop() else { return Self::everything() };
        until.push(char::from(last as u8 + 1));
        Self(vec![NameRange { from: prefix.into(), until: Some(until.into()) }])
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = &NameRange> {
        self.0.iter()
    }

    /// Whether there is no range.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is one range without ends.
    pub fn is_everything(&self) -> bool {
        matches!(&*self.0, [NameRange { from, until: None }] if from.is_empty())
    }

    /// Whether a name is in the set.
    pub fn contains(&self, name: &str) -> bool {
        let after = self.0.partition_point(|range| &*range.from <= name);
        after.checked_sub(1).is_some_and(|at| self.0[at].contains(name))
    }

    /// The names in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut ranges: Vec<_> = self.0.iter().chain(&other.0).cloned().collect();
        ranges.sort_by(|a, b| a.from.cmp(&b.from));
        let mut union: Vec<NameRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match union.last_mut() {
                Some(last) if last.until().is_none_or(|until| *range.from <= *until) => {
                    if ends(last, &range).is_lt() {
                        last.until = range.until;
                    }
                }
                _ => union.push(range),
            }
        }
        Self(union)
    }

    /// The names in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        let mut both = Vec::new();
        while let (Some(&a), Some(&b)) = (ours.peek(), theirs.peek()) {
            let first_to_end = if ends(a, b).is_le() { a } else { b };
            let from = if a.from < b.from { &b.from } else { &a.from };
            if first_to_end.until().is_none_or(|until| **from < *until) {
                both.push(NameRange { from: from.clone(), until: first_to_end.until.clone() });
            }
            if std::ptr::eq(first_to_end, a) {
                ours.next();
            } else {
                theirs.next();
            }
        }
        Self(both)
    }

    /// The names that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut from: Option<Box<str>> = Some("".into());
        for range in &self.0 {
            let begins = std::mem::replace(&mut from, range.until.clone());
            if let Some(from) = begins
                && *from < *range.from
            {
                gaps.push(NameRange { from, until: Some(range.from.clone()) });
            }
        }
        gaps.extend(from.map(|from| NameRange { from, until: None }));
        Self(gaps)
    }
}

/// Which of two ranges ends first.
fn ends(a: &NameRange, b: &NameRange) -> Ordering {
    match (a.until(), b.until()) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn has_only_names_characters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ranges: &NameRanges) -> String {
        let shown = |r: &NameRange| format!("{}..{}", r.from(), r.until().unwrap_or("∞"));
        ranges.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_and_prefixes_are_ranges() {
        assert_eq!(shown(&NameRanges::exact("a/b")), "a/b..a/b-");
        assert_eq!(shown(&NameRanges::prefix("a/")), "a/..a0");
        assert_eq!(shown(&NameRanges::prefix("z")), "z..{");
        assert!(NameRanges::prefix("").is_everything());
        for text in ["A", "a b", "é", "a*"] {
            assert!(NameRanges::exact(text).is_empty() && NameRanges::prefix(text).is_empty());
        }
        let exact = NameRanges::exact("a");
        assert!(exact.contains("a") && !exact.contains("a-a") && !exact.contains("a.a"));
        assert!(!exact.contains("a/a") && !exact.contains("aa"));
        let prefix = NameRanges::prefix("a/");
        assert!(prefix.contains("a/a") && prefix.contains("a/z/z"));
        assert!(!prefix.contains("a") && !prefix.contains("a0") && !prefix.contains("a-a"));
    }

    #[test]
    fn sets_combine() {
        let (a, ab, b) =
            (NameRanges::prefix("a"), NameRanges::prefix("ab"), NameRanges::prefix("b"));
        assert_eq!(shown(&a.union(&ab)), "a..b");
        assert_eq!(shown(&a.union(&b)), "a..c");
        assert_eq!(shown(&b.union(&ab)), "ab..ac b..c");
        assert_eq!(shown(&a.intersection(&ab)), "ab..ac");
        assert!(a.intersection(&b).is_empty());
        assert_eq!(shown(&ab.complement()), "..ab ac..∞");
        assert_eq!(ab.complement().complement(), ab);
        assert!(NameRanges::none().complement().is_everything());
        assert!(NameRanges::everything().complement().is_empty());
        assert!(a.union(&a.complement()).is_everything());
        assert!(!NameRanges::none().contains("a"));
    }
}
