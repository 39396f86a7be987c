//! Roles: what each opens, where, under which condition, and how it ends.

use http::Method;
use serde_json::{Value, json};

use super::people::{Application, Directory};
use super::{Manager, access_token, push_index, with_token};
use crate::support::Server;

const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const ACR_PUSH: &str = "8311e382-0749-4cb8-b61a-304f252e45ec";
const ACR_DELETE: &str = "c2f4ef07-c644-48eb-af81-4b1b4947fb11";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const REPOSITORY_READER: &str = "b93aa761-3e63-49ed-ac28-beffa264f7ac";
const REPOSITORY_WRITER: &str = "2a1e307c-b015-4ebd-883e-5b7698a07328";
const REPOSITORY_CONTRIBUTOR: &str = "2efddaa5-3f1f-4df3-97df-af3f13818f4c";
const CATALOG_LISTER: &str = "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7";

const EVERY_SCOPE: &str = "repository:team/app:pull,push,delete,metadata_read,metadata_write \
                           repository:other/app:pull,push,delete,metadata_read registry:catalog:*";

/// What an application can do to a repository, as letters: it pulls, pushes, deletes, lists tags, and
/// lists the catalog.
async fn can(server: &Server, who: &Application, repository: &str) -> String {
    let Ok(token) = access_token(server, &who.client, &who.secret, EVERY_SCOPE).await else {
        return "no token".to_owned();
    };
    tries(server, &token, repository).await
}

async fn tries(server: &Server, token: &str, repository: &str) -> String {
    let mut can = String::new();
    let absent = format!("sha256:{}", "0".repeat(64));
    for (letter, method, path) in [
        ('p', Method::GET, format!("/v2/{repository}/manifests/v1")),
        ('w', Method::POST, format!("/v2/{repository}/blobs/uploads/")),
        ('d', Method::DELETE, format!("/v2/{repository}/manifests/{absent}")),
        ('t', Method::GET, format!("/v2/{repository}/tags/list")),
        ('c', Method::GET, "/v2/_catalog".to_owned()),
    ] {
        let status = with_token(server, token, method.clone(), &path).await;
        assert!([200, 202, 404, 401].contains(&status), "{method} {path}: {status}");
        if status != 401 {
            can.push(letter);
        }
    }
    can
}

async fn set_mode(manager: &Manager<'_>, mode: &str) {
    let wanted = json!({ "properties": { "roleAssignmentMode": mode } });
    manager.done(Method::PATCH, "", wanted).await;
}

#[tokio::test]
async fn each_role_opens_what_azure_says() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let nobody = directory.application("nobody").await;
    assert_eq!(can(&server, &nobody, "team/app").await, "");
    let table = [
        (ACR_PULL, "ptc", ""),
        (ACR_PUSH, "pwtc", ""),
        (ACR_DELETE, "d", ""),
        (READER, "ptc", ""),
        (CONTRIBUTOR, "pwdtc", ""),
        (OWNER, "pwdtc", ""),
        (REPOSITORY_READER, "", "ptc"),
        (REPOSITORY_WRITER, "", "pwtc"),
        (REPOSITORY_CONTRIBUTOR, "", "pwdtc"),
        (CATALOG_LISTER, "", "c"),
    ];
    let mut holders = Vec::new();
    for (role, _, _) in table {
        let one = directory.application(role).await;
        manager.assign(role, &manager.registry, &one.principal, None).await;
        holders.push(one);
    }
    for (one, (role, legacy, _)) in holders.iter().zip(table) {
        assert_eq!(can(&server, one, "team/app").await, legacy, "{role} by registry");
    }
    set_mode(&manager, "AbacRepositoryPermissions").await;
    for (one, (role, _, abac)) in holders.iter().zip(table) {
        assert_eq!(can(&server, one, "team/app").await, abac, "{role} by repository");
    }
}

#[tokio::test]
async fn a_condition_limits_a_role_to_repositories() {
    let server = Server::start(&[]).await;
    for name in ["team/app", "team/tool", "other/app", "teammate/app"] {
        push_index(&server, name).await;
    }
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    set_mode(&manager, "AbacRepositoryPermissions").await;
    let condition = "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) \
        AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) \
        OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] \
        StringStartsWithIgnoreCase 'team/'))";
    let one = directory.application("conditional").await;
    let path =
        manager.assign(REPOSITORY_READER, &manager.registry, &one.principal, Some(condition)).await;
    assert_eq!(can(&server, &one, "team/app").await, "ptc");
    assert_eq!(can(&server, &one, "other/app").await, "c");
    assert_eq!(catalog(&server, &one).await, ["team/app", "team/tool"]);

    // A condition that isn't one is refused, and so is one in another language.
    for (condition, version) in [("@Request[x] Equals", "2.0"), ("(a", "2.0"), (condition, "1.0")] {
        let (status, _) = manager
            .call_at(
                Method::PUT,
                &path,
                json!({ "properties": {
                    "principalId": one.principal,
                    "roleDefinitionId": format!("/x/{REPOSITORY_READER}"),
                    "condition": condition,
                    "conditionVersion": version,
                } }),
            )
            .await;
        assert_eq!(status, 400, "{condition}");
    }
    assert_eq!(can(&server, &one, "other/app").await, "c", "nothing has changed");

    // The one who lists everything sees what can't be pulled.
    manager.assign(CATALOG_LISTER, &manager.registry, &one.principal, None).await;
    assert_eq!(
        catalog(&server, &one).await,
        ["other/app", "team/app", "team/tool", "teammate/app"]
    );
    // With the condition in force by registry, the role would open too much: it opens nothing.
    set_mode(&manager, "LegacyRegistryPermissions").await;
    assert_eq!(can(&server, &one, "team/app").await, "");
}

async fn catalog(server: &Server, who: &Application) -> Vec<String> {
    let token = access_token(server, &who.client, &who.secret, "registry:catalog:*").await.unwrap();
    let listed = server.request(Method::GET, "/v2/_catalog").bearer_auth(&token);
    let listed: Value = listed.send().await.unwrap().json().await.unwrap();
    let names = listed["repositories"].as_array().unwrap_or_else(|| panic!("{listed}"));
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn roles_come_from_above_and_through_groups() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let group_scope = format!("{}/resourceGroups/default", manager.subscription);
    for scope in [&manager.subscription, &group_scope, &manager.registry] {
        let one = directory.application("one").await;
        let path = manager.assign(ACR_PULL, scope, &one.principal, None).await;
        assert_eq!(can(&server, &one, "team/app").await, "ptc", "{scope}");
        assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 200);
        assert_eq!(can(&server, &one, "team/app").await, "", "{scope}");
    }
    // Another group's and another registry's.
    for scope in [
        format!("{}/resourceGroups/default2", manager.subscription),
        format!("{}2", manager.registry),
    ] {
        let one = directory.application("one").await;
        manager.assign(ACR_PULL, &scope, &one.principal, None).await;
        assert_eq!(can(&server, &one, "team/app").await, "", "{scope}");
    }

    let (inner, outer) = (directory.group("inner").await, directory.group("outer").await);
    let member = directory.application("member").await;
    manager.assign(ACR_PUSH, &manager.registry, &outer, None).await;
    directory.join(&inner, &member.principal).await;
    assert_eq!(can(&server, &member, "team/app").await, "");
    directory.join(&outer, &inner).await;
    assert_eq!(can(&server, &member, "team/app").await, "pwtc");
    let token = access_token(&server, &member.client, &member.secret, EVERY_SCOPE).await.unwrap();
    assert_eq!(tries(&server, &token, "team/app").await, "pwtc");
    directory.leave(&outer, &inner).await;
    assert_eq!(tries(&server, &token, "team/app").await, "", "it left the group");
}

#[tokio::test]
async fn what_someone_was_ends_at_once() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let token = async |one: &Application| {
        access_token(&server, &one.client, &one.secret, EVERY_SCOPE).await.unwrap()
    };
    // All the tokens that one has: of the registry, of the management API, of Graph.
    let works = async |tokens: &(String, String, String)| {
        let path = format!("{}?api-version=2025-11-01", manager.registry);
        [
            with_token(&server, &tokens.0, Method::GET, "/v2/team/app/manifests/v1").await,
            with_token(&server, &tokens.1, Method::GET, &path).await,
            with_token(&server, &tokens.2, Method::GET, "/graph/v1.0/users").await,
        ]
    };
    let all = async |one: &Application| {
        (token(one).await, directory.management(one).await, directory.for_graph(one).await)
    };

    // Deleted.
    let one = directory.application("deleted").await;
    manager.assign(READER, &manager.registry, &one.principal, None).await;
    let tokens = all(&one).await;
    assert_eq!(works(&tokens).await, [200, 200, 200]);
    let path = format!("v1.0/servicePrincipals/{}", one.principal);
    assert_eq!(directory.graph.delete(&path).await, 204);
    assert_eq!(works(&tokens).await, [401, 401, 401]);
    assert_eq!(access_token(&server, &one.client, &one.secret, "").await, Err(401));

    // Disabled; enabled again, it signs in anew.
    let one = directory.application("disabled").await;
    manager.assign(READER, &manager.registry, &one.principal, None).await;
    let tokens = all(&one).await;
    let path = format!("v1.0/servicePrincipals/{}", one.principal);
    let set = |enabled: bool| directory.graph.patch(&path, json!({ "accountEnabled": enabled }));
    assert_eq!(set(false).await.0, 204);
    assert_eq!(works(&tokens).await, [401, 401, 401]);
    assert_eq!(access_token(&server, &one.client, &one.secret, "").await, Err(401));
    assert_eq!(set(true).await.0, 204);
    assert_eq!(works(&tokens).await, [401, 401, 401], "what ended doesn't begin again");
    assert_eq!(works(&all(&one).await).await, [200, 200, 200]);

    // The mode: tokens of one mean something else in the other.
    let tokens = all(&one).await;
    set_mode(&manager, "AbacRepositoryPermissions").await;
    assert_eq!(works(&tokens).await, [401, 200, 200]);
    set_mode(&manager, "LegacyRegistryPermissions").await;
    assert_eq!(works(&tokens).await, [401, 200, 200]);
    assert_eq!(works(&all(&one).await).await, [200, 200, 200]);
}

#[tokio::test]
async fn a_custom_role_opens_its_actions() {
    let server = Server::start(&[]).await;
    push_index(&server, "team/app").await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let role = uuid::Uuid::new_v4();
    let path = format!(
        "{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        manager.subscription
    );
    let definition = |actions: Value| {
        json!({ "properties": {
            "roleName": "Puller of images",
            "description": "",
            "type": "CustomRole",
            "permissions": [{
                "actions": actions, "notActions": [], "dataActions": [], "notDataActions": [],
            }],
            "assignableScopes": [manager.subscription],
        } })
    };
    let pull = json!(["Microsoft.ContainerRegistry/registries/pull/read"]);
    let (status, answer) = manager.call_at(Method::PUT, &path, definition(pull)).await;
    assert_eq!(status, 201, "{answer}");
    let one = directory.application("one").await;
    let assignment =
        manager.assign(&role.to_string(), &manager.registry, &one.principal, None).await;
    assert_eq!(can(&server, &one, "team/app").await, "ptc");
    let token = access_token(&server, &one.client, &one.secret, EVERY_SCOPE).await.unwrap();
    // What the role loses, those who have it lose.
    let delete = json!(["Microsoft.ContainerRegistry/registries/artifacts/delete"]);
    assert_eq!(manager.call_at(Method::PUT, &path, definition(delete)).await.0, 201);
    assert_eq!(tries(&server, &token, "team/app").await, "");
    assert_eq!(can(&server, &one, "team/app").await, "d");
    // A role that someone has stays.
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 409);
    assert_eq!(manager.call_at(Method::DELETE, &assignment, Value::Null).await.0, 200);
    assert_eq!(manager.call_at(Method::DELETE, &path, Value::Null).await.0, 200);
}

/// A right over one registry is none over what means something elsewhere.
#[tokio::test]
async fn nobody_rises_by_changing_a_role_that_others_have() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let role = uuid::Uuid::new_v4();
    let at =
        |scope: &str| format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    let definition = |scope: &str, action: &str| {
        json!({ "properties": {
            "roleName": "Sees registries",
            "type": "CustomRole",
            "permissions": [{ "actions": [action] }],
            "assignableScopes": [scope],
        } })
    };
    let harmless = definition(&manager.subscription, "Microsoft.ContainerRegistry/registries/read");
    let made = manager.call_at(Method::PUT, &at(&manager.subscription), harmless.clone()).await;
    assert_eq!(made.0, 201, "{}", made.1);
    let one = directory.application("ambitious").await;
    manager.assign(&role.to_string(), &manager.subscription, &one.principal, None).await;
    manager.assign(OWNER, &manager.registry, &one.principal, None).await;
    let token = directory.management(&one).await;
    let send = async |method: Method, body: &Value| {
        let path = format!("{}?api-version=2025-11-01", at(&manager.registry));
        let request = server.request(method, &path).bearer_auth(&token).json(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(Method::PUT, &definition(&manager.registry, "*")).await, 403);
    assert_eq!(send(Method::DELETE, &json!({})).await, 403);
    let (_, kept) = manager.call_at(Method::GET, &at(&manager.subscription), Value::Null).await;
    let actions = &kept["properties"]["permissions"][0]["actions"];
    assert_eq!(actions, &json!(["Microsoft.ContainerRegistry/registries/read"]));
}

/// Whoever was given a role for some repositories has no right over the whole registry by it.
#[tokio::test]
async fn a_condition_on_repositories_gives_no_right_to_the_registry() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let one = directory.application("limited").await;
    let condition = "(@Request[Microsoft.ContainerRegistry/registries/repositories:name] \
                     StringStartsWithIgnoreCase 'team/')";
    manager.assign(CONTRIBUTOR, &manager.registry, &one.principal, Some(condition)).await;
    let token = directory.management(&one).await;
    for (method, path) in [(Method::POST, "/listCredentials"), (Method::GET, "")] {
        let path = format!("{}{path}?api-version=2025-11-01", manager.registry);
        assert_eq!(with_token(&server, &token, method, &path).await, 403, "{path}");
    }
}
