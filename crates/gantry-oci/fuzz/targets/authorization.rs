//! `Authorization` headers: what parses means the same when written again, and shows no secret.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_oci::Authorization;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let Ok(parsed) = header.parse::<Authorization>() else { return };
    let (written, secret) = match &parsed {
        Authorization::Basic { user, password } => {
            assert!(!user.contains(':'));
            let text = format!("{user}:{}", password.expose());
            (format!("Basic {}", STANDARD.encode(text)), password)
        }
        Authorization::Bearer { token } => (format!("Bearer {}", token.expose()), token),
    };
    // The padding that is written may be what makes a header too long.
    if written.len() <= Authorization::MAX_LEN {
        assert_eq!(written.parse().as_ref(), Ok(&parsed));
    }
    assert_eq!(format!("{secret:?}"), "[redacted]");
});
