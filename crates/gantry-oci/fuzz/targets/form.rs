//! Forms and query strings: bounded, each parameter once, and what is written again reads the same.
#![no_main]

use gantry_oci::{Form, FormError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Form::parse(bytes, &["scope"]) {
        Ok(form) => {
            let mut names: Vec<&str> = form.names().filter(|name| *name != "scope").collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
            for name in names {
                assert_eq!(form.all(name).count(), 1);
                assert_eq!(form.get(name), form.all(name).next().filter(|value| !value.is_empty()));
            }
            let again = form.to_query();
            if again.len() <= Form::MAX_LEN {
                assert_eq!(Form::parse(again.as_bytes(), &["scope"]), Ok(form));
            }
        }
        Err(FormError::Twice(name)) => assert_ne!(name, "scope"),
        Err(FormError::TooLong) => assert!(bytes.len() > Form::MAX_LEN),
        Err(FormError::Missing(_)) => unreachable!("nothing was asked for"),
    }
});
