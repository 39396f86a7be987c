use proptest::prelude::*;

use super::*;

/// What one of version 1 looks like.
fn print_v1(header: ProxyHeader) -> Vec<u8> {
    let ProxyHeader::Connected { source, destination } = header else {
        return b"PROXY UNKNOWN\r\n".to_vec();
    };
    // One family for both: IPv4 has a form in IPv6.
    let (family, [from, to]) = match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ("TCP4", [from.to_string(), to.to_string()]),
        (from, to) => ("TCP6", [from, to].map(|ip| dressed(ip).to_string())),
    };
    let (port, at) = (source.port(), destination.port());
    format!("PROXY {family} {from} {to} {port} {at}\r\n").into_bytes()
}

/// What one of version 2 looks like, with these extensions and perhaps a checksum.
fn print_v2(header: ProxyHeader, extensions: &[(u8, Vec<u8>)], with_checksum: bool) -> Vec<u8> {
    let (command, family, addresses) = match header {
        ProxyHeader::Unspecified => (0x20, 0, vec![]),
        ProxyHeader::Connected { source, destination } => {
            let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
            match (source.ip(), destination.ip()) {
                (IpAddr::V4(from), IpAddr::V4(to)) => {
                    (0x21, 0x11, [&from.octets()[..], &to.octets(), &ports].concat())
                }
                (from, to) => {
                    let [from, to] = [from, to].map(|ip| dressed(ip).octets());
                    (0x21, 0x21, [&from[..], &to, &ports].concat())
                }
            }
        }
    };
    let mut rest = addresses;
    for (kind, value) in extensions {
        rest.push(*kind);
        rest.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        rest.extend(value);
    }
    if with_checksum {
        rest.extend([CRC32C, 0, 4, 0, 0, 0, 0]);
    }
    let mut bytes = v2(command, family, &rest);
    if with_checksum {
        let at = bytes.len() - 4;
        let checksum = crc32c([&bytes, &[], &[]]);
        bytes[at..].copy_from_slice(&checksum.to_be_bytes());
    }
    bytes
}

fn dressed(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [V2, &[command, family], &length, rest].concat()
}

fn connected(source: &str, destination: &str) -> ProxyHeader {
    let [source, destination] = [source, destination].map(|text| text.parse().unwrap());
    ProxyHeader::Connected { source, destination }
}

/// The whole of it is the header.
fn whole(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    ProxyHeader::parse(bytes).map(|parsed| {
        let (header, length) = parsed.expect("it is complete");
        assert_eq!(length, bytes.len());
        header
    })
}

#[test]
fn lines_are_read() {
    for (line, expected) in [
        (
            "PROXY TCP4 192.0.2.1 203.0.113.1 56324 443",
            connected("192.0.2.1:56324", "203.0.113.1:443"),
        ),
        (
            "PROXY TCP4 255.255.255.255 0.0.0.0 0 65535",
            connected("255.255.255.255:0", "0.0.0.0:65535"),
        ),
        ("PROXY TCP6 2001:DB8::1 ::1 1 2", connected("[2001:db8::1]:1", "[::1]:2")),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:7f00:1 1 2", connected("192.0.2.1:1", "127.0.0.1:2")),
        ("PROXY UNKNOWN", ProxyHeader::Unspecified),
        ("PROXY UNKNOWN 192.0.2.1 what\tever \r is here", ProxyHeader::Unspecified),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
            connected(
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            ),
        ),
    ] {
        assert_eq!(whole(format!("{line}\r\n").as_bytes()), Ok(expected), "{line}");
    }
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(V1_MOST - 16));
    assert_eq!((longest.len(), whole(longest.as_bytes())), (V1_MOST, Ok(ProxyHeader::Unspecified)));
}

#[test]
fn malformed_lines_are_refused() {
    const ADDRESS: ProxyHeaderError = Malformed("an address that is none");
    const PORT: ProxyHeaderError = Malformed("a port that is none");
    const MORE: ProxyHeaderError = Malformed("more than two addresses and two ports");
    const PROTOCOL: ProxyHeaderError = Malformed("an unknown protocol");
    for (line, error) in [
        ("PROXY ", PROTOCOL),
        ("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2", PROTOCOL),
        ("PROXY TCP5 192.0.2.1 192.0.2.2 1 2", PROTOCOL),
        ("PROXY tcp4 192.0.2.1 192.0.2.2 1 2", PROTOCOL),
        ("PROXY UDP4 192.0.2.1 192.0.2.2 1 2", PROTOCOL),
        ("PROXY UNKNOWN\t", PROTOCOL),
        ("PROXY UNKNOWN\nPROXY TCP4", PROTOCOL),
        ("PROXY TCP4", ADDRESS),
        ("PROXY TCP4 192.0.2.1", ADDRESS),
        ("PROXY TCP4 192.0.2.1 192.0.2.256 1 2", ADDRESS),
        ("PROXY TCP4 192.0.2.01 192.0.2.2 1 2", ADDRESS),
        ("PROXY TCP4  192.0.2.1 192.0.2.2 1 2", ADDRESS),
        ("PROXY TCP4 ::1 ::2 1 2", ADDRESS),
        ("PROXY TCP4 localhost 192.0.2.2 1 2", ADDRESS),
        ("PROXY TCP6 192.0.2.1 192.0.2.2 1 2", ADDRESS),
        ("PROXY TCP6 [::1] ::2 1 2", ADDRESS),
        ("PROXY TCP6 fe80::1%1 ::2 1 2", ADDRESS),
        ("PROXY TCP4 192.0.2.1 192.0.2.2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 01 2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 00 2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2  2", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", PORT),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 ", MORE),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3", MORE),
    ] {
        assert_eq!(whole(format!("{line}\r\n").as_bytes()), Err(error), "{line}");
    }
    let endless = [V1, &[b'x'; V1_MOST]].concat();
    for bytes in [&endless[..], &endless[..V1_MOST]] {
        assert_eq!(ProxyHeader::parse(bytes), Err(TooLong(V1_MOST)));
    }
    assert_eq!(ProxyHeader::parse(&endless[..V1_MOST - 1]), Ok(None));
    // Its end comes a byte too late.
    let late = format!("PROXY UNKNOWN {}\r\n", "x".repeat(V1_MOST - 15));
    assert_eq!(whole(late.as_bytes()), Err(TooLong(V1_MOST)));
}

#[test]
fn other_bytes_are_no_header() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"PRI * HTTP/2.0\r\n",
        b"PROXY\r\n",
        b"proxy TCP4 ",
        b"\x16\x03\x01",
        b"\r\n\r\n\0\r\nQUIX",
        b"\0",
        b" PROXY UNKNOWN\r\n",
    ] {
        assert_eq!(ProxyHeader::parse(bytes), Err(Missing), "{bytes:?}");
    }
    assert_eq!(ProxyHeader::parse(b""), Ok(None));
}

#[test]
fn binary_headers_are_read() {
    let v4 = [192, 0, 2, 1, 203, 0, 113, 1, 0xdc, 0x04, 0x01, 0xbb];
    let told = connected("192.0.2.1:56324", "203.0.113.1:443");
    for family in [0x11, 0x12] {
        assert_eq!(whole(&v2(0x21, family, &v4)), Ok(told));
    }
    let v6 = [[0; 15].as_slice(), &[1], &[0; 10], &[255, 255, 127, 0, 0, 1], &v4[8..]].concat();
    for family in [0x21, 0x22] {
        let told = connected("[::1]:56324", "127.0.0.1:443");
        assert_eq!(whole(&v2(0x21, family, &v6)), Ok(told));
    }
    // Paths, no family, the proxy itself; and what is behind a LOCAL is nobody's business.
    for (command, family, rest) in [
        (0x21, 0x31, &[b'/'; 216][..]),
        (0x21, 0x32, &[0; 216]),
        (0x21, 0x00, &[]),
        (0x21, 0x00, &[1, 2, 3]),
        (0x20, 0x00, &[]),
        (0x20, 0x11, &v4),
        (0x20, 0x11, &v4[..5]),
        (0x20, 0xff, &[CRC32C, 0, 4, 1, 2, 3, 4]),
    ] {
        let bytes = v2(command, family, rest);
        assert_eq!(whole(&bytes), Ok(ProxyHeader::Unspecified), "{command:x} {family:x}");
    }
}

#[test]
fn malformed_binary_headers_are_refused() {
    let cases: &[(u8, u8, &[u8], ProxyHeaderError)] = &[
        (0x11, 0x11, &[0; 12], Malformed("an unknown version")),
        (0x31, 0x11, &[0; 12], Malformed("an unknown version")),
        (0x01, 0x11, &[0; 12], Malformed("an unknown version")),
        (0x22, 0x11, &[0; 12], Malformed("an unknown command")),
        (0x2f, 0x11, &[0; 12], Malformed("an unknown command")),
        (0x21, 0x01, &[0; 12], Malformed("an unknown family")),
        (0x21, 0x10, &[0; 12], Malformed("an unknown family")),
        (0x21, 0x13, &[0; 12], Malformed("an unknown family")),
        (0x21, 0x41, &[0; 216], Malformed("an unknown family")),
        (0x21, 0x11, &[0; 11], Malformed("addresses cut short")),
        (0x21, 0x21, &[0; 35], Malformed("addresses cut short")),
        (0x21, 0x31, &[0; 215], Malformed("addresses cut short")),
        (0x21, 0x11, &[0; 13], Malformed("an extension cut short")),
        (0x21, 0x11, &[0; 14], Malformed("an extension cut short")),
        (
            0x21,
            0x11,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1],
            Malformed("an extension cut short"),
        ),
        (
            0x21,
            0x11,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 1, 2, 3],
            Malformed("a checksum that is none"),
        ),
        (0x21, 0x11, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 1, 2, 3, 4], Checksum),
        (0x21, 0x11, &[0; V2_MOST - V2_FIXED + 1], TooLong(V2_MOST)),
        (0x20, 0x00, &[0; V2_MOST - V2_FIXED + 1], TooLong(V2_MOST)),
    ];
    for (command, family, rest, error) in cases {
        let bytes = v2(*command, *family, rest);
        assert_eq!(whole(&bytes), Err(*error), "{command:x} {family:x} {}", rest.len());
    }
    assert!(whole(&v2(0x20, 0, &[0; V2_MOST - V2_FIXED])).is_ok());
    // Waiting for what is too long would be waiting for nothing.
    let endless = v2(0x21, 0x11, &[0; V2_MOST]);
    assert_eq!(ProxyHeader::parse(&endless[..V2_FIXED]), Err(TooLong(V2_MOST)));
}

#[test]
fn the_checksum_is_that_of_others() {
    assert_eq!(crc32c([b"123", b"456", b"789"]), 0xe306_9283);
    let told = connected("192.0.2.1:1", "192.0.2.2:2");
    let right = print_v2(told, &[(0x04, vec![0; 9])], true);
    assert_eq!(whole(&right), Ok(told));
    // But for the byte without which it has no checksum.
    let kind = right.len() - 7;
    for at in (V2.len()..right.len()).filter(|&at| at != kind) {
        let mut wrong = right.clone();
        wrong[at] ^= 1;
        // Length and command may become another header altogether, never this one.
        assert_ne!(ProxyHeader::parse(&wrong), Ok(Some((told, right.len()))), "byte {at}");
    }
}

fn headers() -> impl Strategy<Value = ProxyHeader> {
    let connected = any::<[(IpAddr, u16); 2]>().prop_map(|[a, b]| ProxyHeader::between(a, b));
    prop_oneof![1 => Just(ProxyHeader::Unspecified), 9 => connected]
}

proptest! {
    #[test]
    fn what_is_printed_is_parsed(
        header in headers(),
        extensions in proptest::collection::vec(
            (4u8.., proptest::collection::vec(any::<u8>(), 0..40)), 0..6,
        ),
        with_checksum: bool,
        behind in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        for printed in [print_v1(header), print_v2(header, &extensions, with_checksum)] {
            let length = printed.len();
            let all = [&printed[..], &behind].concat();
            prop_assert_eq!(ProxyHeader::parse(&all), Ok(Some((header, length))));
            for until in 0..length {
                prop_assert_eq!(ProxyHeader::parse(&all[..until]), Ok(None), "first {}", until);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_stumble(
        start in prop_oneof![Just(V1), Just(V2), Just(&b""[..])],
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &rest].concat();
        if let Ok(Some((header, length))) = ProxyHeader::parse(&bytes) {
            prop_assert!(length <= bytes.len());
            prop_assert_eq!(whole(&bytes[..length]), Ok(header));
        }
    }
}
