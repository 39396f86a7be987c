//! What a request under `/acr/v1` asks for.

use gantry_oci::path::{decode, name, part};
use gantry_oci::{Digest, EndpointError, RepositoryName, Tag};
use http::Method;

/// A request of ACR's metadata API (Azure Container Registry data plane, 2021-07-01), by its method
/// and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /acr/v1/_catalog`.
    Catalog,
    /// `/acr/v1/<name>`.
    Repository {
        /// What to do with it.
        verb: Verb,
        /// The repository.
        name: RepositoryName,
    },
    /// `GET /acr/v1/<name>/_tags`.
    Tags {
        /// The repository.
        name: RepositoryName,
    },
    /// `/acr/v1/<name>/_tags/<tag>`.
    Tag {
        /// What to do with it.
        verb: Verb,
        /// The repository.
        name: RepositoryName,
        /// The tag.
        tag: Tag,
    },
    /// `GET /acr/v1/<name>/_manifests`.
    Manifests {
        /// The repository.
        name: RepositoryName,
    },
    /// `/acr/v1/<name>/_manifests/<digest>`.
    Manifest {
        /// What to do with it. Deleting is the operator's alone: clients ask for it under `/v2/`.
        verb: Verb,
        /// The repository.
        name: RepositoryName,
        /// The manifest.
        digest: Digest,
    },
    /// `GET /acr/v1/_deleted/_catalog`, as `az acr repository list-deleted` asks for it.
    DeletedCatalog,
    /// `/acr/v1/_deleted/<name>/_manifests`, and what is below it.
    DeletedManifests {
        /// The repository.
        name: RepositoryName,
        /// The manifest to be restored, if it is about one.
        digest: Option<Digest>,
    },
    /// `GET /acr/v1/_deleted/<name>/_tags`
    DeletedTags {
        /// The repository.
        name: RepositoryName,
    },
    /// `/acr/v1/<name>/_streaming` and `/acr/v1/<name>/_operations`, with what is below them.
    Streaming {
        /// The repository.
        name: RepositoryName,
    },
}

/// What can be done with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Tell its attributes.
    Show,
    /// Lock or unlock it.
    Update,
    /// Delete it.
    Delete,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
const RESTORE: &[Method] = &[Method::POST];
const CHANGE: &[Method] = &[Method::GET, Method::HEAD, Method::PATCH];
const DELETE: &[Method] = &[Method::GET, Method::HEAD, Method::PATCH, Method::DELETE];

impl Endpoint {
    /// Parses a request's method and path (without its query). Names hold slashes, and no part of one
    /// begins with `_`, as the protocol's own words do.
    pub fn parse(method: &Method, path: &str) -> Result<Self, EndpointError> {
        let path = decode(path)?;
        let rest = path.strip_prefix("/acr/v1/").ok_or(EndpointError::UnknownPath)?;
        if rest == "_catalog" {
            verb(method, READ)?;
            return Ok(Self::Catalog);
        }
        if let Some(deleted) = rest.strip_prefix("_deleted/") {
            return Self::deleted(method, deleted);
        }
        let Some((before, word)) = rest.split_once("/_") else {
            let verb = verb(method, DELETE)?;
            return Ok(Self::Repository { verb, name: name(rest).parse()? });
        };
        let repository = || name(before).parse::<RepositoryName>();
        match word.split_once('/') {
            None if word == "tags" => {
                verb(method, READ)?;
                Ok(Self::Tags { name: repository()? })
            }
            None if word == "manifests" => {
                verb(method, READ)?;
                Ok(Self::Manifests { name: repository()? })
            }
            Some(("tags", tag)) => {
                let verb = verb(method, DELETE)?;
                Ok(Self::Tag { verb, name: repository()?, tag: part(tag)?.parse()? })
            }
            Some(("manifests", digest)) => {
                let verb = verb(method, CHANGE)?;
                Ok(Self::Manifest { verb, name: repository()?, digest: part(digest)?.parse()? })
            }
            _ if word.starts_with("streaming") || word.starts_with("operations/") => {
                Ok(Self::Streaming { name: repository()? })
            }
            _ => Err(EndpointError::UnknownPath),
        }
    }

    /// What is behind `/acr/v1/_deleted/`.
    fn deleted(method: &Method, rest: &str) -> Result<Self, EndpointError> {
        let reads = |endpoint| verb(method, READ).map(|_| endpoint);
        if rest == "_catalog" {
            return reads(Self::DeletedCatalog);
        }
        let (before, word) = rest.split_once("/_").ok_or(EndpointError::UnknownPath)?;
        let name = name(before).parse::<RepositoryName>()?;
        match word.split_once('/') {
            None if word == "manifests" => reads(Self::DeletedManifests { name, digest: None }),
            None if word == "tags" => reads(Self::DeletedTags { name }),
            Some(("manifests", digest)) => {
                verb(method, RESTORE)?;
                Ok(Self::DeletedManifests { name, digest: Some(part(digest)?.parse()?) })
            }
            _ => Err(EndpointError::UnknownPath),
        }
    }

    /// Its name in metrics and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Catalog => "acr catalog",
            Self::Repository { .. } => "acr repository",
            Self::Tags { .. } => "acr tags",
            Self::Tag { .. } => "acr tag",
            Self::Manifests { .. } => "acr manifests",
            Self::Manifest { .. } => "acr manifest",
            Self::DeletedCatalog => "acr deleted catalog",
            Self::DeletedManifests { .. } => "acr deleted manifests",
            Self::DeletedTags { .. } => "acr deleted tags",
            Self::Streaming { .. } => "acr streaming",
        }
    }
}

fn verb(method: &Method, allowed: &'static [Method]) -> Result<Verb, EndpointError> {
    if !allowed.contains(method) {
        return Err(EndpointError::MethodNotAllowed { allowed });
    }
    Ok(match *method {
        Method::PATCH => Verb::Update,
        Method::DELETE => Verb::Delete,
        _ => Verb::Show,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let (method, path) = text.split_once(' ').unwrap();
        Endpoint::parse(&method.parse().unwrap(), path)
    }

    #[test]
    fn every_endpoint_is_found_by_its_path() {
        let name = || "team/app".parse().unwrap();
        let digest = DIGEST.parse().unwrap();
        let (tag, verb) = ("v1".parse::<Tag>().unwrap(), Verb::Show);
        for (text, endpoint) in [
            ("GET /acr/v1/_catalog", Endpoint::Catalog),
            ("GET /acr/v1/team/app", Endpoint::Repository { verb, name: name() }),
            ("HEAD /acr/v1/team%2Fapp", Endpoint::Repository { verb, name: name() }),
            ("PATCH /acr/v1/team/app", Endpoint::Repository { verb: Verb::Update, name: name() }),
            ("DELETE /acr/v1/team/app", Endpoint::Repository { verb: Verb::Delete, name: name() }),
            ("GET /acr/v1/team/app/_tags", Endpoint::Tags { name: name() }),
            (
                "GET /acr/v1/team/app/_tags/v1",
                Endpoint::Tag { verb, name: name(), tag: tag.clone() },
            ),
            (
                "DELETE /acr/v1/team%2fapp/_tags/v1",
                Endpoint::Tag { verb: Verb::Delete, name: name(), tag },
            ),
            ("GET /acr/v1/team/app/_manifests", Endpoint::Manifests { name: name() }),
            (
                &format!("PATCH /acr/v1/team/app/_manifests/{}", DIGEST.replace(':', "%3A")),
                Endpoint::Manifest { verb: Verb::Update, name: name(), digest },
            ),
        ] {
            assert_eq!(parse(text), Ok(endpoint), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_what_is_wrong() {
        for text in [
            "GET /acr/v1",
            "GET /acr/v2/app",
            "GET /acr/v1/app/_other",
            "GET /acr/v1/app/_tags/v1/x/_manifests/y",
            "GET /acr/v1/app/_manifests/latest",
            "GET /acr/v1/App",
            "GET /acr/v1/",
            "GET /acr/v1//_tags",
            "GET /acr/v1/app/_tags/",
            "GET /acr/v1/app/_tags/a%2Fb",
            "GET /acr/v1/app%00",
            "GET /acr/v1/_catalog/",
        ] {
            let refused = parse(text).unwrap_err();
            assert!(
                !matches!(refused, EndpointError::MethodNotAllowed { .. }),
                "{text}: {refused}"
            );
        }
        let refused = |text| match parse(text) {
            Err(EndpointError::MethodNotAllowed { allowed }) => allowed,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(refused("POST /acr/v1/_catalog"), READ);
        assert_eq!(refused("DELETE /acr/v1/app/_tags"), READ);
        let manifest = format!("DELETE /acr/v1/app/_manifests/{DIGEST}");
        assert_eq!(refused(&manifest), CHANGE);
        assert_eq!(refused("PUT /acr/v1/app"), DELETE);
    }
}
