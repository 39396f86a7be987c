//! PROXY headers: no bytes make the parser stumble, and a header is bounded, whole, and the same
//! however its bytes come and whatever follows.
#![no_main]

use libfuzzer_sys::fuzz_target;

use proxy_header::ProxyHeader;

#[path = "../../src/proxy_header.rs"]
mod proxy_header;

fuzz_target!(|bytes: &[u8]| {
    let Ok(parsed) = ProxyHeader::parse(bytes) else { return };
    let Some((header, length)) = parsed else {
        // There is an end to waiting.
        assert!(bytes.len() < 4096);
        return;
    };
    assert!(length <= bytes.len() && length <= 4096);
    assert_eq!(ProxyHeader::parse(&bytes[..length]), Ok(Some((header, length))));
    for cut in 0..length {
        assert_eq!(ProxyHeader::parse(&bytes[..cut]), Ok(None));
    }
    if let ProxyHeader::Connected { source, destination } = header {
        for ip in [source.ip(), destination.ip()] {
            assert_eq!(ip, ip.to_canonical());
        }
    }
});
