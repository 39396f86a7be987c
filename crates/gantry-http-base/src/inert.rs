//! Headers of answers.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Makes content that strangers pushed inert in a browser: it is not sniffed, and if it is shown
/// at all, then in a sandbox that may load and run nothing. It shares its origin with the portal.
pub fn inert(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
}

/// Tells Docker clients that this speaks their protocol.
pub fn with_docker_version(headers: &mut HeaderMap) {
    headers.insert(
        HeaderName::from_static("docker-distribution-api-version"),
        HeaderValue::from_static("registry/2.0"),
    );
}
