//! Scope maps: actions, one a line, print as they were written, and what they allow is what
//! their ranges hold.
#![no_main]

use gantry_arm::{RepositoryVerb, ScopeMapActions};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["hello", "samples", "samples/a", "samples/a/b", "content/read", "z"];

fuzz_target!(|text: &str| {
    let Ok(actions) = ScopeMapActions::parse(text.lines()) else { return };
    let printed: Vec<_> = actions.iter().map(ToString::to_string).collect();
    assert!(text.lines().all(|line| printed.iter().any(|action| action == line)));
    assert_eq!(ScopeMapActions::parse(&printed).as_ref(), Ok(&actions));
    for verb in RepositoryVerb::EACH {
        let names = actions.names(verb);
        for name in NAMES {
            assert_eq!(actions.allows(verb, name), names.contains(name), "{name}");
        }
    }
});
