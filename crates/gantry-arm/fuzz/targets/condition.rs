//! Conditions: no text makes the parser stumble, what prints parses to the same, and every
//! name for which one holds is in its ranges.
#![no_main]

use gantry_arm::{Attributes, Condition, ConditionError, Exactness};
use libfuzzer_sys::fuzz_target;

const ACTIONS: [&str; 3] = [
    "Microsoft.ContainerRegistry/registries/repositories/content/read",
    "Microsoft.ContainerRegistry/registries/repositories/metadata/write",
    "Microsoft.ContainerRegistry/registries/catalog/read",
];
const NAMES: [&str; 8] =
    ["a", "nginx", "backend/api", "backend/a/b", "backend", "backend-infra/x", "z", "0-a_b.c"];

fuzz_target!(|text: &str| {
    let Ok(condition) = Condition::parse(text) else { return };
    assert_eq!(condition.as_written(), text);
    assert_eq!(Condition::parse(condition.as_written()).as_ref(), Ok(&condition));
    match Condition::parse(&condition.to_string()) {
        Ok(again) => assert_eq!(again, condition),
        Err(ConditionError::TooLong | ConditionError::TooDeep { .. }) => {}
        Err(error) => panic!("{condition}: {error}"),
    }
    let _ = condition.check_supported();
    for action in ACTIONS {
        let names = condition.names(action);
        for name in NAMES {
            let holds = condition.holds(&Attributes { action, repository: Some(name) });
            let within = names.ranges.contains(name);
            assert!(within || !holds, "{name}");
            assert!(within == holds || names.exactness == Exactness::Superset, "{name}");
        }
        condition.holds(&Attributes { action, repository: None });
    }
});
