//! Groups and their members.

use serde_json::{Value, json};

use super::{Asker, make_user, text};
use crate::entra::First;
use crate::support::Server;

#[tokio::test]
async fn groups_have_members() {
    let server = Server::start(&[]).await;
    let first = First::of(&server);
    let owner = Asker::app(&server, &first).await;
    let alice = make_user(&owner, "alice").await;
    // As `az ad group create` asks.
    let filter = "displayName eq 'team' and mailNickname eq 'team'";
    assert!(owner.find("groups", filter).await.is_empty());
    let body = json!({
        "displayName": "team",
        "mailEnabled": false,
        "mailNickname": "team",
        "securityEnabled": true,
    });
    let team = owner.make("v1.0/groups", body.clone()).await;
    assert_eq!(owner.find("groups", filter).await.len(), 1);
    let all = owner.make("v1.0/groups", json!({ "displayName": "all" })).await;
    let reference = |of: &Value| json!({ "@odata.id": format!("https://x/graph/v1.0/directoryObjects/{}", text(of, "id")) });
    let (in_team, in_all) = (
        format!("v1.0/groups/{}/members", text(&team, "id")),
        format!("v1.0/groups/{}/members", text(&all, "id")),
    );
    assert_eq!(owner.post(&format!("{in_team}/$ref"), reference(&alice)).await.0, 204);
    assert_eq!(owner.post(&format!("{in_all}/$ref"), reference(&team)).await.0, 204);
    assert_eq!(owner.post(&format!("{in_team}/$ref"), reference(&all)).await.0, 204, "a ring");
    let (status, again) = owner.post(&format!("{in_team}/$ref"), reference(&alice)).await;
    assert_eq!(status, 400);
    assert!(text(&again["error"], "message").contains("already exist"));
    let nobody = json!({ "@odata.id": "https://x/00000000-0000-0000-0000-000000000000" });
    assert_eq!(owner.post(&format!("{in_team}/$ref"), nobody).await.0, 404);
    let (_, members) = owner.get(&in_team).await;
    assert_eq!(members["value"].as_array().unwrap().len(), 2);
    let path = format!("v1.0/users/{}", text(&alice, "id"));
    let (_, direct) = owner.get(&format!("{path}/memberOf")).await;
    assert_eq!(direct["value"].as_array().unwrap().len(), 1);
    let (_, through) = owner.get(&format!("{path}/transitiveMemberOf")).await;
    assert_eq!(through["value"].as_array().unwrap().len(), 2);
    let asked = json!({ "securityEnabledOnly": false });
    let ids = owner.make(&format!("{path}/getMemberGroups"), asked).await;
    assert_eq!(ids["value"].as_array().unwrap().len(), 2);
    let asked = json!({ "groupIds": [all["id"], "00000000-0000-0000-0000-000000000000"] });
    let object = format!("v1.0/directoryObjects/{}", text(&alice, "id"));
    let ids = owner.make(&format!("{object}/checkMemberGroups"), asked).await;
    assert_eq!(ids["value"], json!([all["id"]]));
    let path = format!("v1.0/groups/{}", text(&team, "id"));
    let change = json!({ "displayName": "crew", "description": "us" });
    assert_eq!(owner.patch(&path, change).await.0, 204);
    assert_eq!(owner.patch(&path, json!({ "description": null })).await.0, 204);
    let (_, shown) = owner.get(&path).await;
    assert_eq!((&shown["displayName"], &shown["description"]), (&"crew".into(), &Value::Null));
    assert_eq!(owner.delete(&format!("{in_team}/{}/$ref", text(&alice, "id"))).await, 204);
    assert_eq!(owner.delete(&format!("{in_team}/{}/$ref", text(&alice, "id"))).await, 404);
    assert_eq!(owner.delete(&path).await, 204);
    assert_eq!(owner.get(&path).await.0, 404);
}
