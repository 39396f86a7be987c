//! Filters: what parses prints to what parses to the same, unless it has grown too long.
#![no_main]

use gantry_arm::{Filter, FilterError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Filter>() {
        Ok(filter) => {
            assert!((1..=Filter::MAX_TERMS).contains(&filter.terms().len()));
            match filter.to_string().parse() {
                Ok(again) => assert_eq!(filter, again),
                Err(error) => assert_eq!(error, FilterError::TooLong),
            }
        }
        Err(FilterError::Expected(_, at) | FilterError::Unterminated(at)) => {
            assert!(text.is_char_boundary(at));
        }
        Err(FilterError::TooLong | FilterError::TooMany) => {}
    }
});
