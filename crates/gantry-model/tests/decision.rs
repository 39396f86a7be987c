//! The decision against a reference that goes through all rules, one by one, as text.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use gantry_arm::Condition;
use gantry_model::permission::{Action, Actions, Grants};
use gantry_oci::{RepositoryName, RepositoryPattern};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Where a rule is in force.
#[derive(Clone, Debug)]
enum Where {
    Everywhere,
    Below(String),
    Named(String),
    /// A role with a condition on names for one action; the role's other actions are free.
    IfEquals(Action, String),
    IfStarts(Action, String),
}

#[derive(Clone, Debug)]
struct Rule {
    place: Where,
    actions: Vec<Action>,
}

impl Rule {
    /// What is written for a person to check.
    fn allows(&self, action: Action, name: &str) -> bool {
        let holds = match &self.place {
            Where::Everywhere => true,
            Where::Below(path) => name.starts_with(&format!("{path}/")),
            Where::Named(own) => name == own,
            Where::IfEquals(on, text) => action != *on || name == text,
            Where::IfStarts(on, text) => action != *on || name.starts_with(text.as_str()),
        };
        holds && self.actions.contains(&action)
    }

    fn add_to(&self, grants: Grants) -> Grants {
        let actions = Actions::of(&self.actions);
        let conditional = |on: &Action, operator: &str, text: &str| {
            let condition = format!(
                "((!(ActionMatches{{'{}'}})) OR \
                 (@Request[Microsoft.ContainerRegistry/registries/repositories:name] \
                 {operator} '{text}'))",
                on.data_action()
            );
            condition.parse::<Condition>().unwrap()
        };
        match &self.place {
            Where::Everywhere => grants.with(&RepositoryPattern::Every, actions),
            Where::Below(path) => {
                grants.with(&RepositoryPattern::Below(path.parse().unwrap()), actions)
            }
            Where::Named(name) => {
                grants.with(&RepositoryPattern::Named(name.parse().unwrap()), actions)
            }
            Where::IfEquals(on, text) => {
                grants.with_condition(conditional(on, "StringEqualsIgnoreCase", text), actions)
            }
            Where::IfStarts(on, text) => {
                grants.with_condition(conditional(on, "StringStartsWithIgnoreCase", text), actions)
            }
        }
    }
}

/// Few components, so that names are often equal, below each other, or the beginning of each other.
fn name() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "ab", "b", "a-b", "0"]), 1..4).prop_map(|parts| parts.join("/"))
}

fn rule() -> impl Strategy<Value = Rule> {
    let action = select(Action::EACH.to_vec());
    let place = prop_oneof![
        1 => Just(Where::Everywhere),
        4 => name().prop_map(Where::Below),
        4 => name().prop_map(Where::Named),
        2 => (action.clone(), name()).prop_map(|(action, name)| Where::IfEquals(action, name)),
        2 => (action, name(), any::<bool>()).prop_map(|(action, name, whole)| {
            Where::IfStarts(action, if whole { format!("{name}/") } else { name })
        }),
    ];
    (place, subsequence(Action::EACH.to_vec(), 0..=5))
        .prop_map(|(place, actions)| Rule { place, actions })
}

fn granted(rules: &[Rule]) -> Grants {
    rules.iter().fold(Grants::none(), |grants, rule| rule.add_to(grants))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2000)))]

    #[test]
    fn what_is_allowed_is_what_some_rule_allows(rules in vec(rule(), 0..6), names in vec(name(), 8)) {
        let grants = granted(&rules);
        for name in &names {
            let allowed = grants.on(&name.parse().unwrap());
            for action in Action::EACH {
                let expected = rules.iter().any(|rule| rule.allows(action, name));
                prop_assert_eq!(allowed.contains(action), expected, "{:?} on {}", action, name);
            }
        }
    }

    #[test]
    fn a_list_leaves_out_no_name_that_may_be_read(
        rules in vec(rule(), 0..6), names in vec(name(), 8),
    ) {
        let grants = granted(&rules);
        for action in Action::EACH {
            let ranges = grants.ranges(action);
            for name in &names {
                let listed = ranges.iter().any(|range| range.has(name));
                prop_assert!(listed || !rules.iter().any(|rule| rule.allows(action, name)));
            }
            for pair in ranges.windows(2) {
                let end = pair[0].to.as_deref().expect("what has no end is the last");
                prop_assert!(end < &*pair[1].from, "{:?}", ranges);
            }
        }
    }

    /// What a token says, cut with what its identity is granted.
    #[test]
    fn a_token_allows_what_both_allow(
        asked in vec((name(), subsequence(Action::EACH.to_vec(), 0..=5)), 0..4),
        rules in vec(rule(), 0..6),
        names in vec(name(), 8),
    ) {
        let says = asked.iter().fold(Grants::none(), |grants, (name, actions)| {
            let name: RepositoryName = name.parse().unwrap();
            grants.with(&RepositoryPattern::Named(name), Actions::of(actions))
        });
        let token = says.within(&granted(&rules));
        for name in &names {
            let allowed = token.on(&name.parse().unwrap());
            for action in Action::EACH {
                let said = asked.iter().any(|(own, actions)| own == name && actions.contains(&action));
                let now = rules.iter().any(|rule| rule.allows(action, name));
                prop_assert_eq!(allowed.contains(action), said && now, "{:?} on {}", action, name);
            }
        }
    }

    #[test]
    fn sources_add_up(one in vec(rule(), 0..4), other in vec(rule(), 0..4), names in vec(name(), 8)) {
        let mut sum = granted(&one);
        sum.add_all(&granted(&other));
        let both: Vec<Rule> = one.iter().chain(&other).cloned().collect();
        let at_once = granted(&both);
        for name in &names {
            let name: RepositoryName = name.parse().unwrap();
            prop_assert_eq!(sum.on(&name), at_once.on(&name));
        }
    }
}
