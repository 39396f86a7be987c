//! Which media types a client takes (RFC 9110, 12.5.1).

use gantry_oci::MediaType;
use http::{HeaderMap, header};

/// What `Accept` says.
#[derive(Debug)]
pub(super) struct Accept(Option<Vec<String>>);

impl Accept {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut ranges = Vec::new();
        for value in headers.get_all(header::ACCEPT) {
            let Ok(text) = value.to_str() else { continue };
            for range in text.split(',') {
                let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
                let refused = parameters
                    .split(';')
                    .any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                if !range.trim().is_empty() && !refused {
                    ranges.push(range.trim().to_ascii_lowercase());
                }
            }
        }
        Self((!ranges.is_empty()).then_some(ranges))
    }

    /// Whether the client takes this type. One that says nothing takes all; `application/json` is
    /// what curl users write when they mean any manifest.
    pub(super) fn takes(&self, media_type: &MediaType) -> bool {
        let Some(ranges) = &self.0 else { return true };
        ranges.iter().any(|range| {
            matches!(range.as_str(), "*/*" | "application/*" | "application/json")
                || range == media_type.as_str()
        })
    }

    /// Whether the client takes some type of manifest for one platform.
    pub(super) fn takes_images(&self) -> bool {
        [MediaType::OCI_MANIFEST, MediaType::DOCKER_MANIFEST].iter().any(|t| self.takes(t))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accept(values: &[&'static str]) -> Accept {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        Accept::of(&headers)
    }

    #[test]
    fn a_client_gets_what_it_takes() {
        let index = MediaType::OCI_INDEX;
        assert!(accept(&[]).takes(&index));
        assert!(accept(&["*/*"]).takes(&index));
        assert!(accept(&["text/html, */*;q=0.8"]).takes(&index));
        assert!(
            accept(&[
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.oci.image.index.v1+json; q=0.5"
            ])
            .takes(&index)
        );
        let docker = accept(&["application/vnd.docker.distribution.manifest.v2+json"]);
        assert!(!docker.takes(&index) && docker.takes_images());
        assert!(
            !accept(&["application/vnd.oci.image.index.v1+json;q=0, text/plain"]).takes(&index)
        );
    }
}
