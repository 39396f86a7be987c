//! Lists, and who reads them.

use http::Method;
use serde_json::json;

use super::{Asker, GRAPH, text};
use crate::entra::{First, MANAGEMENT, ask};
use crate::support::Server;

#[tokio::test]
async fn lists_come_in_pages_and_say_what_they_cannot() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    for n in 0..7 {
        owner.make("v1.0/groups", json!({ "displayName": format!("group {}", n % 2) })).await;
    }
    for (query, count) in [
        ("$top=2", 7),
        ("$top=2&$filter=startswith(displayName,'group%201')", 3),
        ("$top=2&$filter=displayName%20eq%20'group%200'", 4),
        ("$top=3&$select=id", 7),
    ] {
        let base = format!("http://localhost:{}/graph/", server.port());
        let (mut path, mut seen) = (format!("v1.0/groups?{query}"), Vec::new());
        loop {
            let (status, body) = owner.get(&path).await;
            assert_eq!(status, 200, "{body}");
            let page = body["value"].as_array().unwrap();
            assert!(page.len() <= 3);
            seen.extend(page.iter().map(|one| text(one, "id").to_owned()));
            if query.contains("select") {
                assert!(page.iter().all(|one| one.get("displayName").is_none()));
            }
            match body.get("@odata.nextLink") {
                None => break,
                Some(next) => {
                    let next = next.as_str().unwrap().strip_prefix(&base);
                    path = next.unwrap_or_else(|| panic!("{body}")).to_owned();
                }
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), all), (count, count), "{query}");
    }
    let (_, counted) = owner.get("v1.0/groups?$count=true").await;
    assert_eq!(counted["@odata.count"], 7);
    for (path, named) in [
        ("v1.0/groups?$orderby=displayName", "$orderby"),
        ("v1.0/groups?$search=x", "$search"),
        ("v1.0/groups?$expand=members", "$expand"),
        ("v1.0/groups?$top=0", "$top"),
        ("v1.0/groups?$top=1000", "$top"),
        ("v1.0/groups?$skiptoken=x", "$skiptoken"),
        ("v1.0/groups?$top=1&$top=2", "$top"),
        ("v1.0/groups?$filter=appId%20eq%20'x'", "appId"),
        ("v1.0/groups?$filter=displayName%20ne%20'x'", "`eq`"),
        ("v1.0/groups?$filter=nonsense", "$filter"),
        ("v1.0/groups?$count=true&$top=1", "$count"),
        ("v1.0/devices", "devices"),
        ("v1.0/groups/x/owners", "owners"),
        ("beta/users", "beta"),
        ("v1.0/me/ownedObjects", "ownedObjects"),
    ] {
        let (status, body) = owner.get(path).await;
        assert_eq!(status, 400, "{path}: {body}");
        assert!(text(&body["error"], "message").contains(named), "{path}: {body}");
    }
    for (set, path) in [("organization", "id"), ("domains", "id")] {
        let (_, body) = owner.get(&format!("v1.0/{set}")).await;
        assert!(body["value"][0][path].is_string(), "{body}");
    }
    let (status, body) = owner.get("v1.0/me").await;
    assert_eq!(status, 400, "{body}");
    let long = json!({ "displayName": "x".repeat(300 << 10) });
    assert_eq!(owner.post("v1.0/groups", long).await.0, 413);
    let unknown = json!({ "displayName": "x", "isAssignableToRole": true });
    let (status, body) = owner.post("v1.0/groups", unknown).await;
    assert_eq!(status, 400);
    assert!(text(&body["error"], "message").contains("isAssignableToRole"), "{body}");
}

#[tokio::test]
async fn a_token_of_graph_is_needed() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let graph = Asker::app(&server, &first).await;
    let (_, management) = ask(&server, "common", &first.app_form(MANAGEMENT)).await;
    let (_, person) =
        ask(&server, "common", &first.user_form(&format!("{GRAPH} openid offline_access"))).await;
    let changed = format!("{}x", graph.token);
    let header = "eyJhbGciOiJub25lIn0";
    let unsigned = format!("{header}.{}.", graph.token.split('.').nth(1).unwrap());
    for (token, status) in [
        (graph.token.as_str(), 200),
        (text(&person, "access_token"), 200),
        (text(&management, "access_token"), 401),
        (text(&person, "refresh_token"), 401),
        (text(&person, "id_token"), 401),
        (&changed, 401),
        (&unsigned, 401),
        ("x", 401),
    ] {
        let asker = Asker { server: &server, token: token.to_owned() };
        let (found, body) = asker.get("v1.0/users").await;
        assert_eq!(found, status, "{body}");
    }
    let nobody = server.request(Method::GET, "/graph/v1.0/users").send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let challenge = nobody.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains(&first.tenant) && !challenge.contains("claims"), "{challenge}");
}
