//! Scope maps: actions, one a line, print as they were written, and what they grant is what one of them
//! says of the repository.
#![no_main]

use gantry_model::permission::Action;
use gantry_model::scoped::{ScopeMap, ScopeMapAction};
use gantry_oci::RepositoryName;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["hello", "samples", "samples/a", "samples/a/b", "content/read", "z"];

fuzz_target!(|text: &str| {
    let Ok(actions) = text.lines().map(str::parse).collect::<Result<Vec<ScopeMapAction>, _>>() else {
        return;
    };
    for (line, action) in text.lines().zip(&actions) {
        assert_eq!(action.to_string(), line);
    }
    let [mut map, ..] = ScopeMap::of_the_system();
    map.actions = actions;
    let grants = map.grants();
    for name in NAMES {
        let name: RepositoryName = name.parse().unwrap();
        for wanted in Action::EACH {
            let says = |action: &ScopeMapAction| match action {
                ScopeMapAction::Repositories(pattern, action) => {
                    *action == wanted && pattern.has(&name)
                }
                ScopeMapAction::Gateway(_) => false,
            };
            let granted = grants.on(&name).contains(wanted);
            assert_eq!(granted, map.actions.iter().any(says), "{wanted:?} on {name}");
        }
    }
});
