//! Scopes: what parses prints to what parses to the same, one by one and as a list.
#![no_main]

use gantry_oci::{Scope, ScopeResource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(scopes) = Scope::parse_list(text) else { return };
    for scope in &scopes {
        assert_eq!(scope.to_string().parse().as_ref(), Ok(scope));
        if let ScopeResource::Other(_) = scope.resource {
            assert!(!scope.to_string().starts_with("repository:"));
        }
    }
    let printed: Vec<_> = scopes.iter().map(Scope::to_string).collect();
    assert_eq!(Scope::parse_list(&printed.join(" ")), Ok(scopes));
});
