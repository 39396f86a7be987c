//! Bodies of requests.

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use gantry_registry::uploads::UploadBody;
use http_body_util::{BodyExt, Limited};

/// A body that is longer than it may be, or that broke off.
#[derive(Clone, Copy, Debug)]
pub enum BodyTooLong {
    /// It has more bytes than this.
    TooLong(usize),
    /// The client went away.
    BrokenOff,
}

/// The whole body, if it has no more than `most` bytes. No more than that is ever read.
pub async fn read_body(body: Body, most: usize) -> Result<Bytes, BodyTooLong> {
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > most as u64 {
        return Err(BodyTooLong::TooLong(most));
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyTooLong::TooLong(most))
        }
        Err(_) => Err(BodyTooLong::BrokenOff),
    }
}

/// The body as a stream of blob bytes.
pub fn upload_body(body: Body) -> UploadBody {
    Box::pin(body.into_data_stream().map(|chunk| chunk.map_err(Into::into)))
}
