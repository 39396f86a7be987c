//! Answers in OData's form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gantry_http_base::made;
use gantry_model::Timestamp;
use gantry_oci::Form;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::Graph;

/// An answer.
pub(super) enum Reply {
    /// 200
    Found(Value),
    /// 201
    Created(Value),
    /// 204
    Done,
}

impl Reply {
    /// The id of what is answered, if it has one: an object's, or a credential's.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Found(body) | Self::Created(body) => {
                body["id"].as_str().or_else(|| body["keyId"].as_str())
            }
            Self::Done => None,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let id = self.id().map(str::to_owned);
        let response = match self {
            Self::Found(body) => Json(body).into_response(),
            Self::Created(body) => (StatusCode::CREATED, Json(body)).into_response(),
            Self::Done => StatusCode::NO_CONTENT.into_response(),
        };
        let mut response = match id {
            Some(id) => made(response, id),
            None => response,
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Graph<'_> {
    /// Where the metadata of an answer would be.
    pub(super) fn context(&self, what: &str) -> String {
        format!("{}/graph/v1.0/$metadata#{what}", self.call.base)
    }

    /// One object, with what of it is asked for.
    pub(super) fn entity(&self, set: &str, mut object: Value) -> Value {
        let query = self.call.parts.uri.query().unwrap_or_default();
        let form = Form::parse(query.as_bytes(), &[]).ok();
        select(&mut object, form.as_ref().and_then(|form| form.get("$select")));
        object["@odata.context"] = json!(self.context(&format!("{set}/$entity")));
        object
    }
}

/// Keeps of an object the properties that are named.
pub(super) fn select(object: &mut Value, names: Option<&str>) {
    if let (Some(names), Some(fields)) = (names, object.as_object_mut()) {
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        fields.retain(|name, _| {
            name.starts_with("@odata")
                || names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
        });
    }
}

/// A moment to the second, as Graph writes it.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", text.get(..19).unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays() {
        let mut object = json!({ "id": 1, "displayName": 2, "mail": 3, "@odata.type": 4 });
        select(&mut object, Some("displayname, id"));
        assert_eq!(object, json!({ "id": 1, "displayName": 2, "@odata.type": 4 }));
        select(&mut object, None);
        assert_eq!(object.as_object().unwrap().len(), 3);
        assert_eq!(moment(Timestamp::from_micros(1_000_001)), "1970-01-01T00:00:01Z");
    }
}
