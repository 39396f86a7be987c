//! Laws over generated input: what prints parses back, order is the text's, and
//! nothing that a peer sends makes a parser panic.

use gantry_oci::{
    Action, ActionSet, Algorithm, Authorization, BlobVerb, ByteRange, ContentRange, Descriptor,
    Digest, Endpoint, Hasher, Manifest, ManifestVerb, MediaType, Reference, RepositoryName, Scope,
    ScopeResource, Tag, UploadVerb, json, referrers_tag,
};
use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;

fn digest() -> impl Strategy<Value = Digest> {
    (any::<bool>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(short, a, b)| {
        if short {
            Digest::Sha256(a)
        } else {
            let mut hash = [0; 64];
            hash[..32].copy_from_slice(&a);
            hash[32..].copy_from_slice(&b);
            Digest::Sha512(hash)
        }
    })
}

/// The distribution-spec's own regular expression, kept below the bound on length.
const NAME: &str = r"[a-z0-9]{1,9}((\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}(/[a-z0-9]{1,9}((\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}){0,3}";
const TAG: &str = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";

fn name() -> impl Strategy<Value = RepositoryName> {
    NAME.prop_map(|text| text.parse().expect("the grammar's own"))
}

fn reference() -> impl Strategy<Value = Reference> {
    prop_oneof![
        TAG.prop_map(|text| Reference::Tag(text.parse().expect("the grammar's own"))),
        digest().prop_map(Reference::Digest),
    ]
}

fn actions() -> impl Strategy<Value = ActionSet> {
    vec(proptest::sample::select(Action::EACH.to_vec()), 0..8).prop_map(|a| a.into_iter().collect())
}

proptest! {
    #[test]
    fn digests_round_trip_and_order_as_their_texts(a in digest(), b in digest()) {
        prop_assert_eq!(a.to_string().parse(), Ok(a));
        prop_assert_eq!(a.to_string(), format!("{}:{}", a.algorithm(), a.hex()));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        let text = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), a);
    }

    #[test]
    fn one_wrong_character_is_no_digest(a in digest(), at in 7usize..71, c in "[^0-9a-f]") {
        let text = a.to_string();
        let wrong = format!("{}{c}{}", &text[..at], &text[at + 1..]);
        prop_assert!(wrong.parse::<Digest>().is_err(), "{}", wrong);
    }

    #[test]
    fn names_of_the_grammar_round_trip(text in NAME) {
        let name: RepositoryName = text.parse().unwrap();
        prop_assert_eq!(name.to_string(), text);
    }

    #[test]
    fn references_round_trip(reference in reference()) {
        prop_assert_eq!(reference.to_string().parse(), Ok(reference));
    }

    #[test]
    fn any_text_that_parses_prints_the_same(text in "[a-z0-9._:/A-Z-]{0,40}|.{0,20}") {
        if let Ok(name) = text.parse::<RepositoryName>() {
            prop_assert_eq!(name.as_str(), &text);
        }
        if let Ok(tag) = text.parse::<Tag>() {
            prop_assert_eq!(tag.as_str(), &text);
        }
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn media_types_fold_once(text in "[a-zA-Z0-9][a-zA-Z0-9.+-]{0,20}/[a-zA-Z0-9][a-zA-Z0-9.+-]{0,20}( ?;.{0,9})?") {
        let parsed: MediaType = text.parse().unwrap();
        prop_assert_eq!(parsed.as_str().parse::<MediaType>(), Ok(parsed.clone()));
        prop_assert_eq!(text.to_uppercase().parse::<MediaType>(), Ok(parsed));
    }

    #[test]
    fn hashing_in_pieces_across_saves_equals_one_shot(
        pieces in vec(vec(any::<u8>(), 0..200), 0..6),
        sha512 in any::<bool>(),
    ) {
        let algorithm = if sha512 { Algorithm::Sha512 } else { Algorithm::Sha256 };
        let mut hasher = Hasher::new(algorithm);
        for piece in &pieces {
            hasher.update(piece);
            hasher = Hasher::restore(&hasher.save()).unwrap();
        }
        let whole = pieces.concat();
        prop_assert_eq!(hasher.count(), whole.len() as u64);
        prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &whole));
    }

    #[test]
    fn damaged_hash_states_are_refused(
        content in vec(any::<u8>(), 0..200),
        sha512 in any::<bool>(),
        at in 0usize..300,
        flip in 1u8..,
        cut in 1usize..300,
    ) {
        let mut hasher = Hasher::new(if sha512 { Algorithm::Sha512 } else { Algorithm::Sha256 });
        hasher.update(&content);
        let saved = hasher.save();
        let mut flipped = saved.clone();
        flipped[at % saved.len()] ^= flip;
        prop_assert!(Hasher::restore(&flipped).is_err());
        prop_assert!(Hasher::restore(&saved[..saved.len().saturating_sub(cut)]).is_err());
    }

    #[test]
    fn byte_ranges_stay_inside(first in any::<u64>(), last in any::<u64>(), size in any::<u64>()) {
        for text in [format!("bytes={first}-{last}"), format!("bytes={first}-"), format!("bytes=-{last}")] {
            let range: ByteRange = text.parse().unwrap();
            prop_assert_eq!(range.to_string(), text);
            if let Ok(bytes) = range.resolve(size) {
                prop_assert!(bytes.start < bytes.end && bytes.end <= size);
            }
        }
    }

    #[test]
    fn content_ranges_round_trip(start in 0..i64::MAX as u64, length in 1..u64::from(u32::MAX)) {
        if let Some(range) = ContentRange::new(start, length) {
            prop_assert_eq!(range.to_string().parse(), Ok(range));
            prop_assert_eq!((range.start(), range.len()), (start, length));
        }
    }

    #[test]
    fn scopes_round_trip(name in name(), actions in actions()) {
        let scope = Scope { resource: ScopeResource::Repository(name), actions };
        prop_assert_eq!(scope.to_string().parse(), Ok(scope));
    }

    #[test]
    fn every_name_and_reference_has_its_endpoints(
        name in name(),
        reference in reference(),
        digest in digest(),
        id in "[A-Za-z0-9][A-Za-z0-9._~=-]{0,127}",
    ) {
        let get = |path: String| Endpoint::parse(&Method::GET, &path).unwrap_or_else(|e| panic!("{e}: {path}"));
        let path = format!("/v2/{name}/manifests/{reference}");
        let manifest =
            Endpoint::Manifest { verb: ManifestVerb::Get, name: name.clone(), reference };
        prop_assert_eq!(get(path), manifest);
        let blob = Endpoint::Blob { verb: BlobVerb::Get, name: name.clone(), digest };
        prop_assert_eq!(get(format!("/v2/{name}/blobs/{digest}")), blob);
        let path = format!("/v2/{name}/blobs/uploads/{id}");
        let upload = Endpoint::Upload { verb: UploadVerb::Get, name: name.clone(), id };
        prop_assert_eq!(get(path), upload);
        prop_assert_eq!(get(format!("/v2/{name}/tags/list")), Endpoint::TagList { name });
    }

    #[test]
    fn referrers_tags_are_tags(digest in digest()) {
        prop_assert!(referrers_tag(&digest).as_str().parse::<Tag>().is_ok());
    }

    #[test]
    fn descriptors_round_trip(
        digest in digest(),
        size in 0..=i64::MAX as u64,
        annotations in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..4),
        artifact_type in proptest::option::of(".{0,12}"),
    ) {
        let mut descriptor = Descriptor::new(MediaType::OCI_MANIFEST, digest, size);
        descriptor.annotations = annotations;
        descriptor.artifact_type = artifact_type;
        let text = serde_json::to_string(&descriptor).unwrap();
        prop_assert_eq!(json::check(text.as_bytes(), 1 << 16), Ok(()));
        prop_assert_eq!(serde_json::from_str::<Descriptor>(&text).unwrap(), descriptor);
    }

    #[test]
    fn parsers_of_peers_bytes_never_panic(bytes in vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let _ = json::check(&bytes, 100);
        let _ = Manifest::parse(None, &bytes);
        let _ = Manifest::parse(Some(&MediaType::OCI_INDEX), text.as_bytes());
        let _ = Endpoint::parse(&Method::PUT, &text);
        let _ = text.parse::<Authorization>();
        let _ = Scope::parse_list(&text);
        let _ = text.parse::<ByteRange>();
        let _ = text.parse::<ContentRange>();
    }
}
