//! The client.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use ipnet::IpNet;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::guard::Guard;
use crate::names::{Forbidden, GuardedNames, Names, SystemNames};
use crate::{Answer, Fetch, FetchError, OutboundError, tls};

const MAX_REDIRECTS: usize = 3;
const IDLE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS: usize = 2;

/// What the operator decides about requests to others.
#[derive(Clone, Debug)]
pub struct OutboundOptions {
    /// Networks whose addresses may be connected to though they are not public.
    pub allowed: Vec<IpNet>,
    /// PEM files with certificates that are believed besides the system's.
    pub ca_files: Vec<PathBuf>,
    /// How this client calls itself.
    pub user_agent: String,
    /// Plain HTTP is spoken to those addresses of this machine that are `allowed`. To all others it
    /// never is.
    pub plain_http_to_loopback: bool,
    /// The time to connect, with TLS.
    pub connect_timeout: Duration,
    /// The time for everything, with names, redirects and bodies.
    pub timeout: Duration,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            ca_files: Vec::new(),
            user_agent: "gantry".to_owned(),
            plain_http_to_loopback: false,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
        }
    }
}

/// The client. Clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    https: Way,
    plain_http: Option<Way>,
    timeout: Duration,
}

/// A client that connects only to where its guard permits.
struct Way {
    client: Client,
    guard: Guard,
}

impl Outbound {
    /// Makes the client.
    ///
    /// # Errors
    /// When a file of certificates can't be read or has none.
    pub fn new(options: &OutboundOptions) -> Result<Self, OutboundError> {
        Self::with_names(options, Arc::new(SystemNames))
    }

    /// Makes a client that resolves names in its own way.
    ///
    /// # Errors
    /// When a file of certificates can't be read or has none.
    pub fn with_names(
        options: &OutboundOptions,
        names: Arc<dyn Names>,
    ) -> Result<Self, OutboundError> {
        let plain_http = options
            .plain_http_to_loopback
            .then(|| Way::new(options, Guard::loopback_of(&options.allowed), Arc::clone(&names)))
            .transpose()?;
        Ok(Self(Arc::new(Inner {
            https: Way::new(options, Guard::public_and(&options.allowed), names)?,
            plain_http,
            timeout: options.timeout,
        })))
    }

    /// Fetches a JSON document of up to `max_bytes`, with redirects on the same host only.
    ///
    /// # Errors
    /// When there is no answer, or another than 200 with that document.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        url: &str,
        max_bytes: usize,
    ) -> Result<T, FetchError> {
        let fetch = Fetch::new(Method::GET, url)?
            .accept(HeaderValue::from_static("application/json"))
            .max_bytes(max_bytes);
        let host = fetch.host();
        let answer = self.fetch(fetch).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status { host, status: answer.status });
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            // Its own text may quote the document.
            FetchError::Json { host, line: error.line(), column: error.column() }
        })
    }

    /// Sends a request and reads the answer, whatever its status. Cancel-safe: nothing is left behind.
    ///
    /// # Errors
    /// When there is no answer, or none within the bounds.
    pub async fn fetch(&self, fetch: Fetch) -> Result<Answer, FetchError> {
        let host = fetch.host();
        match tokio::time::timeout(self.0.timeout, self.follow(fetch)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::TimedOut { host }),
        }
    }

    async fn follow(&self, mut fetch: Fetch) -> Result<Answer, FetchError> {
        let first = fetch.host();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&fetch).await?;
            match redirect(&response) {
                Some(location) if fetch.follows_redirects() => fetch = fetch.moved(location)?,
                _ => return read(response, &fetch).await,
            }
        }
        Err(FetchError::TooManyRedirects { host: first })
    }

    async fn send(&self, fetch: &Fetch) -> Result<Response, FetchError> {
        let way = self.way(&fetch.url)?;
        let request = way
            .client
            .request(fetch.method.clone(), fetch.url.clone())
            .headers(fetch.headers.clone())
            .body(fetch.body.clone());
        request.send().await.map_err(|error| failed(fetch.host(), error))
    }

    /// The way to `url`, where its host may be asked. Of a name that is decided when it is resolved; an
    /// address isn't resolved, so it is here.
    fn way(&self, url: &Url) -> Result<&Way, FetchError> {
        let host = crate::fetch::host(url);
        let way = match url.scheme() {
            "https" => Some(&self.0.https),
            _ => self.0.plain_http.as_ref(),
        };
        let way = way.ok_or_else(|| FetchError::NotHttps { host: host.clone() })?;
        let permitted = match url.host() {
            Some(Host::Ipv4(address)) => way.guard.permits(address.into()),
            Some(Host::Ipv6(address)) => way.guard.permits(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        if permitted { Ok(way) } else { Err(FetchError::ForbiddenAddress { host }) }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("guard", &self.0.https.guard).finish_non_exhaustive()
    }
}

impl Way {
    fn new(
        options: &OutboundOptions,
        guard: Guard,
        names: Arc<dyn Names>,
    ) -> Result<Self, OutboundError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(&options.ca_files)?)
            .dns_resolver(GuardedNames { names, guard: guard.clone() })
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            // Some other crate may ask for these features.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .user_agent(&options.user_agent)
            .build()
            .map_err(|error| OutboundError::Client(Arc::new(error)))?;
        Ok(Self { client, guard })
    }
}

/// Where an answer redirects to: `Some(None)` for a redirect that doesn't say.
fn redirect(response: &Response) -> Option<Option<&HeaderValue>> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| response.headers().get(LOCATION))
}

async fn read(mut response: Response, fetch: &Fetch) -> Result<Answer, FetchError> {
    let too_long = || FetchError::TooLong { host: fetch.host(), limit: fetch.max_bytes };
    let encoding = response.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(FetchError::Encoded { host: fetch.host() });
    }
    let limit = u64::try_from(fetch.max_bytes).unwrap_or(u64::MAX);
    if fetch.method != Method::HEAD && response.content_length().is_some_and(|long| long > limit) {
        return Err(too_long());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = next(&mut response, fetch).await? {
        if body.len() + chunk.len() > fetch.max_bytes {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    Ok(Answer { status, headers, body: body.freeze() })
}

async fn next(response: &mut Response, fetch: &Fetch) -> Result<Option<Bytes>, FetchError> {
    response.chunk().await.map_err(|error| failed(fetch.host(), error))
}

fn failed(host: String, error: reqwest::Error) -> FetchError {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    if causes.any(<dyn Error>::is::<Forbidden>) {
        return FetchError::ForbiddenAddress { host };
    }
    if error.is_timeout() {
        return FetchError::TimedOut { host };
    }
    // Its text has the whole address otherwise, and an address can be a secret.
    FetchError::Unreachable { host, source: Arc::new(error.without_url()) }
}
