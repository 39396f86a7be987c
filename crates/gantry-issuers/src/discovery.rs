//! What an issuer publishes (OpenID Connect Discovery 1.0 §4).

use gantry_outbound::{FetchError, Outbound};
use serde::Deserialize;
use url::Url;

use crate::jwks::{self, KeySet};
use crate::tenants;

const MAX_METADATA: usize = 64 << 10;
const MAX_KEY_SET: usize = 256 << 10;

/// What was found at an issuer.
#[derive(Debug)]
pub(crate) struct Published {
    /// The issuer as its metadata names it: as it was asked for, or the template of many tenants.
    pub(crate) issuer: String,
    pub(crate) keys: KeySet,
}

/// Why an issuer's keys aren't known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The issuer's name is no address, or one with a query or a fragment.
    #[error("an issuer is an address without query and fragment")]
    NotAnIssuer,
    /// There is no metadata.
    #[error("metadata of the issuer")]
    Metadata(#[source] FetchError),
    /// The metadata is of another issuer.
    #[error("the issuer's metadata names another issuer")]
    OtherIssuer,
    /// There are no keys.
    #[error("keys of the issuer")]
    Keys(#[source] FetchError),
    /// The issuer has more keys than are looked at.
    #[error("the issuer has too many keys")]
    TooManyKeys,
    /// The request before was given up, and the next has to wait a little.
    #[error("the issuer was asked a moment ago, without an answer")]
    Interrupted,
}

/// The members that matter here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Asks an issuer for its metadata, and for the keys that it names.
pub(crate) async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Published, DiscoveryError> {
    let address = metadata_address(issuer).ok_or(DiscoveryError::NotAnIssuer)?;
    let metadata: Metadata =
        outbound.fetch_json(&address, MAX_METADATA).await.map_err(DiscoveryError::Metadata)?;
    // §4.3: exactly the issuer that was asked for.
    let named = metadata.issuer;
    if named != issuer && tenants::template(issuer).as_ref() != Some(&named) {
        return Err(DiscoveryError::OtherIssuer);
    }
    let document: jwks::Document =
        outbound.fetch_json(&metadata.jwks_uri, MAX_KEY_SET).await.map_err(DiscoveryError::Keys)?;
    let keys = KeySet::read(document).map_err(|jwks::TooManyKeys| DiscoveryError::TooManyKeys)?;
    Ok(Published { issuer: named, keys })
}

/// §4.1: a slash at the end goes before the path is added.
fn metadata_address(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let fits = url.has_host() && url.query().is_none() && url.fragment().is_none();
    let bare = issuer.strip_suffix('/').unwrap_or(issuer);
    fits.then(|| format!("{bare}/.well-known/openid-configuration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_below_the_issuer() {
        let address = |issuer: &str| metadata_address(issuer);
        let well_known = "https://a.example/.well-known/openid-configuration";
        assert_eq!(address("https://a.example").as_deref(), Some(well_known));
        assert_eq!(address("https://a.example/").as_deref(), Some(well_known));
        let tenant = "https://a.example/t/v2.0/.well-known/openid-configuration";
        assert_eq!(address("https://a.example/t/v2.0").as_deref(), Some(tenant));
        for bad in ["", "a", "https://a.example?x", "https://a.example/#", "data:,"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
