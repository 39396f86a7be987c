//! Scope maps grant what one of their patterns matches, by a matcher that is slow and obvious.

use gantry_model::permission::Action;
use gantry_model::scoped::{ScopeMap, ScopeMapAction};
use gantry_oci::RepositoryName;
use proptest::collection::vec;
use proptest::prelude::*;

/// Whether `*` for any text makes the one of the other.
fn wild(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            wild(&pattern[1..], name) || (!name.is_empty() && wild(pattern, &name[1..]))
        }
        (Some(p), Some(n)) if p == n => wild(&pattern[1..], &name[1..]),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_scope_map_grants_what_one_of_its_patterns_matches(
        patterns in vec("([ab]{1,2}/){0,2}([ab]{1,2}|\\*)", 0..5),
        name in "[ab]{1,2}(/[ab]{1,2}){0,3}",
    ) {
        let [mut map, ..] = ScopeMap::of_the_system();
        map.actions = patterns
            .iter()
            .map(|pattern| format!("repositories/{pattern}/content/read").parse().unwrap())
            .collect();
        let name: RepositoryName = name.parse().unwrap();
        let granted = map.grants().on(&name);
        let expected =
            patterns.iter().any(|pattern| wild(pattern.as_bytes(), name.as_str().as_bytes()));
        prop_assert_eq!(granted.contains(Action::Pull), expected);
        prop_assert!(!granted.contains(Action::Push));
    }

    #[test]
    fn any_action_that_parses_prints_the_same(
        text in "repositories/[a-z*/]{1,9}/content/read|gateway/[a-z]{1,9}/config/read|.{0,12}",
    ) {
        if let Ok(action) = text.parse::<ScopeMapAction>() {
            prop_assert_eq!(action.to_string(), text);
        }
    }
}
