use serde_json::{Value, json};

use super::*;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

fn descriptor(media_type: &MediaType, digest: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest, "size": size})
}

fn image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": descriptor(&MediaType::OCI_CONFIG, A, 10),
        "layers": [
            descriptor(&MediaType::OCI_LAYER_GZIP, B, 20),
            descriptor(&MediaType::OCI_FOREIGN_LAYER_GZIP, C, 30),
        ],
    })
}

fn index() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": [
            descriptor(&MediaType::OCI_MANIFEST, A, 10),
            descriptor(&MediaType::OCI_INDEX, B, 20),
        ],
    })
}

/// `document` with `fields` laid over it.
fn with(mut document: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    document.as_object_mut().unwrap().extend(fields);
    document
}

fn without(mut document: Value, field: &str) -> Value {
    document.as_object_mut().unwrap().remove(field);
    document
}

fn parse(content_type: Option<&MediaType>, document: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(content_type, document.to_string().as_bytes())
}

fn parsed(document: &Value) -> Manifest {
    parse(None, document).unwrap_or_else(|e| panic!("{e}: {document}"))
}

fn form_error(document: &Value) -> String {
    match parse(None, document) {
        Err(ManifestError::Json(JsonError::Form(why))) => why,
        other => panic!("{other:?} for {document}"),
    }
}

fn digests(blobs: &[BlobRef]) -> Vec<(String, Option<u64>, bool)> {
    blobs.iter().map(|b| (b.digest.to_string(), b.size, b.required)).collect()
}

#[test]
fn an_image_names_its_config_and_layers() {
    for media_type in [MediaType::OCI_MANIFEST, MediaType::DOCKER_MANIFEST] {
        let document = with(image(), json!({"mediaType": media_type}));
        let manifest = parse(Some(&media_type), &document).unwrap();
        assert_eq!((&manifest.media_type, manifest.kind), (&media_type, ManifestKind::Image));
        let expected = [
            (A.to_owned(), Some(10), true),
            (B.to_owned(), Some(20), true),
            (C.to_owned(), Some(30), false),
        ];
        assert_eq!(digests(&manifest.blobs), expected);
        assert_eq!(manifest.config.unwrap().digest.to_string(), A);
        assert_eq!(manifest.artifact_type.as_deref(), Some(MediaType::OCI_CONFIG.as_str()));
        assert_eq!((manifest.children, manifest.subject), (vec![], None));
    }
}

#[test]
fn docker_foreign_layers_are_not_required() {
    let layers = json!([
        descriptor(&MediaType::DOCKER_FOREIGN_LAYER, B, 20),
        descriptor(&MediaType::DOCKER_LAYER, C, 30)
    ]);
    let manifest =
        parsed(&with(image(), json!({"mediaType": MediaType::DOCKER_MANIFEST, "layers": layers})));
    assert_eq!(manifest.blobs.iter().map(|b| b.required).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn an_index_lists_manifests() {
    for media_type in [MediaType::OCI_INDEX, MediaType::DOCKER_MANIFEST_LIST] {
        let manifest = parsed(&with(index(), json!({"mediaType": media_type})));
        assert_eq!((manifest.media_type, manifest.kind), (media_type, ManifestKind::Index));
        assert_eq!(
            manifest.children.iter().map(|c| c.digest.to_string()).collect::<Vec<_>>(),
            [A, B]
        );
        assert_eq!((manifest.blobs, manifest.artifact_type), (vec![], None));
    }
}

#[test]
fn an_index_entry_that_is_no_manifest_is_a_blob() {
    let cache = "application/vnd.buildkit.cacheconfig.v0".parse().unwrap();
    let entries = json!([descriptor(&MediaType::OCI_LAYER_GZIP, A, 10), descriptor(&cache, B, 20)]);
    let manifest = parsed(&with(index(), json!({"manifests": entries})));
    assert_eq!(
        digests(&manifest.blobs),
        [(A.to_owned(), Some(10), true), (B.to_owned(), Some(20), true)]
    );
    assert_eq!(manifest.children, []);
}

#[test]
fn a_withdrawn_artifact_manifest_names_its_blobs() {
    let document = json!({
        "mediaType": MediaType::OCI_ARTIFACT_MANIFEST,
        "artifactType": "application/vnd.example.sbom",
        "blobs": [descriptor(&MediaType::JSON, A, 10)],
        "subject": descriptor(&MediaType::OCI_MANIFEST, B, 20),
    });
    let manifest = parsed(&document);
    assert_eq!(manifest.kind, ManifestKind::Artifact);
    assert_eq!(manifest.artifact_type.as_deref(), Some("application/vnd.example.sbom"));
    assert_eq!(digests(&manifest.blobs), [(A.to_owned(), Some(10), true)]);
    assert_eq!(manifest.subject.unwrap().digest.to_string(), B);
    assert_eq!(parsed(&without(document, "blobs")).blobs, []);
}

#[test]
fn schema_1_names_its_layers_once_without_sizes() {
    let unsigned = json!({
        "schemaVersion": 1, "name": "a/b", "tag": "v1", "architecture": "amd64",
        "fsLayers": [{"blobSum": A}, {"blobSum": B}, {"blobSum": A}],
        "history": [{"v1Compatibility": "{\"id\":\"1\",\"id\":\"2\"}"}],
    });
    let signed = with(unsigned.clone(), json!({"signatures": [{"header": {"alg": "ES256"}}]}));
    for (document, media_type) in
        [(unsigned, MediaType::DOCKER_SCHEMA1), (signed, MediaType::DOCKER_SCHEMA1_SIGNED)]
    {
        for content_type in [None, Some(&MediaType::JSON), Some(&media_type)] {
            let manifest = parse(content_type, &document).unwrap();
            assert_eq!((&manifest.media_type, manifest.kind), (&media_type, ManifestKind::Schema1));
            assert_eq!(
                digests(&manifest.blobs),
                [(A.to_owned(), None, true), (B.to_owned(), None, true)]
            );
        }
    }
}

#[test]
fn the_artifact_type_is_the_spec_s() {
    let custom = "application/vnd.Example.Config".to_owned();
    let config = with(descriptor(&MediaType::OCI_CONFIG, A, 10), json!({"mediaType": custom}));
    for (fields, expected) in [
        (json!({"artifactType": "a/b"}), "a/b"),
        (json!({"artifactType": "a/b", "config": config}), "a/b"),
        // The text as it is written, although media types fold case.
        (json!({"config": config}), "application/vnd.Example.Config"),
        (json!({"artifactType": "", "config": config}), "application/vnd.Example.Config"),
        (json!({"artifactType": null, "config": config}), "application/vnd.Example.Config"),
    ] {
        let document = with(image(), fields);
        assert_eq!(parsed(&document).artifact_type.as_deref(), Some(expected), "{document}");
    }
    assert_eq!(
        parsed(&with(index(), json!({"artifactType": "a/b"}))).artifact_type.as_deref(),
        Some("a/b")
    );
    assert_eq!(parsed(&with(index(), json!({"artifactType": ""}))).artifact_type, None);
    let long = "a".repeat(MAX_ARTIFACT_TYPE + 1);
    assert_eq!(
        parse(None, &with(image(), json!({"artifactType": long}))),
        Err(ManifestError::ArtifactTypeTooLong)
    );
}

#[test]
fn subject_and_annotations_are_read_of_oci_types_only() {
    let subject = descriptor(&MediaType::OCI_MANIFEST, &Digest::sha256(b"").to_string(), 9);
    for (document, media_type, read) in [
        (image(), MediaType::OCI_MANIFEST, true),
        (index(), MediaType::OCI_INDEX, true),
        (image(), MediaType::DOCKER_MANIFEST, false),
        (index(), MediaType::DOCKER_MANIFEST_LIST, false),
    ] {
        let fields =
            json!({"mediaType": media_type, "subject": subject, "annotations": {"a": "b"}});
        let manifest = parsed(&with(document, fields));
        assert_eq!(manifest.subject.is_some(), read, "{media_type}");
        assert_eq!(manifest.annotations.contains_key("a"), read, "{media_type}");
    }
}

#[test]
fn the_type_is_inferred_where_the_request_tells_none() {
    let vague = [None, Some(MediaType::JSON), Some(MediaType::OCTET_STREAM)];
    for (document, expected) in [
        (image(), Ok(MediaType::OCI_MANIFEST)),
        (without(image(), "mediaType"), Ok(MediaType::OCI_MANIFEST)),
        (with(image(), json!({"mediaType": ""})), Ok(MediaType::OCI_MANIFEST)),
        (without(index(), "mediaType"), Ok(MediaType::OCI_INDEX)),
        (
            with(index(), json!({"mediaType": MediaType::DOCKER_MANIFEST_LIST})),
            Ok(MediaType::DOCKER_MANIFEST_LIST),
        ),
        (json!({"schemaVersion": 2}), Err(ManifestError::NoMediaType)),
        (json!({}), Err(ManifestError::NoMediaType)),
        (json!({"blobs": []}), Err(ManifestError::NoMediaType)),
        (
            with(image(), json!({"mediaType": "text/html"})),
            Err(ManifestError::UnknownMediaType("text/html".into())),
        ),
        (
            with(image(), json!({"mediaType": "nonsense"})),
            Err(ManifestError::UnknownMediaType("nonsense".into())),
        ),
    ] {
        for content_type in &vague {
            let got = parse(content_type.as_ref(), &document).map(|m| m.media_type);
            assert_eq!(got, expected, "{content_type:?} {document}");
        }
    }
}

#[test]
fn a_content_type_of_no_manifest_is_refused() {
    for text in
        ["text/plain", "application/vnd.oci.image.config.v1+json", "application/vnd.example+json"]
    {
        let content_type: MediaType = text.parse().unwrap();
        assert_eq!(
            parse(Some(&content_type), &image()),
            Err(ManifestError::UnknownMediaType(text.into()))
        );
    }
}

#[test]
fn media_type_and_content_type_must_agree() {
    let declared = MediaType::OCI_MANIFEST;
    for document in [
        "application/vnd.oci.image.index.v1+json",
        "Application/vnd.oci.image.manifest.v1+json",
        "nonsense",
    ] {
        assert_eq!(
            parse(Some(&declared), &with(image(), json!({"mediaType": document}))),
            Err(ManifestError::MediaTypeMismatch {
                content_type: declared.clone(),
                document: document.into()
            }),
        );
    }
    assert!(parse(Some(&declared), &without(image(), "mediaType")).is_ok());
}

#[test]
fn a_document_of_two_kinds_is_refused() {
    for (document, fields) in [
        (image(), json!({"manifests": []})),
        (index(), json!({"layers": []})),
        (index(), json!({"config": descriptor(&MediaType::OCI_CONFIG, A, 10)})),
        (index(), json!({"blobs": []})),
        (image(), json!({"fsLayers": []})),
    ] {
        let document = with(document, fields);
        assert!(matches!(parse(None, &document), Err(ManifestError::Ambiguous(..))), "{document}");
    }
}

#[test]
fn a_document_that_parsers_could_read_differently_is_refused() {
    for (document, why) in [
        (with(index(), json!({"Layers": []})), "must be spelt `layers`"),
        (with(image(), json!({"manifest\u{17f}": []})), "must be spelt `manifests`"),
        (with(image(), json!({"MEDIATYPE": "x"})), "must be spelt `mediaType`"),
        (
            with(
                image(),
                json!({"config": with(descriptor(&MediaType::OCI_CONFIG, A, 1), json!({"Digest": B}))}),
            ),
            "must be spelt `digest`",
        ),
        (with(image(), json!({"layers": [{"Size": 1}]})), "must be spelt `size`"),
        (
            with(image(), json!({"config": [MediaType::OCI_CONFIG, A, 10]})),
            "array where an object belongs",
        ),
        (
            with(image(), json!({"layers": [[MediaType::OCI_CONFIG, A, 10]]})),
            "array where an object belongs",
        ),
        (json!([2, MediaType::OCI_MANIFEST]), "array where an object belongs"),
    ] {
        let got = form_error(&document);
        assert!(got.contains(why), "{got}");
    }
    let twice = image().to_string().replacen('{', r#"{"layers":[],"#, 1);
    let error = Manifest::parse(None, twice.as_bytes());
    assert_eq!(error, Err(ManifestError::Json(JsonError::DuplicateKey("layers".into()))));
}

#[test]
fn custom_fields_are_fine_anywhere() {
    let extra = json!({"org.example": {"Layers": [[1]], "digest": 5}});
    let layer = with(descriptor(&MediaType::OCI_LAYER, B, 20), extra.clone());
    let document =
        with(image(), json!({"layers": [layer], "annotations": {"Size": "3", "Config": "x"}}));
    assert_eq!(parsed(&with(document, extra)).blobs.len(), 2);
}

#[test]
fn the_schema_version_is_that_of_the_type() {
    for document in [
        with(image(), json!({"schemaVersion": 1})),
        without(image(), "schemaVersion"),
        with(index(), json!({"schemaVersion": 3})),
    ] {
        assert_eq!(
            parse(None, &document),
            Err(ManifestError::SchemaVersion { expected: 2 }),
            "{document}"
        );
    }
    let schema1 = json!({"schemaVersion": 2, "fsLayers": []});
    let got = parse(Some(&MediaType::DOCKER_SCHEMA1), &schema1);
    assert_eq!(got, Err(ManifestError::SchemaVersion { expected: 1 }));
}

#[test]
fn what_a_type_needs_must_be_there() {
    for (document, why) in [
        (without(image(), "config"), "missing field `config`"),
        (without(image(), "layers"), "missing field `layers`"),
        (without(index(), "manifests"), "missing field `manifests`"),
        (with(image(), json!({"config": null})), "invalid type: null"),
        (with(image(), json!({"layers": {}})), "invalid type: map"),
        (with(image(), json!({"layers": [{"digest": A, "size": 1}]})), "missing field `mediaType`"),
        (
            with(
                image(),
                json!({"layers": [{"mediaType": "a/b", "digest": "sha256:1", "size": 1}]}),
            ),
            "not a digest",
        ),
        (
            with(image(), json!({"layers": [{"mediaType": "a", "digest": A, "size": 1}]})),
            "not a media type",
        ),
        (with(image(), json!({"annotations": {"a": 1}})), "invalid type: integer"),
    ] {
        let got = form_error(&document);
        assert!(got.contains(why), "{got}");
    }
}

#[test]
fn null_lists_are_empty() {
    assert_eq!(
        parsed(&with(image(), json!({"layers": null, "annotations": null, "subject": null})))
            .blobs
            .len(),
        1
    );
    assert_eq!(parsed(&with(index(), json!({"manifests": null}))).children, []);
}

#[test]
fn repeated_content_counts_once_and_has_one_size() {
    let same = |sizes: [u64; 2]| {
        let layers = json!([
            descriptor(&MediaType::OCI_FOREIGN_LAYER, B, sizes[0]),
            descriptor(&MediaType::OCI_LAYER, B, sizes[1]),
        ]);
        parse(None, &with(image(), json!({"layers": layers})))
    };
    // Named once as a layer that must be there, it must be there.
    assert_eq!(digests(&same([5, 5]).unwrap().blobs)[1..], [(B.to_owned(), Some(5), true)]);
    assert_eq!(same([5, 6]), Err(ManifestError::SizeConflict(B.parse().unwrap())));

    let children = |sizes: [u64; 2]| {
        let entries = sizes.map(|size| descriptor(&MediaType::OCI_MANIFEST, A, size));
        parse(None, &with(index(), json!({"manifests": entries})))
    };
    assert_eq!(children([5, 5]).unwrap().children.len(), 1);
    assert_eq!(children([5, 6]), Err(ManifestError::SizeConflict(A.parse().unwrap())));
}

#[test]
fn embedded_data_must_be_true() {
    let empty = Digest::sha256(b"{}");
    let config = |data: &str| {
        let config =
            with(descriptor(&MediaType::OCI_EMPTY, &empty.to_string(), 2), json!({"data": data}));
        parse(None, &with(image(), json!({"config": config})))
    };
    assert!(config("e30=").is_ok());
    assert_eq!(config("W10="), Err(ManifestError::DataMismatch(empty)));
}

#[test]
fn size_and_number_of_descriptors_are_bounded() {
    let large = with(image(), json!({"annotations": {"a": "x".repeat(MAX_MANIFEST_BYTES)}}));
    assert_eq!(parse(None, &large), Err(ManifestError::TooLarge));

    let indexes = |n: usize| {
        let entries: Vec<_> = (0..n)
            .map(|i| {
                descriptor(
                    &MediaType::OCI_MANIFEST,
                    &Digest::sha256(&i.to_be_bytes()).to_string(),
                    1,
                )
            })
            .collect();
        parse(None, &with(index(), json!({"manifests": entries})))
    };
    assert_eq!(indexes(MAX_DESCRIPTORS).unwrap().children.len(), MAX_DESCRIPTORS);
    assert_eq!(indexes(MAX_DESCRIPTORS + 1), Err(ManifestError::TooManyDescriptors));
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in ["", "null", "1", "\"a\"", "{", "{}}", "[]"] {
        assert!(Manifest::parse(None, text.as_bytes()).is_err(), "{text}");
    }
}
