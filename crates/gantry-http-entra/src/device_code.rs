//! `POST /{tenant}/oauth2/v2.0/devicecode`: a device asks to be signed in for (RFC 8628, 3.1).

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::json;

use crate::call::Call;
use crate::error::EntraError;
use crate::path::Version;
use crate::token::scope_of;
use gantry_http_base::read_form;

/// What a device waits between two questions, in seconds.
const INTERVAL: u64 = 5;
/// People read and type a code in groups.
const GROUP: usize = 3;

pub(crate) async fn post(
    call: &Call<'_>,
    version: Version,
    body: Body,
) -> Result<Response, EntraError> {
    let form = read_form(body, call.app.body_timeout, &[]).await?;
    let client = form.required("client_id")?.parse().map_err(|_| EntraError::unknown_client())?;
    let directory = call.directory();
    if directory.client_name(client).await?.is_none() {
        return Err(EntraError::unknown_client());
    }
    let (scope, _) = scope_of(&form, version)?;
    let device = directory.start_device(client, &scope, &call.issuer, call.address()).await?;
    let user_code = grouped(&device.user_code);
    let page = format!("{}/devicelogin", call.base);
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {user_code} to \
         authenticate."
    );
    let mut response = Json(json!({
        "user_code": user_code,
        "device_code": device.device_code.expose(),
        "verification_uri": page,
        // What the older endpoint calls it.
        "verification_url": page,
        "expires_in": device.expires_in,
        "interval": INTERVAL,
        "message": message,
    }))
    .into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `ABC-DEF-GHJ`
pub(crate) fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_groups() {
        assert_eq!(grouped("ABCDEFGHJ"), "ABC-DEF-GHJ");
        assert_eq!(grouped("ABCD"), "ABC-D");
    }
}
