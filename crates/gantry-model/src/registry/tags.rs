//! What operators note on resources: names with values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A resource's tags (Azure Resource Manager, "Use tags to organize your Azure resources"): up to
/// [`Tags::MOST`], names compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

/// Why tags can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// More than a resource has.
    #[error("a resource has {most} tags at most, and these are {0}", most = Tags::MOST)]
    TooMany(usize),
    /// A name that can't be.
    #[error("{0:?} can't be a tag's name: it has 1 to 512 characters, none of them <>%&\\?/")]
    Name(String),
    /// A value that is too long.
    #[error("the value of tag {0:?} is longer than 256 characters")]
    Value(String),
}

impl Tags {
    /// The most that a resource has.
    pub const MOST: usize = 50;

    /// Tags with these names and values. Of names that differ in case only the last one counts.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, TagsError> {
        let mut tags = Self::default();
        for (name, value) in pairs {
            check(&name, &value)?;
            tags.remove(&name);
            tags.0.insert(name, value);
        }
        match tags.0.len() {
            0..=Self::MOST => Ok(tags),
            many => Err(TagsError::TooMany(many)),
        }
    }

    /// These, and of a name that both have the value that `others` says.
    pub fn merged(&self, others: &Self) -> Result<Self, TagsError> {
        Self::new(self.pairs().chain(others.pairs()))
    }

    /// These, without what `others` has with the same value.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let same = |(name, value): &(&String, &String)| others.value(name) == Some(value);
        let kept = self.0.iter().filter(|pair| !same(pair));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// The value of that name, whatever the case of its letters.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.0.clone().into_iter()
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|known, _| !known.eq_ignore_ascii_case(name));
    }
}

fn check(name: &str, value: &str) -> Result<(), TagsError> {
    let plain = |c: char| !c.is_control() && !"<>%&\\?/".contains(c);
    if !(1..=512).contains(&name.chars().count()) || !name.chars().all(plain) {
        return Err(TagsError::Name(name.to_owned()));
    }
    match value.chars().count() {
        0..=256 => Ok(()),
        _ => Err(TagsError::Value(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::new(pairs.iter().map(|&(name, value)| (name.into(), value.into()))).unwrap()
    }

    #[test]
    fn names_are_the_same_regardless_of_case() {
        let one = tags(&[("Env", "dev"), ("team", "a")]);
        assert_eq!(one.value("ENV"), Some("dev"));
        let merged = one.merged(&tags(&[("env", "prod")])).unwrap();
        assert_eq!(merged, tags(&[("env", "prod"), ("team", "a")]));
        assert_eq!(
            merged.without(&tags(&[("ENV", "prod"), ("team", "b")])),
            tags(&[("team", "a")])
        );
    }

    #[test]
    fn what_can_not_be_a_tag_is_refused() {
        for bad in ["", "a/b", "a<b", &"x".repeat(513)] {
            let refused = Tags::new([(bad.to_owned(), String::new())]);
            assert!(matches!(refused, Err(TagsError::Name(_))), "{bad}");
        }
        assert!(Tags::new([("a".to_owned(), "x".repeat(257))]).is_err());
        let many = (0..51).map(|n| (format!("tag{n}"), String::new()));
        assert_eq!(Tags::new(many), Err(TagsError::TooMany(51)));
    }
}
