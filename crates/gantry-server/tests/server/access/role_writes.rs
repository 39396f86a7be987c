//! Changes of roles and assignments at once: nobody is left with a role that is gone, and somebody is
//! left who may give rights.

use http::Method;
use serde_json::{Value, json};

use super::Manager;
use super::writes::on_each_deployment;
use crate::support::Server;

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// Sends all at once, each to the next node; answers what comes back.
async fn at_once(
    managers: &[Manager<'_>],
    changes: impl IntoIterator<Item = (Method, String, Value)>,
) -> Vec<(u16, Value)> {
    let changes = changes.into_iter().enumerate().map(|(at, (method, path, body))| async move {
        managers[at % managers.len()].call_at(method, &path, body).await
    });
    futures_util::future::join_all(changes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_deleted_is_nobodys() {
    on_each_deployment(async |managers| {
        let (manager, at) = (&managers[0], "providers/Microsoft.Authorization");
        let principal = manager.owners().await[0]["properties"]["principalId"].clone();
        for round in 0..8 {
            let id = uuid::Uuid::new_v4();
            let role = format!("{}/{at}/roleDefinitions/{id}", manager.subscription);
            let definition = json!({ "properties": {
                "roleName": format!("fleeting {round}"),
                "permissions": [{ "actions": ["Microsoft.ContainerRegistry/registries/read"] }],
                "assignableScopes": [manager.subscription],
            } });
            assert_eq!(manager.call_at(Method::PUT, &role, definition).await.0, 201);
            let assignment = format!("{}/{at}/roleAssignments/{id}", manager.registry);
            let wanted =
                json!({ "properties": { "principalId": principal, "roleDefinitionId": role } });
            let mut both = [
                (Method::PUT, assignment.clone(), wanted),
                (Method::DELETE, role.clone(), Value::Null),
            ];
            if round % 2 == 1 {
                both.reverse();
            }
            let mut answers = at_once(managers, both).await;
            if round % 2 == 1 {
                answers.reverse();
            }
            let (assigned, deleted) = (&answers[0], &answers[1]);
            match (assigned.0, deleted.0) {
                (201, 409) => {
                    assert_eq!(deleted.1["error"]["code"], "RoleDefinitionHasAssignments");
                    assert_eq!(manager.call_at(Method::GET, &role, Value::Null).await.0, 200);
                }
                (404, 200) => {
                    assert_eq!(assigned.1["error"]["code"], "RoleDefinitionDoesNotExist");
                    assert_eq!(manager.call_at(Method::GET, &assignment, Value::Null).await.0, 404);
                }
                other => panic!("{other:?}: {answers:?}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_left_who_may_give_rights() {
    on_each_deployment(async |managers| {
        let manager = &managers[0];
        let owners = manager.owners().await;
        assert!(owners.len() >= 2, "{owners:?}");
        let remove =
            |owner: &Value| (Method::DELETE, owner["id"].as_str().unwrap().to_owned(), Value::Null);
        // Whoever is no owner any more may not remove the others, so nobody removes all at once.
        let answers = at_once(managers, owners.iter().map(remove)).await;
        let left: Vec<_> = answers.iter().filter(|(status, _)| *status != 200).collect();
        assert!(!left.is_empty(), "{answers:?}");
        for (status, answer) in &left {
            let code = &answer["error"]["code"];
            let refused = (*status, code.as_str().unwrap());
            let expected = [(409, "LastRbacAdminAssignment"), (403, "AuthorizationFailed")];
            assert!(expected.contains(&refused), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    // The first user goes; the first application, which asks, is the last.
    let mut left = manager.owners().await;
    left.sort_by_key(|owner| owner["properties"]["principalType"] != "User");
    for owner in &left[..left.len() - 1] {
        let path = owner["id"].as_str().unwrap();
        assert_eq!(manager.call_at(Method::DELETE, path, Value::Null).await.0, 200);
    }
    let last = left.last().unwrap();
    let path = last["id"].as_str().unwrap();
    let (status, answer) = manager.call_at(Method::DELETE, path, Value::Null).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("LastRbacAdminAssignment")));
    // Nor can it be limited to less.
    let condition = "(@Request[Microsoft.ContainerRegistry/registries/repositories:name] \
                     StringStartsWithIgnoreCase 'team/')";
    let limited = json!({ "properties": {
        "principalId": last["properties"]["principalId"],
        "roleDefinitionId": last["properties"]["roleDefinitionId"],
        "condition": condition,
    } });
    let (status, answer) = manager.call_at(Method::PUT, path, limited).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("LastRbacAdminAssignment")));
    // Once there is another, it can go.
    let other = left[0]["properties"]["principalId"].as_str().unwrap();
    manager.assign(OWNER, &manager.subscription, other, None).await;
    assert_eq!(manager.call_at(Method::DELETE, path, Value::Null).await.0, 200);
    assert_eq!(manager.call_at(Method::DELETE, path, Value::Null).await.0, 403);
}

#[tokio::test]
async fn roles_and_assignments_have_versions_too() {
    let server = Server::start(&[]).await;
    let manager = Manager::of(&server).await;
    let at = "providers/Microsoft.Authorization";
    let id = uuid::Uuid::new_v4();
    let role = format!("{}/{at}/roleDefinitions/{id}", manager.subscription);
    let definition = json!({ "properties": {
        "roleName": "seen",
        "permissions": [{ "actions": ["Microsoft.ContainerRegistry/registries/read"] }],
        "assignableScopes": [manager.subscription],
    } });
    let assignment = format!("{}/{at}/roleAssignments/{id}", manager.registry);
    let wanted = json!({ "properties": {
        "principalId": manager.owners().await[0]["properties"]["principalId"],
        "roleDefinitionId": role,
    } });
    let send = async |method: Method, path: &str, (name, tag): (&'static str, &str), body| {
        let request = manager.request_at(method, path).header(name, tag).json(body);
        let answer = request.send().await.unwrap();
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (answer.status().as_u16(), tag.unwrap_or_default())
    };
    let mut tags = Vec::new();
    for (path, body) in [(&role, &definition), (&assignment, &wanted)] {
        let absent = ("if-none-match", "*");
        let (status, first) = send(Method::PUT, path, absent, body).await;
        assert_eq!(status, 201, "{path}");
        assert_eq!(send(Method::PUT, path, absent, body).await.0, 412, "{path}");
        let (status, second) = send(Method::PUT, path, ("if-match", &first), body).await;
        assert!((200..300).contains(&status), "{path}: {status}");
        assert_eq!(send(Method::PUT, path, ("if-match", &first), body).await.0, 412, "{path}");
        tags.push((path, first, second));
    }
    for (path, first, second) in tags.iter().rev() {
        let delete =
            async |tag: &str| send(Method::DELETE, path, ("if-match", tag), &Value::Null).await.0;
        assert_eq!(delete(first).await, 412, "{path}");
        assert_eq!(delete(second).await, 200, "{path}");
    }
}
