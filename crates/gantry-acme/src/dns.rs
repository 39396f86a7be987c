//! Records in the DNS, set and taken away by the operator's webhook.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_outbound::{Fetch, FetchError, Outbound};
use gantry_sha2::Sha256;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde::Serialize;

use crate::settings::DnsWebhook;

/// How long resolvers may keep the record, in seconds.
const TTL: u32 = 60;

/// What the webhook is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Present,
    Cleanup,
}

#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    value: &'a str,
    ttl: u32,
}

/// Has the record for `name` set or taken away (RFC 8555 §8.4).
pub(crate) async fn ask(
    outbound: &Outbound,
    webhook: &DnsWebhook,
    deed: Deed,
    name: &str,
    key_authorization: &str,
) -> Result<(), FetchError> {
    let verb = match deed {
        Deed::Present => "present",
        Deed::Cleanup => "cleanup",
    };
    let name = format!("_acme-challenge.{name}");
    let value = URL_SAFE_NO_PAD.encode(Sha256::of(key_authorization.as_bytes()));
    let record = Record { name: &name, value: &value, ttl: TTL };
    let body = serde_json::to_vec(&record).expect("texts and numbers are JSON");
    let url = format!("{}/{verb}", webhook.url.trim_end_matches('/'));
    let mut fetch = Fetch::new(Method::POST, &url)?
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(body);
    if let Some(secret) = &webhook.secret {
        let bearer = format!("Bearer {}", secret.expose());
        let bearer = HeaderValue::from_str(&bearer).map_err(|_| FetchError::Url)?;
        fetch = fetch.authorization(bearer);
    }
    let answer = outbound.fetch(fetch).await?;
    match answer.status.is_success() {
        true => Ok(()),
        false => {
            let host = http::Uri::try_from(&url).ok();
            let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default().to_owned();
            Err(FetchError::Status { host, status: answer.status })
        }
    }
}
