//! How the ACME client reaches the authority: through the one client that asks others.

use std::pin::Pin;

use bytes::Bytes;
use gantry_outbound::{Answer, Fetch, FetchError, Outbound};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, Response};
use http_body_util::BodyExt;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

/// A chain of certificates is some kilobytes.
const MAX_BYTES: usize = 256 << 10;

/// Requests of the ACME client.
pub(crate) struct Transport(pub(crate) Outbound);

impl HttpClient for Transport {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let outbound = self.0.clone();
        Box::pin(async move {
            let answer =
                send(&outbound, request).await.map_err(|error| Error::Other(Box::new(error)))?;
            let mut response = Response::new(());
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            let (parts, ()) = response.into_parts();
            Ok(BytesResponse { parts, body: Box::new(answer.body) })
        })
    }
}

async fn send(
    outbound: &Outbound,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<Answer, FetchError> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await;
    let url = parts.uri.to_string();
    let mut fetch = Fetch::new(parts.method, &url)?.body(body.to_bytes()).max_bytes(MAX_BYTES);
    for (name, value) in &parts.headers {
        // The client has a name of its own.
        if name != USER_AGENT {
            fetch = fetch.header(name.clone(), value.clone());
        }
    }
    let answer = outbound.fetch(fetch).await?;
    match is_of_acme(&answer) {
        true => Ok(answer),
        false => {
            let host = parts.uri.host().unwrap_or_default().to_owned();
            Err(FetchError::Status { host, status: answer.status })
        }
    }
}

/// Whether it is an answer of the protocol. What stands in front of an authority that is down answers
/// in a form of its own, of which the ACME client would tell where it isn't JSON.
fn is_of_acme(answer: &Answer) -> bool {
    let problem = answer
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|media_type| media_type.as_bytes().starts_with(b"application/problem+json"));
    answer.status.is_success() || problem
}
