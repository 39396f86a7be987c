//! Resource ids: what parses prints to what parses to the same, whatever its case, and the
//! chain of parents ends at the tenant.
#![no_main]

use gantry_arm::ResourceId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(id) = text.parse::<ResourceId>() else { return };
    assert!(id.as_str().eq_ignore_ascii_case(text));
    for same in [id.to_string(), text.to_ascii_lowercase(), text.to_ascii_uppercase()] {
        assert_eq!(same.parse().as_ref(), Ok(&id));
    }
    assert!(id.is_type(&id.resource_type()));
    assert_eq!(id.name().is_none(), id == ResourceId::root());
    assert!(id.subscription().is_some() || id.resource_group().is_none());
    let mut within = id;
    while let Some(parent) = within.parent() {
        assert!(parent.contains(&within) && !within.contains(&parent));
        assert_eq!(parent.as_str().parse().as_ref(), Ok(&parent));
        within = parent;
    }
    assert_eq!(within, ResourceId::root());
});
