//! `rate_limits` and `[[rate_limit]]`

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gantry_model::{Category, RegistryName};
use gantry_throttle::{Preset, Rate, Requester, Rule, Rules};

use super::reader::Reader;
use super::setting::{Setting, TextSetting};
use super::source::{Located, Source, Value};

/// Which figures hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figures {
    /// None.
    Off,
    /// ACR's, and where they differ the operator's.
    Acr,
    /// The operator's alone.
    Own,
}

/// How many requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Requests {
    So(u32),
    Unlimited,
}

/// A number of requests that a rate can have.
#[derive(Clone, Copy, Debug)]
struct Number(u32);

/// A registry, or every one.
#[derive(Clone, Debug)]
struct Registries(Option<RegistryName>);

/// Identities whose requests are counted.
#[derive(Clone, Debug)]
struct Identities(Requester);

const UNLIMITED: &str = "unlimited";

/// Reads both.
pub(super) fn read(reader: &mut Reader) -> Rules {
    let figures = reader.setting("rate_limits", Figures::Off);
    let mut taken = BTreeSet::new();
    let own = reader.tables("rate_limit", |table, source| {
        let rule = read_rule(table, source)?;
        let registry = rule.registry.as_ref().map(ToString::to_string);
        if !taken.insert((registry, rule.of.clone(), rule.category)) {
            let problem = "another has the same registry, identity and category".to_owned();
            table.mistake("category", Some(source.clone()), problem);
        }
        Some(rule)
    });
    if figures == Figures::Off && !own.is_empty() {
        let problem = "no [[rate_limit]] counts unless this is own, or acr for its figures besides";
        reader.mistake("rate_limits", None, problem.to_owned());
    }
    let preset = if figures == Figures::Acr { Preset::Acr } else { Preset::Unlimited };
    Rules { preset, own }
}

fn read_rule(table: &mut Reader, source: &Source) -> Option<Rule> {
    let registry = table.setting("registry", Registries(None)).0;
    let identity = table.optional::<Identities>("identity", "the registry as a whole");
    let of = identity.map_or(Requester::Registry, |identity| identity.0);
    let category = table.required::<Category>("category", source);
    let requests = table.required::<Requests>("per_minute", source);
    let burst = table.optional::<Number>("burst", "per_minute");
    if category == Some(Category::OAuth) && of != Requester::Registry {
        let problem = "requests for tokens are counted for the registry as a whole: they are made \
                       before anyone knows by whom";
        table.mistake("identity", Some(source.clone()), problem.to_owned());
    }
    let rate = match requests? {
        Requests::Unlimited => None,
        Requests::So(per_minute) => {
            let rate = Rate::per_minute(per_minute);
            Some(burst.map_or(rate, |burst| rate.with_burst(burst.0)))
        }
    };
    Some(Rule { registry, of, category: category?, rate })
}

impl Setting for Requests {
    fn read(located: &Located) -> Result<Self, String> {
        match &located.value {
            Value::Text(text) | Value::Bare(text) if text == UNLIMITED => Ok(Self::Unlimited),
            Value::Text(text) => Err(format!("{text:?} is neither a number nor {UNLIMITED}")),
            _ => Number::read(located).map(|number| Self::So(number.0)),
        }
    }
}

impl Setting for Number {
    fn read(located: &Located) -> Result<Self, String> {
        let number = u64::read(located)?;
        match u32::try_from(number) {
            Ok(number @ 1..=Rate::MOST) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(format!("{number} is not between 1 and {}", Rate::MOST)),
        }
    }
}

impl FromStr for Figures {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        [Self::Off, Self::Acr, Self::Own]
            .into_iter()
            .find(|figures| figures.to_string() == text)
            .ok_or("write off, acr or own")
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Acr => "acr",
            Self::Own => "own",
        })
    }
}

impl TextSetting for Figures {
    const WANTED: &'static str = "off, acr or own";
}

impl FromStr for Registries {
    type Err = gantry_model::registry::RegistryNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" { Ok(Self(None)) } else { Ok(Self(Some(text.parse()?))) }
    }
}

impl fmt::Display for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("*", RegistryName::as_str))
    }
}

impl TextSetting for Registries {
    const WANTED: &'static str = "a registry's name or *";
}

impl FromStr for Identities {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "an identity is like anonymous, admin or token:NAME, \
                             all of a kind like token:*, and each one *";
        let plain = |text: &str| {
            (1..=255).contains(&text.len())
                && !text.contains('*')
                && !text.contains(char::is_control)
        };
        match text.strip_suffix('*') {
            Some("") => Ok(Self(Requester::Each)),
            Some(start) if start.ends_with(':') && plain(start) => {
                Ok(Self(Requester::Class(start.to_owned())))
            }
            None if plain(text) => Ok(Self(Requester::One(text.to_owned()))),
            Some(_) | None => Err(WRONG),
        }
    }
}

impl TextSetting for Identities {
    const WANTED: &'static str = "an identity";
}

impl TextSetting for Category {
    const WANTED: &'static str = "a category";
}
