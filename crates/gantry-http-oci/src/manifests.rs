//! `/v2/<name>/manifests/<reference>`

mod accept;
mod delete;
mod get;
mod put;

use gantry_oci::Digest;
use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use put::put;

/// Content's entity tag is its digest.
pub(crate) fn etag(digest: &Digest) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\"")).expect("digests are visible ASCII")
}

/// Whether the client has this content already (`If-None-Match`; RFC 9110, 13.1.2).
pub(crate) fn matches_etag(headers: &HeaderMap, digest: &Digest) -> bool {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    let wanted = etag(digest);
    let wanted = wanted.as_bytes();
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|tag| {
            let tag = tag.trim_ascii();
            let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
            tag == b"*" || tag == wanted
        })
    })
}

/// `Docker-Content-Digest` and `ETag`: one text, with and without its quotes.
pub(crate) fn set_digest(headers: &mut HeaderMap, digest: &Digest) {
    let tag = etag(digest);
    let digest = HeaderValue::from_bytes(&tag.as_bytes()[1..tag.len() - 1]);
    headers.insert(DIGEST, digest.expect("digests are visible ASCII"));
    headers.insert(header::ETAG, tag);
}

const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

fn digest_value(digest: &Digest) -> HeaderValue {
    HeaderValue::try_from(digest.to_string()).expect("digests are visible ASCII")
}
