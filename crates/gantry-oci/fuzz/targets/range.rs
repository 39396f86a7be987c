//! `Range` and `Content-Range` headers: nothing overflows, and no range leaves the content.
#![no_main]

use gantry_oci::{ByteRange, ContentRange};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, &str)| {
    let (size, header) = input;
    if let Ok(range) = header.parse::<ByteRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
        if let Ok(bytes) = range.resolve(size) {
            assert!(bytes.start < bytes.end && bytes.end <= size);
        }
    }
    if let Ok(range) = header.parse::<ContentRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
        assert_eq!(range.start() + range.len(), range.end() + 1);
        assert_eq!(ContentRange::new(range.start(), range.len()), Some(range));
    }
});
