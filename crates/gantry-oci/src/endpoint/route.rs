//! Decoded paths under `/v2/`, cut up from the end.

/// A path cut up, its parts not yet parsed.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Route<'p> {
    Base,
    Catalog,
    TagList { name: &'p str },
    Manifest { name: &'p str, reference: &'p str },
    Blob { name: &'p str, digest: &'p str },
    UploadStart { name: &'p str },
    Upload { name: &'p str, id: &'p str },
    Referrers { name: &'p str, digest: &'p str },
}

/// Finds the route of a decoded path.
pub(super) fn route(path: &str) -> Option<Route<'_>> {
    let rest = path.strip_prefix("/v2")?;
    if rest.is_empty() || rest == "/" {
        return Some(Route::Base);
    }
    let rest = rest.strip_prefix('/')?;
    if rest == "_catalog" {
        return Some(Route::Catalog);
    }
    let (before, last) = rest.rsplit_once('/')?;
    let (name, word) = before.rsplit_once('/')?;
    match (word, last) {
        ("manifests", reference) => Some(Route::Manifest { name, reference }),
        // Docker's API had the final slash; not all clients send it.
        ("blobs", "uploads") => Some(Route::UploadStart { name }),
        ("blobs", digest) => Some(Route::Blob { name, digest }),
        ("uploads", id) => {
            let name = name.strip_suffix("/blobs")?;
            Some(if id.is_empty() {
                Route::UploadStart { name }
            } else {
                Route::Upload { name, id }
            })
        }
        ("tags", "list") => Some(Route::TagList { name }),
        ("referrers", digest) => Some(Route::Referrers { name, digest }),
        _ => None,
    }
}
