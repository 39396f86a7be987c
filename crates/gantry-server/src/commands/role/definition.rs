//! A role in a file: as `az role definition create` takes it, or as the management API does.

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};

/// What the management API is sent for the file's text. A role that doesn't say where it may be
/// assigned may be anywhere.
pub(super) fn read(text: &str, subscription: &str) -> anyhow::Result<Value> {
    let mut file: Value = serde_json::from_str(text).context("not JSON")?;
    if file["properties"].is_object() {
        file = file["properties"].take();
    }
    let Value::Object(fields) = file else { anyhow::bail!("not a JSON object") };
    // `az` writes Name and DataActions, the API roleName and dataActions.
    let mut fields: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (lower_first(&name), value)).collect();
    let name = fields.remove("roleName").or_else(|| fields.remove("name"));
    let name = name.filter(Value::is_string).context("it has no Name")?;
    let mut set = Map::new();
    for kind in ["actions", "notActions", "dataActions", "notDataActions"] {
        set.extend(fields.remove(kind).map(|list| (kind.to_owned(), list)));
    }
    let permissions = match fields.remove("permissions") {
        Some(permissions) if set.is_empty() => permissions,
        Some(_) => anyhow::bail!("it has both permissions and actions"),
        None => json!([set]),
    };
    let wanted = json!({ "properties": {
        "roleName": name,
        "description": fields.remove("description").unwrap_or_else(|| json!("")),
        "permissions": permissions,
        "assignableScopes":
            fields.remove("assignableScopes").unwrap_or_else(|| json!([subscription])),
    } });
    // What a role that was shown has besides.
    for known in
        ["id", "type", "roleType", "isCustom", "createdOn", "updatedOn", "createdBy", "updatedBy"]
    {
        fields.remove(known);
    }
    let unknown: Vec<&String> = fields.keys().collect();
    ensure!(unknown.is_empty(), "nothing is known of {unknown:?}");
    Ok(wanted)
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let of_az = r#"{"Name": "Reader of some", "IsCustom": true, "Description": "reads",
            "Actions": ["a/read"], "DataActions": [], "AssignableScopes": ["/subscriptions/x"]}"#;
        let of_arm = r#"{"properties": {"roleName": "Reader of some", "description": "reads",
            "permissions": [{"actions": ["a/read"], "dataActions": []}],
            "assignableScopes": ["/subscriptions/x"]}}"#;
        let read = |text| read(text, "/subscriptions/y").unwrap();
        assert_eq!(read(of_az), read(of_arm));
        let least = read(r#"{"Name": "Nothing"}"#);
        assert_eq!(least["properties"]["assignableScopes"], json!(["/subscriptions/y"]));
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            ("{", "not JSON"),
            ("[]", "not a JSON object"),
            (r#"{"Actions": []}"#, "it has no Name"),
            (r#"{"Name": "a", "Axtions": []}"#, r#"nothing is known of ["axtions"]"#),
        ] {
            assert_eq!(read(text, "/").unwrap_err().to_string(), told, "{text}");
        }
    }
}
