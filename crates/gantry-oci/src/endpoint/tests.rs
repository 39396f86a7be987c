use super::*;

const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn parse(method: &str, path: &str) -> Result<Endpoint, EndpointError> {
    Endpoint::parse(&method.parse().unwrap(), path)
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn digest() -> Digest {
    format!("sha256:{HEX}").parse().unwrap()
}

#[test]
fn every_endpoint_of_the_spec_parses() {
    let manifest = |verb, reference: &str| Endpoint::Manifest {
        verb,
        name: name("a/b"),
        reference: reference.parse().unwrap(),
    };
    let blob = |verb| Endpoint::Blob { verb, name: name("a/b"), digest: digest() };
    let upload = |verb| Endpoint::Upload { verb, name: name("a/b"), id: "0-x_~=.Z".into() };
    let tags = Endpoint::TagList { name: name("a/b") };
    let start = Endpoint::UploadStart { name: name("a/b") };
    let referrers = Endpoint::Referrers { name: name("a/b"), digest: digest() };
    let by_digest = format!("sha256:{HEX}");
    for (method, path, endpoint) in [
        ("GET", "/v2", Endpoint::Base),
        ("GET", "/v2/", Endpoint::Base),
        ("HEAD", "/v2/", Endpoint::Base),
        ("GET", "/v2/_catalog", Endpoint::Catalog),
        ("HEAD", "/v2/_catalog", Endpoint::Catalog),
        ("GET", "/v2/a/b/tags/list", tags.clone()),
        ("HEAD", "/v2/a/b/tags/list", tags),
        ("GET", "/v2/a/b/manifests/v1", manifest(ManifestVerb::Get, "v1")),
        ("HEAD", "/v2/a/b/manifests/v1", manifest(ManifestVerb::Head, "v1")),
        ("PUT", "/v2/a/b/manifests/v1", manifest(ManifestVerb::Put, "v1")),
        ("DELETE", "/v2/a/b/manifests/v1", manifest(ManifestVerb::Delete, "v1")),
        ("GET", "/v2/a/b/manifests/DIGEST", manifest(ManifestVerb::Get, &by_digest)),
        ("PUT", "/v2/a/b/manifests/DIGEST", manifest(ManifestVerb::Put, &by_digest)),
        ("GET", "/v2/a/b/blobs/DIGEST", blob(BlobVerb::Get)),
        ("HEAD", "/v2/a/b/blobs/DIGEST", blob(BlobVerb::Head)),
        ("DELETE", "/v2/a/b/blobs/DIGEST", blob(BlobVerb::Delete)),
        ("POST", "/v2/a/b/blobs/uploads/", start.clone()),
        ("POST", "/v2/a/b/blobs/uploads", start),
        ("GET", "/v2/a/b/blobs/uploads/0-x_~=.Z", upload(UploadVerb::Get)),
        ("HEAD", "/v2/a/b/blobs/uploads/0-x_~=.Z", upload(UploadVerb::Get)),
        ("PATCH", "/v2/a/b/blobs/uploads/0-x_~=.Z", upload(UploadVerb::Patch)),
        ("PUT", "/v2/a/b/blobs/uploads/0-x_~=.Z", upload(UploadVerb::Put)),
        ("DELETE", "/v2/a/b/blobs/uploads/0-x_~=.Z", upload(UploadVerb::Delete)),
        ("GET", "/v2/a/b/referrers/DIGEST", referrers.clone()),
        ("HEAD", "/v2/a/b/referrers/DIGEST", referrers),
    ] {
        for colon in [":", "%3A", "%3a"] {
            for slash in ["/", "%2F", "%2f"] {
                let path = path.replace("DIGEST", &format!("sha256{colon}{HEX}"));
                let path = path.replace("/a/b/", &format!("/a{slash}b/"));
                assert_eq!(parse(method, &path).as_ref(), Ok(&endpoint), "{method} {path}");
            }
        }
    }
}

#[test]
fn names_may_hold_words_of_the_protocol() {
    let words = [
        "v2",
        "blobs",
        "manifests",
        "tags",
        "tags/list",
        "referrers",
        "uploads",
        "blobs/uploads",
        "a/blobs/uploads",
        "a/manifests/v1",
        "v2/v2",
        "blobs/uploads/tags/list",
        "manifests/manifests",
        "uploads/blobs",
        "list",
    ];
    for word in words {
        let is = |method: &str, rest: &str, expected: Endpoint| {
            let path = format!("/v2/{word}/{rest}");
            assert_eq!(parse(method, &path), Ok(expected), "{path}");
        };
        let name = name(word);
        is("GET", "tags/list", Endpoint::TagList { name: name.clone() });
        for reference in ["v1", "list", "uploads", "tags", "manifests", "blobs"] {
            is(
                "GET",
                &format!("manifests/{reference}"),
                Endpoint::Manifest {
                    verb: ManifestVerb::Get,
                    name: name.clone(),
                    reference: reference.parse().unwrap(),
                },
            );
        }
        is(
            "GET",
            &format!("blobs/sha256:{HEX}"),
            Endpoint::Blob { verb: BlobVerb::Get, name: name.clone(), digest: digest() },
        );
        is("POST", "blobs/uploads/", Endpoint::UploadStart { name: name.clone() });
        is("POST", "blobs/uploads", Endpoint::UploadStart { name: name.clone() });
        for id in ["1", "uploads", "list", "blobs"] {
            is(
                "PATCH",
                &format!("blobs/uploads/{id}"),
                Endpoint::Upload { verb: UploadVerb::Patch, name: name.clone(), id: id.into() },
            );
        }
        is(
            "GET",
            &format!("referrers/sha256:{HEX}"),
            Endpoint::Referrers { name, digest: digest() },
        );
    }
}

#[test]
fn other_paths_are_unknown() {
    for path in [
        "",
        "/",
        "v2/",
        "/v1/",
        "/v2x",
        "/v2x/",
        "/V2/",
        "//v2/",
        "/v2/a",
        "/v2/a/",
        "/v2/a/b",
        "/v2/_catalog/",
        "/v2/_catalog/x",
        "/v2/a/tags",
        "/v2/a/tags/",
        "/v2/a/tags/list/",
        "/v2/a/tags/v1",
        "/v2/manifests/v1",
        "/v2/tags/list",
        "/v2/a/uploads/1",
        "/v2/uploads/1",
        "/v2/blobs/uploads/1",
        "/v2/blobs/uploads/",
        "/v2/a/blobs/uploads/1/2",
        "/v2/a/blobs/uploads//",
        "/v2/a/manifests/v1/",
        "/v2/a/manifest/v1",
        "/v2//",
        "/v2/a/_layers/x",
        "/v2/a/Blobs/x",
        "/oauth2/token",
    ] {
        assert_eq!(parse("GET", path), Err(EndpointError::UnknownPath), "{path}");
    }
}

#[test]
fn parts_that_do_not_parse_are_named() {
    let d = format!("sha256:{HEX}");
    for (path, error) in [
        ("/v2/A/manifests/v1".into(), NameError::Character('A').into()),
        ("/v2//manifests/v1".into(), NameError::Empty.into()),
        ("/v2//tags/list".into(), NameError::Empty.into()),
        ("/v2/a//b/manifests/v1".into(), NameError::EmptyComponent.into()),
        ("/v2/a/../b/manifests/v1".into(), NameError::ComponentEdge.into()),
        ("/v2/a/%2e%2e/b/manifests/v1".into(), NameError::ComponentEdge.into()),
        ("/v2/../blobs/x".into(), NameError::ComponentEdge.into()),
        ("/v2/_catalog/tags/list".into(), NameError::ComponentEdge.into()),
        ("/v2/a%252fb/tags/list".into(), NameError::Character('%').into()),
        ("/v2/a?n=1/tags/list".into(), NameError::Character('?').into()),
        (format!("/v2/{}/tags/list", "a".repeat(256)), NameError::TooLong.into()),
        (format!("/v2/a b/referrers/{d}"), NameError::Character(' ').into()),
        ("/v2/a/manifests/".into(), TagError::Empty.into()),
        ("/v2/a/manifests/.".into(), TagError::Start.into()),
        ("/v2/a/manifests/..".into(), TagError::Start.into()),
        ("/v2/a/manifests/a%20b".into(), TagError::Character(' ').into()),
        (format!("/v2/a/manifests/{}", "a".repeat(129)), TagError::TooLong.into()),
        ("/v2/a/manifests/sha256:1".into(), DigestError::Malformed.into()),
        ("/v2/a/manifests/md5:00".into(), DigestError::UnsupportedAlgorithm("md5".into()).into()),
        ("/v2/a/blobs/".into(), DigestError::Malformed.into()),
        ("/v2/a/blobs/v1".into(), DigestError::Malformed.into()),
        (format!("/v2/a/blobs/{d}%20"), DigestError::Malformed.into()),
        (format!("/v2/a/blobs/sha256:{}", HEX.to_uppercase()), DigestError::Malformed.into()),
        ("/v2/a/referrers/v1".into(), DigestError::Malformed.into()),
        ("/v2/a/referrers/".into(), DigestError::Malformed.into()),
        ("/v2/a/blobs/uploads/a%20b".into(), EndpointError::UploadId),
        ("/v2/a/blobs/uploads/a%3Ab".into(), EndpointError::UploadId),
        ("/v2/a/blobs/uploads/..".into(), EndpointError::UploadId),
        ("/v2/a/blobs/uploads/%2e".into(), EndpointError::UploadId),
        (format!("/v2/a/blobs/uploads/{}", "x".repeat(129)), EndpointError::UploadId),
        ("/v2/a/blobs/uploads/x%2Fy".into(), EndpointError::Escape),
        ("/v2/a%2Fb%2Ftags%2Flist".into(), EndpointError::UnknownPath),
        ("/v2%2Fa/tags/list".into(), EndpointError::UnknownPath),
        ("/v2/a/manifests/..%2f..%2fetc".into(), EndpointError::Escape),
        ("/v2/a/tags/list%00".into(), EndpointError::Escape),
    ] {
        assert_eq!(parse("GET", &path), Err(error), "{path}");
    }
}

#[test]
fn other_methods_are_refused_with_those_that_would_do() {
    let methods =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE"];
    let digest = format!("sha256:{HEX}");
    for (path, allowed) in [
        ("/v2/".into(), "GET HEAD"),
        ("/v2/_catalog".into(), "GET HEAD"),
        ("/v2/a/tags/list".into(), "GET HEAD"),
        ("/v2/a/manifests/v1".into(), "GET HEAD PUT DELETE"),
        (format!("/v2/a/blobs/{digest}"), "GET HEAD DELETE"),
        ("/v2/a/blobs/uploads/".into(), "POST"),
        ("/v2/a/blobs/uploads".into(), "POST"),
        ("/v2/a/blobs/uploads/1".into(), "GET HEAD PATCH PUT DELETE"),
        (format!("/v2/a/referrers/{digest}"), "GET HEAD"),
    ] {
        let path: String = path;
        for method in methods {
            match parse(method, &path) {
                Ok(_) => assert!(allowed.contains(method), "{method} {path}"),
                Err(EndpointError::MethodNotAllowed { allowed: told }) => {
                    let told: Vec<_> = told.iter().map(Method::as_str).collect();
                    assert_eq!(told.join(" "), allowed, "{method} {path}");
                    assert!(!told.contains(&method), "{method} {path}");
                }
                Err(other) => panic!("{method} {path}: {other}"),
            }
        }
    }
}
