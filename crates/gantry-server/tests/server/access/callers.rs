//! Every operation of the management API and every endpoint of the directory, against every kind of
//! caller.
//!
//! The tables must name every operation: one that is added and left out fails here.

use http::Method;
use serde_json::{Value, json};

use super::people::{Application, Directory};
use super::{Manager, access_token};
use crate::entra::{First, MANAGEMENT};
use crate::support::{self, Server, basic};

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Nothing.
    Nothing,
    /// To have signed in.
    SignIn,
    /// Any role at or below the subscription.
    AnyRole,
    /// To read everything.
    Read,
    /// To see secrets of the registry, or make them.
    Secrets,
    Write,
    /// To write above the registry, where these callers have no role.
    WriteAbove,
    /// To give others rights.
    Assign,
}

struct Row(Asks, Method, String);

fn management(manager: &Manager<'_>) -> Vec<Row> {
    use Asks::{AnyRole, Assign, Nothing, Read, Secrets, SignIn, Write, WriteAbove};
    let (s, r) = (&manager.subscription, &manager.registry);
    let id = "11111111-2222-3333-4444-555555555555";
    let row = |asks, method, path: String| Row(asks, method, path);
    let (get, put, patch, post, delete) =
        (Method::GET, Method::PUT, Method::PATCH, Method::POST, Method::DELETE);
    let roles = "providers/Microsoft.Authorization";
    let provider = format!("{s}/providers/Microsoft.ContainerRegistry");
    let deployments = format!("{r}/providers/Microsoft.Resources/deployments");
    let mut rows = vec![
        row(Nothing, get.clone(), "/metadata/endpoints".into()),
        row(SignIn, get.clone(), "/tenants".into()),
        row(SignIn, get.clone(), "/providers/Microsoft.ContainerRegistry/operations".into()),
        // Lists are empty for those who have no role.
        row(SignIn, get.clone(), "/subscriptions".into()),
        row(AnyRole, get.clone(), s.clone()),
        row(AnyRole, get.clone(), format!("{s}/locations")),
        row(AnyRole, get.clone(), format!("{s}/resourceGroups")),
        row(AnyRole, get.clone(), format!("{s}/resourceGroups/default")),
        row(WriteAbove, put.clone(), format!("{s}/resourceGroups/absent")),
        row(WriteAbove, patch.clone(), format!("{s}/resourceGroups/absent")),
        row(WriteAbove, delete.clone(), format!("{s}/resourceGroups/absent")),
        row(AnyRole, get.clone(), format!("{s}/resources")),
        row(AnyRole, get.clone(), format!("{s}/resourceGroups/default/resources")),
        row(AnyRole, get.clone(), format!("{s}/providers")),
        row(
            AnyRole,
            get.clone(),
            format!("{s}/providers/Microsoft.Insights/eventtypes/management/values"),
        ),
        row(AnyRole, get.clone(), provider.clone()),
        row(AnyRole, post.clone(), format!("{provider}/register")),
        row(AnyRole, post.clone(), format!("{provider}/checkNameAvailability")),
        row(SignIn, get.clone(), format!("{provider}/registries")),
        row(
            SignIn,
            get.clone(),
            format!("{s}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries"),
        ),
        row(SignIn, get.clone(), format!("{provider}/deletedRegistries")),
        row(AnyRole, get.clone(), format!("{provider}/deletedRegistries/absent")),
        row(AnyRole, post.clone(), format!("{provider}/deletedRegistries/absent/restore")),
        row(AnyRole, delete.clone(), format!("{provider}/deletedRegistries/absent")),
        // Of the tenant's root nothing is told but which roles there are.
        row(SignIn, get.clone(), format!("/{roles}/roleDefinitions")),
        row(WriteAbove, get.clone(), format!("/{roles}/roleAssignments")),
        row(WriteAbove, get.clone(), format!("/{roles}/roleAssignments/{id}")),
        row(WriteAbove, put.clone(), format!("/{roles}/roleDefinitions/{id}")),
        row(WriteAbove, get.clone(), format!("/{roles}/locks")),
        row(WriteAbove, put.clone(), format!("/{roles}/locks/absent")),
        row(WriteAbove, get.clone(), "/providers/Microsoft.Resources/tags/default".into()),
        row(Read, get.clone(), r.clone()),
        row(Write, put.clone(), r.clone()),
        row(Write, patch.clone(), r.clone()),
        // One that is in the configuration stays.
        row(Write, delete.clone(), r.clone()),
        row(Secrets, post.clone(), format!("{r}/listCredentials")),
        row(Secrets, post.clone(), format!("{r}/regenerateCredential")),
        row(Secrets, post.clone(), format!("{r}/generateCredentials")),
        row(Secrets, post.clone(), format!("{r}/webhooks/absent/getCallbackConfig")),
        row(Read, get.clone(), format!("{r}/listUsages")),
        row(Read, get.clone(), format!("{r}/privateLinkResources")),
        row(Read, get.clone(), format!("{r}/privateLinkResources/registry")),
        row(Read, get.clone(), format!("{r}/providers/Microsoft.Resources/tags/default")),
        row(Write, put.clone(), format!("{r}/providers/Microsoft.Resources/tags/default")),
        row(Write, patch.clone(), format!("{r}/providers/Microsoft.Resources/tags/default")),
        row(Write, delete.clone(), format!("{r}/providers/Microsoft.Resources/tags/default")),
        row(Read, get.clone(), deployments.clone()),
        row(Read, get.clone(), format!("{deployments}/absent")),
        row(Write, put.clone(), format!("{deployments}/absent")),
        row(Write, delete.clone(), format!("{deployments}/absent")),
        row(Write, post.clone(), format!("{deployments}/absent/validate")),
        row(Write, post.clone(), format!("{deployments}/absent/cancel")),
        row(Write, post.clone(), format!("{deployments}/absent/exportTemplate")),
        row(Read, get.clone(), format!("{deployments}/absent/operations")),
        row(Read, get.clone(), format!("{deployments}/absent/operationStatuses/1")),
        row(
            WriteAbove,
            get.clone(),
            format!("{s}/resourceGroups/default/deployments/absent/operations"),
        ),
        row(Read, get.clone(), format!("{r}/{roles}/locks")),
        row(Read, get.clone(), format!("{r}/{roles}/locks/absent")),
        row(Assign, put.clone(), format!("{r}/{roles}/locks/absent")),
        row(Assign, delete.clone(), format!("{r}/{roles}/locks/absent")),
        row(Read, get.clone(), format!("{r}/{roles}/roleDefinitions")),
        row(Read, get.clone(), format!("{r}/{roles}/roleDefinitions/{id}")),
        row(Assign, put.clone(), format!("{r}/{roles}/roleDefinitions/{id}")),
        row(Assign, delete.clone(), format!("{r}/{roles}/roleDefinitions/{id}")),
        row(Read, get.clone(), format!("{r}/{roles}/roleAssignments")),
        row(Read, get.clone(), format!("{r}/{roles}/roleAssignments/{id}")),
        row(Assign, put.clone(), format!("{r}/{roles}/roleAssignments/{id}")),
        row(Assign, delete.clone(), format!("{r}/{roles}/roleAssignments/{id}")),
    ];
    for kind in [
        "tokens",
        "scopeMaps",
        "webhooks",
        "cacheRules",
        "credentialSets",
        "replications",
        "privateEndpointConnections",
    ] {
        let one = format!("{r}/{kind}/absent");
        rows.push(row(Read, get.clone(), format!("{r}/{kind}")));
        rows.push(row(Read, get.clone(), one.clone()));
        rows.push(row(Write, put.clone(), one.clone()));
        rows.push(row(Write, delete.clone(), one.clone()));
        if kind != "privateEndpointConnections" {
            rows.push(row(Write, patch.clone(), one));
        }
    }
    rows
}

/// Someone who asks, and what is open to them.
struct Caller {
    name: &'static str,
    authorization: Option<String>,
    opens: &'static [Asks],
}

const NOBODY: &[Asks] = &[Asks::Nothing];
const STRANGER: &[Asks] = &[Asks::Nothing, Asks::SignIn];
const KNOWN: &[Asks] = &[Asks::Nothing, Asks::SignIn, Asks::AnyRole];
const READS: &[Asks] = &[Asks::Nothing, Asks::SignIn, Asks::AnyRole, Asks::Read];
const WRITES: &[Asks] =
    &[Asks::Nothing, Asks::SignIn, Asks::AnyRole, Asks::Read, Asks::Secrets, Asks::Write];
const EVERYTHING: &[Asks] = &[
    Asks::Nothing,
    Asks::SignIn,
    Asks::AnyRole,
    Asks::Read,
    Asks::Secrets,
    Asks::Write,
    Asks::Assign,
];

async fn with_role(
    manager: &Manager<'_>,
    directory: &Directory<'_>,
    roles: &[&str],
) -> (Application, String) {
    let one = directory.application("caller").await;
    for role in roles {
        manager.assign(role, &manager.registry, &one.principal, None).await;
    }
    let token = directory.management(&one).await;
    (one, format!("Bearer {token}"))
}

async fn callers(server: &Server, manager: &Manager<'_>, directory: &Directory<'_>) -> Vec<Caller> {
    let with = |name, authorization, opens| Caller { name, authorization, opens };
    let scoped = manager.make_token("scoped", &["repositories/*/content/read"]).await;
    let (owner, owners) =
        with_role(manager, directory, &["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]).await;
    let (gone, gone_token) =
        with_role(manager, directory, &["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]).await;
    let path = format!("v1.0/servicePrincipals/{}", gone.principal);
    assert_eq!(directory.graph.delete(&path).await, 204);
    let role = async |id| Some(with_role(manager, directory, &[id]).await.1);

    let mut parts: Vec<&str> = owners.trim_start_matches("Bearer ").split('.').collect();
    let none = format!("Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let other = if &parts[2][9..10] == "A" { "B" } else { "A" };
    let swapped = format!("{}{other}{}", &parts[2][..9], &parts[2][10..]);
    parts[2] = &swapped;
    let forged = format!("Bearer {}", parts.join("."));
    let registry = access_token(server, &owner.client, &owner.secret, "registry:catalog:*").await;
    let for_graph = directory.for_graph(&owner).await;
    vec![
        with("nobody", None, NOBODY),
        with("an empty header", Some(String::new()), NOBODY),
        with("no token", Some("Bearer x".into()), NOBODY),
        with("an unsigned token", Some(none), NOBODY),
        with("a forged token", Some(forged), NOBODY),
        with("a token of Graph's", Some(format!("Bearer {for_graph}")), NOBODY),
        with("a token of the registry's", Some(format!("Bearer {}", registry.unwrap())), NOBODY),
        with("the admin's password", Some(basic("local", support::PASSWORD)), NOBODY),
        with("an owner's secret", Some(basic(&owner.client, &owner.secret)), NOBODY),
        with("a scoped token", Some(basic("scoped", &scoped)), NOBODY),
        with("one who is no more", Some(gone_token), NOBODY),
        with("a stranger", Some(with_role(manager, directory, &[]).await.1), STRANGER),
        with("AcrPull", role("7f951dda-4ed3-4680-a7ca-43fe172d538d").await, KNOWN),
        with("Reader", role("acdd72a7-3385-48ef-bd42-f606fba81ae7").await, READS),
        with("Contributor", role("b24988ac-6180-42a0-ab88-20f7382dd24c").await, WRITES),
        with("Owner", Some(owners), EVERYTHING),
    ]
}

#[tokio::test]
async fn every_operation_asks_every_caller() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let table = management(&manager);
    for name in gantry_http_arm::operations() {
        let has =
            |row: &&Row| gantry_http_arm::operation(&row.1, &row.2).is_some_and(|own| own == name);
        assert!(table.iter().any(|row| has(&row)), "the table lacks {name}");
    }
    for caller in callers(&server, &manager, &directory).await {
        for Row(asks, method, path) in &table {
            let request = server.request(method.clone(), &format!("{path}?api-version=2025-11-01"));
            let request = match &caller.authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            let request = match *method {
                Method::GET | Method::DELETE => request,
                _ => request.json(&json!({})),
            };
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let challenge = answer.headers().get("www-authenticate").cloned();
            let body: Value =
                serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null);
            let case = format!("{}: {method} {path} ({asks:?}): {status} {body}", caller.name);
            assert!(status < 500, "{case}");
            if caller.opens.contains(asks) {
                assert!(![401, 403].contains(&status), "{case}");
            } else if caller.opens == NOBODY {
                assert_eq!(status, 401, "{case}");
                let challenge = challenge.expect("a refusal says where to sign in");
                assert!(challenge.to_str().unwrap().starts_with("Bearer authorization"), "{case}");
            } else if *asks == Asks::AnyRole {
                // What somebody has no part in isn't there for them.
                assert_eq!(status, 404, "{case}");
            } else {
                assert_eq!(status, 403, "{case}");
                assert_eq!(body["error"]["code"], "AuthorizationFailed", "{case}");
            }
        }
    }
}

/// The directory's endpoints: what one who brings nothing is told, and one whose token is another's.
#[tokio::test]
async fn every_endpoint_of_the_directory_asks_its_caller() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let first = First::of(&server);
    let tenant = &first.tenant;
    let stranger = directory.application("stranger").await;
    let for_management = directory.token(&stranger, MANAGEMENT).await.unwrap();
    let for_graph = directory.for_graph(&stranger).await;
    let me = format!("/graph/v1.0/users/{}", manager.subscription.rsplit('/').next().unwrap());
    // What nobody is told, one with a token for something else, and one who has no rights.
    let table = [
        (Method::GET, format!("/{tenant}/v2.0/.well-known/openid-configuration"), [200, 200, 200]),
        (Method::GET, format!("/{tenant}/discovery/v2.0/keys"), [200, 200, 200]),
        (Method::GET, "/common/userrealm/a@b".into(), [200, 200, 200]),
        (Method::GET, "/common/discovery/instance".into(), [200, 200, 200]),
        (Method::POST, format!("/{tenant}/oauth2/v2.0/token"), [400, 400, 400]),
        (Method::POST, format!("/{tenant}/oauth2/v2.0/devicecode"), [400, 400, 400]),
        (Method::GET, format!("/{tenant}/oauth2/v2.0/authorize"), [400, 400, 400]),
        (Method::GET, format!("/{tenant}/oauth2/v2.0/logout"), [200, 200, 200]),
        (Method::GET, "/devicelogin".into(), [200, 200, 200]),
        (Method::GET, "/metadata/identity/oauth2/token".into(), [400, 400, 400]),
        (Method::GET, "/graph/v1.0/users".into(), [401, 401, 200]),
        (Method::GET, me, [401, 401, 404]),
        (Method::POST, "/graph/v1.0/users".into(), [401, 401, 403]),
        (Method::POST, "/graph/v1.0/groups".into(), [401, 401, 403]),
        (Method::POST, "/graph/v1.0/applications".into(), [401, 401, 403]),
        (Method::POST, "/graph/v1.0/servicePrincipals".into(), [401, 401, 403]),
        (Method::POST, "/graph/gantry/identities".into(), [401, 401, 403]),
        (Method::DELETE, format!("/graph/v1.0/applications/{tenant}"), [401, 401, 403]),
    ];
    for name in gantry_http_entra::ENDPOINTS {
        let has = |path: &str| gantry_http_entra::endpoint(path) == Some(name);
        assert!(table.iter().any(|(_, path, _)| has(path)), "the table lacks {name}");
    }
    for (method, path, expected) in &table {
        for (token, status) in [None, Some(&for_management), Some(&for_graph)].iter().zip(expected)
        {
            let request = server.request(method.clone(), path);
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let request =
                if path.starts_with("/graph/") { request.json(&json!({})) } else { request };
            let answer = request.send().await.unwrap();
            let known = token.map_or("nobody", |token| match *token == for_graph {
                true => "a stranger",
                false => "another audience",
            });
            assert_eq!(answer.status().as_u16(), *status, "{method} {path} by {known}");
        }
    }
}

/// Whoever hasn't signed in learns nothing; whoever has, that there is no such operation, whatever
/// their roles.
#[tokio::test]
async fn what_is_no_operation_is_told_to_those_who_have_signed_in() {
    let server = Server::start(&[]).await;
    let (manager, directory) = (Manager::of(&server).await, Directory::of(&server).await);
    let (_, stranger) = with_role(&manager, &directory, &[]).await;
    for (method, path) in [
        (Method::GET, format!("{}/inventions", manager.registry)),
        (Method::TRACE, manager.registry.clone()),
        (Method::PUT, format!("{}/locations", manager.subscription)),
    ] {
        let path = format!("{path}?api-version=2025-11-01");
        let send = async |authorization: Option<&str>| {
            let request = server.request(method.clone(), &path);
            let request = authorization
                .into_iter()
                .fold(request, |request, shown| request.header("authorization", shown));
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(send(None).await, 401, "{method} {path}");
        assert_eq!(send(Some(&stranger)).await, 404, "{method} {path}");
    }
}
