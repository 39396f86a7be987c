//! Dedicated data endpoints: a registry's blobs are downloaded from a host of their own, so that a
//! firewall lets clients reach two names and no storage.
//!
//! The login server decides who may have a blob, and answers with an address on the data host that is
//! good for that blob alone, for a while, for whoever has it: clients drop what they sign in with when
//! they are sent to another host. What the address says is sealed, and nothing else is served there.

use std::fmt;
use std::time::Duration;

use gantry_model::permission::{Actions, Grants, Identity};
use gantry_model::{Actor, Registry, RegistryId, Timestamp};
use gantry_oci::{Digest, ErrorCode, RepositoryName, RepositoryPattern};
use http::StatusCode;
use http::request::Parts;

use crate::origin::Origin;
use crate::{App, OciError, Query};

/// How long an address is good: enough to begin late in a long queue of layers. ACR's are good for 20
/// to 30 minutes.
const LIFETIME: Duration = Duration::from_secs(25 * 60);
/// What the sealed text is for.
const PURPOSE: &str = "blob download";
/// The parameter that it is in.
const PARAMETER: &str = "download";

/// Whether the request is for the host that some registry's blobs are downloaded from.
pub fn is_for_data_endpoint(app: &App, parts: &Parts) -> bool {
    let registries = app.content.registries();
    registries.has_data_hosts()
        && Origin::of(app, parts)
            .is_ok_and(|origin| registries.by_data_host(origin.host.name).is_some())
}

/// Where the registry's blob is downloaded from, by whoever `identity` gives the address to; on the port
/// and by the scheme that the request came by.
pub(crate) fn address(
    app: &App,
    origin: &Origin<'_>,
    registry: &Registry,
    identity: &Identity,
    name: &RepositoryName,
    digest: &Digest,
) -> String {
    let ticket = Ticket {
        registry: registry.id,
        name,
        digest,
        until: app.content.catalog().now().plus(LIFETIME),
        identity,
    };
    let sealed = app.access.seal_text(PURPOSE, &ticket.to_string());
    let host = registry.data_host(&app.content.registries().suffix());
    let port = origin.host.port().map_or(String::new(), |port| format!(":{port}"));
    let scheme = origin.scheme.as_str();
    format!("{scheme}://{host}{port}/v2/{name}/blobs/{digest}?{PARAMETER}={sealed}")
}

/// Who downloads the blob: whoever has the address that was made for it, and may do no more.
pub(crate) fn bearer(
    app: &App,
    parts: &Parts,
    registry: &Registry,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<Actor, OciError> {
    let sealed = Query::of(&parts.uri).first(PARAMETER);
    let text = sealed.and_then(|sealed| app.access.open_text(PURPOSE, &sealed));
    let now = app.content.catalog().now();
    let identity = read(text.as_deref(), registry.id, name, digest, now)
        .map_err(|reason| OciError::new(StatusCode::FORBIDDEN, ErrorCode::Denied, reason))?;
    let grants = Grants::none().with(&RepositoryPattern::Named(name.clone()), Actions::READ);
    Ok(Actor::new(registry.id, identity, grants))
}

/// What an address says beside what it is for.
struct Ticket<'a> {
    registry: RegistryId,
    name: &'a RepositoryName,
    digest: &'a Digest,
    until: Timestamp,
    identity: &'a Identity,
}

impl fmt::Display for Ticket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, name, digest, until, identity } = self;
        write!(f, "{registry} {name} {digest} {} {identity}", until.micros())
    }
}

/// To whom the address was given, if it is for this blob and still good.
fn read(
    text: Option<&str>,
    registry: RegistryId,
    name: &RepositoryName,
    digest: &Digest,
    now: Timestamp,
) -> Result<Identity, &'static str> {
    let no_address = "this host serves blobs by addresses that the login server gives";
    let mut words = text.ok_or(no_address)?.splitn(5, ' ');
    let mut word = || words.next().ok_or(no_address);
    let blob = [word()?, word()?, word()?];
    if blob != [&*registry.to_string(), name.as_str(), &*digest.to_string()] {
        return Err("the address was given for another blob");
    }
    let until = word()?.parse().map(Timestamp::from_micros).map_err(|_| no_address)?;
    if until <= now {
        return Err("the address is out of date: ask the login server again");
    }
    word()?.parse().map_err(|_| no_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_one_blob_and_a_while() {
        let moment = Timestamp::from_micros;
        let [registry, other] = [1, 2].map(|at| RegistryId::new(moment(at)));
        let (name, digest) = ("team/app".parse().unwrap(), Digest::sha256(b"a"));
        let identity = Identity::token("puller");
        let until = moment(100);
        let ticket = Ticket { registry, name: &name, digest: &digest, until, identity: &identity };
        let text = ticket.to_string();
        let read = |registry, name: &str, digest: &Digest, now| {
            read(Some(&text), registry, &name.parse().unwrap(), digest, moment(now))
        };
        assert_eq!(read(registry, "team/app", &digest, 99), Ok(identity.clone()));
        assert!(read(registry, "team/app", &digest, 100).is_err(), "out of date");
        assert!(read(other, "team/app", &digest, 99).is_err());
        assert!(read(registry, "team/app2", &digest, 99).is_err());
        assert!(read(registry, "team/app", &Digest::sha256(b"b"), 99).is_err());
        for text in [None, Some(""), Some("a b c d e"), Some(text.rsplit_once(' ').unwrap().0)] {
            assert!(super::read(text, registry, &name, &digest, moment(0)).is_err(), "{text:?}");
        }
    }
}
