//! Which media types a client takes (RFC 9110, 12.5.1).

use gantry_oci::MediaType;
use http::{HeaderMap, header};

/// What `Accept` says. It is read anew for each question, and nothing of it is copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept<'a>(&'a HeaderMap);

/// One of its ranges, and whether the client takes what is in it.
struct MediaRange<'a> {
    text: &'a str,
    taken: bool,
}

impl<'a> Accept<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    /// Whether the client takes this type: the most specific range that it is in decides, so one
    /// type can be left out although `*/*` is there. A client that says nothing takes all.
    pub(super) fn takes(self, media_type: &MediaType) -> bool {
        let (mut says_nothing, mut decided) = (true, None);
        for range in self.ranges() {
            says_nothing = false;
            // Between two that are alike, the one that takes it wins.
            decided = decided.max(range.matches(media_type).map(|near| (near, range.taken)));
        }
        decided.map_or(says_nothing, |(_, taken)| taken)
    }

    fn ranges(self) -> impl Iterator<Item = MediaRange<'a>> {
        let values = self.0.get_all(header::ACCEPT).into_iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts.flat_map(|text| text.split(',')).map(MediaRange::of).filter(|r| !r.text.is_empty())
    }

    /// The types of manifest for one platform that the client takes.
    pub(super) fn image_types(self) -> Vec<MediaType> {
        let known = [MediaType::OCI_MANIFEST, MediaType::DOCKER_MANIFEST];
        known.into_iter().filter(|media_type| self.takes(media_type)).collect()
    }
}

impl<'a> MediaRange<'a> {
    fn of(text: &'a str) -> Self {
        let (range, parameters) = text.split_once(';').unwrap_or((text, ""));
        let refuses = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0_f32)
        };
        Self { text: range.trim(), taken: !parameters.split(';').any(refuses) }
    }

    /// How closely the range fits the type, if the type is in it.
    fn matches(&self, media_type: &MediaType) -> Option<u8> {
        let (wanted, range) = (media_type.as_str(), self.text);
        let of_kind = |kind: &str| {
            wanted.split_once('/').is_some_and(|(first, _)| first.eq_ignore_ascii_case(kind))
        };
        if range.eq_ignore_ascii_case(wanted) {
            Some(2)
        } else if range.strip_suffix("/*").is_some_and(of_kind) {
            Some(1)
        } else {
            // curl users write `application/json` when they mean any manifest.
            let json = self.taken && range.eq_ignore_ascii_case("application/json");
            (range == "*/*" || json).then_some(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        headers
    }

    fn takes(values: &[&'static str], media_type: &MediaType) -> bool {
        Accept::of(&headers(values)).takes(media_type)
    }

    #[test]
    fn images_are_of_the_types_that_are_taken() {
        let images = |values| Accept::of(&headers(values)).image_types();
        let docker = MediaType::DOCKER_MANIFEST;
        assert_eq!(images(&[]), [MediaType::OCI_MANIFEST, docker.clone()]);
        assert_eq!(images(&["application/vnd.docker.distribution.manifest.v2+json"]), [docker]);
        assert_eq!(images(&["application/vnd.oci.image.index.v1+json"]), []);
    }

    #[test]
    fn a_client_gets_what_it_takes() {
        let docker = "application/vnd.docker.distribution.manifest.v2+json";
        let index = "application/vnd.oci.image.index.v1+json; q=0.5";
        for (values, taken) in [
            (&[][..], true),
            (&[""], true),
            (&["*/*"], true),
            (&["text/html, */*;q=0.8"], true),
            (&["application/json"], true),
            (&["application/*"], true),
            (&["Application/VND.oci.image.INDEX.v1+json"], true),
            (&[docker, index], true),
            (&[docker], false),
            (&["text/*"], false),
        ] {
            assert_eq!(takes(values, &MediaType::OCI_INDEX), taken, "{values:?}");
        }
        assert!(takes(&[docker], &MediaType::DOCKER_MANIFEST));
    }

    /// RFC 9110, 12.5.1.
    #[test]
    fn what_is_left_out_stays_out_whatever_else_is_taken() {
        for values in [
            &["*/*, application/vnd.oci.image.index.v1+json;q=0"][..],
            &["application/vnd.oci.image.index.v1+json; Q=0.000", "*/*", "application/*"],
            &["application/*;q=0, */*"],
            &["*/*;q=0"],
            &["application/vnd.oci.image.index.v1+json;q=0, text/plain"],
        ] {
            assert!(!takes(values, &MediaType::OCI_INDEX), "{values:?}");
        }
        let exact = ["*/*;q=0, application/vnd.oci.image.index.v1+json;q=0.001"];
        assert!(takes(&exact, &MediaType::OCI_INDEX));
        assert!(!takes(&exact, &MediaType::OCI_MANIFEST));
    }
}
