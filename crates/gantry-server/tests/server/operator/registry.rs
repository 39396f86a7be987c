//! Roles, tokens, scope maps, admin accounts.

use http::Method;
use serde_json::{Value, json};

use super::{done, refused, run, run_with, shown};
use crate::access::{access_token, push_index, with_token};
use crate::support::Server;

#[tokio::test]
async fn roles_are_given_and_taken() {
    let server = Server::start(&["[[registry]]", "name = \"other\""]).await;
    done(&server, "user create alice");
    done(&server, "group create devs");
    done(&server, "group add devs alice");
    insta::assert_snapshot!(shown(&server, "role assign AcrPull --to alice"), @r"
    ROLE  AcrPull
    TO  alice@gantry.localhost
    TYPE  User
    AT  local
    CONDITION  -
    PRINCIPAL ID  [id]
    ID  [id]
    ");
    insta::assert_snapshot!(refused(&server, "role assign acrpull --to alice"), @"gantry: the role assignment already exists: [id]");
    done(&server, "role assign AcrPush --to devs --registry other");
    insta::assert_snapshot!(shown(&server, "role assign Reader --to devs --scope subscription"), @r"
    ROLE  Reader
    TO  devs
    TYPE  Group
    AT  subscription
    CONDITION  -
    PRINCIPAL ID  [id]
    ID  [id]
    ");
    let all = done(&server, "role assignments --to alice");
    let mut all: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["role", "to", "at"].map(|name| one[name].as_str().unwrap()).join(" "))
        .collect();
    all.sort();
    assert_eq!(
        all,
        ["AcrPull alice@gantry.localhost local", "AcrPush devs other", "Reader devs subscription"]
    );
    // Those of the first application and the first user count everywhere, and devs' too.
    assert_eq!(done(&server, "role assignments --registry local").as_array().unwrap().len(), 4);
    insta::assert_snapshot!(shown(&server, "role unassign AcrPull --to alice"), @r"
    stderr:
    alice@gantry.localhost has the role AcrPull at local no more
    ");
    insta::assert_snapshot!(refused(&server, "role unassign AcrPull --to alice"), @"gantry: alice@gantry.localhost doesn't have the role AcrPull assigned at local");
    insta::assert_snapshot!(refused(&server, "role assign AcrFly --to alice"), @"gantry: there is no role AcrFly: gantry role list shows all");
    insta::assert_snapshot!(refused(&server, "role assign AcrPull --to nobody"), @"gantry: there is no user, group, application or managed identity called nobody");
    insta::assert_snapshot!(refused(&server, "role assign AcrPull --to alice --registry absent"), @"gantry: there is no registry absent");
    let stranger = "role assign AcrPull --to 11111111-1111-4111-8111-111111111111";
    insta::assert_snapshot!(refused(&server, stranger), @"gantry: nobody has the id [id]");
    done(&server, &format!("{stranger} --type user"));
    let condition = ["role", "assign", "AcrPull", "--to", "alice", "--condition", "is it so?"];
    insta::assert_snapshot!(run_with(&server, &condition, "").stderr, @"gantry: the condition is not valid: unexpected '?' at 8");
}

#[tokio::test]
async fn roles_are_made_of_files() {
    let server = Server::start(&[]).await;
    let path = server.data().parent().unwrap().join("role.json");
    let text = r#"{
        "Name": "Reader of tags",
        "Description": "Reads tags and nothing else",
        "DataActions": ["Microsoft.ContainerRegistry/registries/repositories/metadata/read"]
    }"#;
    std::fs::write(&path, text).unwrap();
    let create = format!("role create {}", path.display());
    let made = done(&server, &create);
    assert_eq!(made["type"], "CustomRole");
    insta::assert_snapshot!(refused(&server, &create), @"gantry: there is another role called Reader of tags");
    let list = done(&server, "role list --custom");
    assert_eq!((&list[0]["name"], &list[1]), (&"Reader of tags".into(), &Value::Null));
    assert!(done(&server, "role list").as_array().unwrap().len() > 10);
    let words = ["role", "show", "reader of tags", "--output", "table"];
    assert!(run_with(&server, &words, "").stdout.contains("repositories/metadata/read"));
    let id = made["id"].as_str().unwrap();
    insta::assert_snapshot!(shown(&server, &format!("role delete {id} --yes")), @r"
    stderr:
    deleted the role Reader of tags
    ");
    insta::assert_snapshot!(refused(&server, "role delete AcrPull --yes"), @"gantry: the role is built in: it can't be changed or deleted");
    std::fs::write(&path, "{}").unwrap();
    assert!(refused(&server, &create).ends_with("role.json: it has no Name"));
}

#[tokio::test]
async fn tokens_do_what_they_were_made_for() {
    let server = Server::start(&[]).await;
    push_index(&server, "app").await;
    push_index(&server, "secret").await;
    insta::assert_snapshot!(shown(&server, "token create reader --repository app pull --expires-in 30d"), @r"
    USERNAME  reader
    NAME  password1
    PASSWORD  [secret]
    ENDS AT  [moment]
    stderr:
    the password is shown this once
    ");
    let made = done(&server, "token generate reader --password 2");
    let password = made["password"].as_str().unwrap();
    let pulls = async |name: &str| {
        let scope = format!("repository:{name}:pull");
        let token = access_token(&server, "reader", password, &scope).await.unwrap();
        let path = format!("/v2/{name}/manifests/v1");
        with_token(&server, &token, Method::GET, &path).await
    };
    assert_eq!((pulls("app").await, pulls("secret").await), (200, 401));
    insta::assert_snapshot!(shown(&server, "token list"), @r"
    NAME  STATUS  SCOPE MAP  PASSWORDS  CREATED AT
    reader  enabled  reader-scope-map  password1 until [moment], password2  [moment]
    ");
    insta::assert_snapshot!(shown(&server, "token disable reader"), @r"
    stderr:
    disabled the token reader
    ");
    let token = access_token(&server, "reader", password, "repository:app:pull").await;
    assert_eq!(token, Err(401));
    done(&server, "token enable reader");
    assert_eq!(pulls("app").await, 200);

    insta::assert_snapshot!(refused(&server, "token create reader --scope-map _repositories_pull"), @"gantry: the token reader is there already: gantry token generate");
    insta::assert_snapshot!(refused(&server, "token create other --scope-map absent"), @"gantry: there is no scope map absent");
    insta::assert_snapshot!(refused(&server, "token create x --repository app pull"), @"gantry: the name of a token or scope map is 5 to 50 letters, digits, hyphens and underscores");
    insta::assert_snapshot!(refused(&server, "token generate absent"), @"gantry: there is no token absent");
    assert_eq!(run(&server, "token create other --repository app fly").code, 2);
    assert_eq!(run(&server, "token create other").code, 2);
    // The scope map of a token that can't be made isn't left.
    insta::assert_snapshot!(refused(&server, "token create local --repository app pull"), @"gantry: a token can't be called like the registry: that is its admin account");
    insta::assert_snapshot!(refused(&server, "scope-map show local-scope-map"), @"gantry: there is no scope map local-scope-map");

    insta::assert_snapshot!(shown(&server, "token delete reader --yes"), @r"
    stderr:
    deleted the token reader
    ");
    insta::assert_snapshot!(refused(&server, "token show reader"), @"gantry: there is no token reader");
}

#[tokio::test]
async fn scope_maps_are_made_and_changed() {
    let server = Server::start(&[]).await;
    let create =
        "scope-map create team-map --action repositories/team/*/content/read --description team";
    insta::assert_snapshot!(shown(&server, create), @r"
    NAME  team-map
    TYPE  UserDefined
    CREATED AT  [moment]
    DESCRIPTION  team
    ACTIONS  repositories/team/*/content/read
    ");
    insta::assert_snapshot!(refused(&server, create), @"gantry: the scope map team-map is there already: gantry scope-map update");
    let change = "scope-map update team-map --add repositories/app/content/read \
                  --remove repositories/team/*/content/read";
    insta::assert_snapshot!(shown(&server, change), @r"
    NAME  team-map
    TYPE  UserDefined
    CREATED AT  [moment]
    DESCRIPTION  team
    ACTIONS  repositories/app/content/read
    ");
    insta::assert_snapshot!(refused(&server, change), @"gantry: the scope map doesn't allow repositories/team/*/content/read");
    insta::assert_snapshot!(refused(&server, "scope-map update team-map --add repositories/app/fly"), @r#"gantry: "repositories/app/fly" is not an action of a scope map: write repositories/<repository>/<content or metadata>/<read, write or delete>"#);
    insta::assert_snapshot!(refused(&server, "scope-map update absent-map --add repositories/app/content/read"), @"gantry: there is no scope map absent-map");
    assert_eq!(run(&server, "scope-map update team-map").code, 2);
    insta::assert_snapshot!(refused(&server, "scope-map delete _repositories_pull --yes"), @"gantry: the scope map _repositories_pull is system-defined: it can't be changed or deleted");
    done(&server, "token create robot --scope-map team-map");
    insta::assert_snapshot!(refused(&server, "scope-map delete team-map --yes"), @"gantry: the token robot has the scope map: give it another, or delete it first");
    done(&server, "token delete robot --yes");
    insta::assert_snapshot!(shown(&server, "scope-map delete team-map --yes"), @r"
    stderr:
    deleted the scope map team-map
    ");
    assert_eq!(done(&server, "scope-map list").as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_admin_s_passwords_are_shown_and_made_anew() {
    let server =
        Server::start(&["[[registry]]", "name = \"closed\"", "admin_enabled = false"]).await;
    let before = done(&server, "admin show");
    let said = run(&server, "admin regenerate");
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.stderr, @"gantry: this would end a password of the admin account of local: add --yes if that is meant");
    let after = done(&server, "admin regenerate --yes");
    assert_eq!(before["password2"], after["password2"]);
    assert_ne!(before["password"], after["password"]);
    let password = after["password"].as_str().unwrap();
    assert!(access_token(&server, "local", password, "repository:app:pull").await.is_ok());
    let kept = std::fs::read_to_string(server.data().join("admin-password")).unwrap();
    assert_eq!(kept.trim(), password);
    let second = done(&server, "admin regenerate --password 2 --yes");
    assert_eq!(second["password"], after["password"]);
    assert_ne!(second["password2"], after["password2"]);
    insta::assert_snapshot!(refused(&server, "admin show --registry absent"), @"gantry: there is no registry absent");
    insta::assert_snapshot!(refused(&server, "admin show --registry closed"), @"gantry: The admin user is not enabled on this registry.");
}

#[tokio::test]
async fn registries_are_made_and_brought_back() {
    let server = Server::start(&[]).await;
    let port = server.port().to_string();
    let whole = |command: &str| shown(&server, command).replace(&port, "[port]");
    let shown = |command: &str| {
        let text = whole(command);
        // An id begins with the subscription's, which is another each time.
        let id = text.find("/subscriptions/").map(|at| text[at + 15..at + 51].to_owned());
        id.map_or(text.clone(), |id| text.replace(&id, "[id]"))
    };
    insta::assert_snapshot!(shown("registry create teamtwo --tier basic --tag env=test"), @r"
    NAME  teamtwo
    RESOURCE GROUP  default
    TIER  Basic
    LOGIN SERVER  teamtwo.acr.localhost:[port]
    ADMIN ENABLED  no
    ANONYMOUS PULL  no
    PUBLIC ACCESS  Enabled
    CREATED AT  [moment]
    LOCATION  local
    DATA ENDPOINT  no
    NETWORK DEFAULT  -
    NETWORK RULES  -
    TAGS  env=test
    ID  /subscriptions/[id]/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/teamtwo
    ");
    insta::assert_snapshot!(refused(&server, "registry create teamtwo"), @"gantry: the registry teamtwo is there already: gantry registry update");
    insta::assert_snapshot!(refused(&server, "registry create a-b"), @"gantry: a registry's name is 5 to 50 letters and digits");
    insta::assert_snapshot!(refused(&server, "registry update teamtwo --anonymous-pull true"), @"gantry: anonymous pull is not in the tier Basic: it needs Standard");
    insta::assert_snapshot!(shown("registry update teamtwo --tier standard --anonymous-pull true"), @r"
    NAME  teamtwo
    RESOURCE GROUP  default
    TIER  Standard
    LOGIN SERVER  teamtwo.acr.localhost:[port]
    ADMIN ENABLED  no
    ANONYMOUS PULL  yes
    PUBLIC ACCESS  Enabled
    CREATED AT  [moment]
    LOCATION  local
    DATA ENDPOINT  no
    NETWORK DEFAULT  -
    NETWORK RULES  -
    TAGS  env=test
    ID  /subscriptions/[id]/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/teamtwo
    ");
    insta::assert_snapshot!(shown("registry list"), @r"
    NAME  RESOURCE GROUP  TIER  LOGIN SERVER  ADMIN ENABLED  ANONYMOUS PULL  PUBLIC ACCESS  CREATED AT
    local  default  Premium  localhost:[port]  yes  no  Enabled  [moment]
    teamtwo  default  Standard  teamtwo.acr.localhost:[port]  no  yes  Enabled  [moment]
    ");
    let rules = "registry update teamtwo --tier PREMIUM --network-default deny --network-rule";
    let ruled = done(&server, &format!("{rules} 192.0.2.0/24 --network-rule 198.51.100.1"));
    assert_eq!(ruled["networkDefault"], "Deny");
    assert_eq!(ruled["networkRules"], json!(["192.0.2.0/24", "198.51.100.1"]));
    let open = done(&server, "registry update teamtwo --network-default allow --no-network-rules");
    assert_eq!((&open["networkDefault"], &open["networkRules"]), (&json!("Allow"), &json!([])));
    done(&server, "registry update teamtwo --tier standard");
    insta::assert_snapshot!(shown("registry check-name teamtwo"), @r"
    NAME  teamtwo
    AVAILABLE  no
    LOGIN SERVER  -
    REASON  The registry teamtwo is already in use.
    ");
    let usage = done(&server, "registry usage teamtwo");
    assert_eq!((&usage[0]["name"], &usage[0]["unit"]), (&"Size".into(), &"Bytes".into()));
    insta::assert_snapshot!(shown("registry delete teamtwo --yes"), @r"
    stderr:
    deleted the registry teamtwo: gantry registry undelete teamtwo
    ");
    insta::assert_snapshot!(refused(&server, "registry show teamtwo"), @"gantry: there is no registry teamtwo");
    let deleted = done(&server, "registry list-deleted");
    assert_eq!(deleted[0]["name"], "teamtwo");
    let revived = done(&server, "registry undelete teamtwo");
    assert_eq!(revived["tier"], "Standard");
    // Its deletion is told of it too.
    let audit = done(&server, "audit --registry teamtwo");
    let deletion = |event: &Value| {
        event["detail"].as_str().unwrap_or_default().starts_with("200 DELETE /subscriptions/")
    };
    assert!(audit.as_array().unwrap().iter().any(deletion), "{audit}");
    insta::assert_snapshot!(refused(&server, "registry undelete teamtwo"), @"gantry: there is no deleted registry teamtwo: gantry registry list-deleted");
    insta::assert_snapshot!(refused(&server, "registry delete local --yes"), @"gantry: the registry local is in the server's configuration: remove it there first");
    done(&server, "registry delete teamtwo --yes");
    insta::assert_snapshot!(shown("registry purge teamtwo --yes"), @r"
    stderr:
    the next collection clears teamtwo away: gantry gc
    ");
}

#[tokio::test]
async fn webhooks_are_made_and_shown() {
    let server = Server::start(&[]).await;
    let create = "webhook create build01 --uri https://hooks.example/a --action push --action delete \
                  --header X-Key=secret --scope app:*";
    insta::assert_snapshot!(shown(&server, create), @r"
    NAME  build01
    STATUS  enabled
    ACTIONS  push, delete
    SCOPE  app:*
    stderr:
    nothing is sent yet: events come with a later release
    ");
    insta::assert_snapshot!(refused(&server, create), @"gantry: the webhook build01 is there already: gantry webhook update");
    insta::assert_snapshot!(shown(&server, "webhook target build01"), @r#"
    URI  https://hooks.example/a
    HEADERS  {"X-Key":"secret"}
    "#);
    insta::assert_snapshot!(shown(&server, "webhook update build01 --enabled false"), @r"
    NAME  build01
    STATUS  disabled
    ACTIONS  push, delete
    SCOPE  app:*
    ");
    insta::assert_snapshot!(refused(&server, "webhook create other01 --action push"), @"gantry: a webhook needs --uri and at least one --action");
    insta::assert_snapshot!(shown(&server, "webhook delete build01 --yes"), @r"
    stderr:
    deleted the webhook build01
    ");
    insta::assert_snapshot!(shown(&server, "webhook list"), @r"
    stderr:
    there are none
    ");
}
