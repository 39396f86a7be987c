//! Users, applications, groups, managed identities.

use http::Method;
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use super::{done, refused, run, run_with, shown};
use crate::support::Server;

#[tokio::test]
async fn users_are_made_changed_and_deleted() {
    let server = Server::start(&[]).await;
    insta::assert_snapshot!(shown(&server, "user create alice"), @r"
    NAME  alice@gantry.localhost
    DISPLAY NAME  alice@gantry.localhost
    ENABLED  yes
    CREATED AT  [moment]
    ID  [id]
    PASSWORD  [secret]
    stderr:
    the password is shown this once
    ");
    let named =
        ["user", "create", "bob@contoso.example", "--display-name", "Bob B", "--password-stdin"];
    let made = run_with(&server, &named, "a-long-password\n");
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    assert!(!made.stdout.contains("password"), "{}", made.stdout);
    assert_eq!(done(&server, "user show bob@contoso.example")["displayName"], "Bob B");

    insta::assert_snapshot!(shown(&server, "user disable alice"), @r"
    stderr:
    disabled the user alice@gantry.localhost
    ");
    assert_eq!(done(&server, "user show alice")["enabled"], false);
    insta::assert_snapshot!(shown(&server, "user enable alice"), @r"
    stderr:
    enabled the user alice@gantry.localhost
    ");
    insta::assert_snapshot!(shown(&server, "user password alice"), @r"
    NAME  alice@gantry.localhost
    PASSWORD  [secret]
    stderr:
    the password is shown this once; whoever was signed in with another is signed out
    ");
    let words = ["user", "password", "alice", "--password-stdin"];
    assert_eq!(run_with(&server, &words, "another-password").code, 0);
    insta::assert_snapshot!(shown(&server, "user totp alice"), @r"
    NAME  alice@gantry.localhost
    SECRET  [secret]
    ADDRESS  [address]
    stderr:
    from now on a code is asked for; the secret for the authenticator app is shown this once
    ");
    insta::assert_snapshot!(shown(&server, "user totp alice --off"), @r"
    stderr:
    alice@gantry.localhost signs in with the password alone
    ");
    insta::assert_snapshot!(shown(&server, "user sign-out alice"), @r"
    stderr:
    signed alice@gantry.localhost out everywhere
    ");

    let list = done(&server, "user list");
    let names: Vec<&str> =
        list.as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let id = done(&server, "user show alice")["id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(shown(&server, &format!("user delete {id} --yes")), @r"
    stderr:
    deleted the user alice@gantry.localhost
    ");
    insta::assert_snapshot!(refused(&server, "user show alice"), @"gantry: Resource 'alice@gantry.localhost' does not exist or one of its queried reference-property objects are not present.");
}

#[tokio::test]
async fn what_users_can_not_be_is_told() {
    let server = Server::start(&[]).await;
    done(&server, "user create alice");
    insta::assert_snapshot!(refused(&server, "user create ALICE"), @"gantry: Another object with the same value for property userPrincipalName already exists.");
    insta::assert_snapshot!(refused(&server, "user create a(b)c"), @"gantry: A user's name has the form name@domain, of letters, digits and . - _ ' ! # ^ ~ before the @, and is no longer than 113 characters.");
    insta::assert_snapshot!(refused(&server, "user enable nobody"), @"gantry: Resource 'nobody@gantry.localhost' does not exist or one of its queried reference-property objects are not present.");
    let short = run_with(&server, &["user", "password", "alice", "--password-stdin"], "short\n");
    insta::assert_snapshot!(short.stderr, @"gantry: A password has 8 characters or more.");
    let none = run_with(&server, &["user", "password", "alice", "--password-stdin"], "\n");
    insta::assert_snapshot!(none.stderr, @"gantry: there is no password on stdin");
    let unsure = run(&server, "user delete alice");
    assert_eq!(unsure.code, 2);
    insta::assert_snapshot!(unsure.stderr, @"gantry: this would delete the user alice@gantry.localhost: add --yes if that is meant");
    assert_eq!(done(&server, "user show alice")["enabled"], true);
    assert_eq!(run(&server, "user fly alice").code, 2);
}

#[tokio::test]
async fn applications_sign_in_with_what_was_printed() {
    let server = Server::start(&[]).await;
    insta::assert_snapshot!(shown(&server, "app create ci"), @r"
    NAME  ci
    APP ID  [id]
    TENANT ID  [id]
    PRINCIPAL ID  [id]
    ID  [id]
    SECRET  [secret]
    SECRET ENDS AT  [moment]
    stderr:
    the secret is shown this once
    ");
    let made = done(&server, "app create deployer --expires-in 30d");
    let field = |name: &str| made[name].as_str().unwrap().to_owned();
    let sign_in = async |secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &field("appId")),
            ("client_secret", secret),
            ("scope", "https://management.azure.com/.default"),
        ];
        let path = format!("/{}/oauth2/v2.0/token", field("tenantId"));
        server.request(Method::POST, &path).form(&form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(sign_in(&field("secret")).await, 200);
    done(&server, "app disable deployer");
    assert_ne!(sign_in(&field("secret")).await, 200);
    done(&server, "app enable deployer");
    insta::assert_snapshot!(shown(&server, "app show deployer"), @r"
    NAME  deployer
    APP ID  [id]
    SECRETS  1
    CERTIFICATES  0
    CREATED AT  [moment]
    ID  [id]
    ENABLED  yes
    PRINCIPAL ID  [id]
    REDIRECT URIS  -
    ");

    let second = done(&server, &format!("app secret add {} --name second", field("appId")));
    assert_eq!(sign_in(second["secret"].as_str().unwrap()).await, 200);
    let list = done(&server, "app secret list deployer");
    assert_eq!(list.as_array().unwrap().len(), 2);
    let id = second["id"].as_str().unwrap();
    done(&server, &format!("app secret remove deployer {id} --yes"));
    assert_ne!(sign_in(second["secret"].as_str().unwrap()).await, 200);
    insta::assert_snapshot!(shown(&server, "app list"), @r"
    NAME  APP ID  SECRETS  CERTIFICATES  CREATED AT  ID
    ci  [id]  1  0  [moment]  [id]
    deployer  [id]  1  0  [moment]  [id]
    Gantry operator  [id]  1  0  [moment]  [id]
    ");

    insta::assert_snapshot!(shown(&server, "app delete ci --yes"), @r"
    stderr:
    deleted the application ci
    ");
    insta::assert_snapshot!(refused(&server, "app show ci"), @"gantry: there is no application called ci");
    let lone = done(&server, "app create federated --no-secret");
    assert_eq!(lone["secret"], Value::Null);
    done(&server, "app create federated --no-secret");
    let several = run(&server, "app delete federated --yes").stderr;
    assert!(several.contains("2 are called federated: name one by its id: "), "{several}");
    assert!(several.contains(lone["appId"].as_str().unwrap()), "{several}");
}

#[tokio::test]
async fn applications_have_certificates_and_federations() {
    let server = Server::start(&[]).await;
    done(&server, "app create ci --no-secret");
    let file = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["ci".to_owned()]).unwrap().self_signed(&key);
        let path = server.data().parent().unwrap().join(name);
        std::fs::write(&path, certificate.unwrap().pem()).unwrap();
        path.display().to_string()
    };
    let first = done(&server, &format!("app certificate add ci {} --name first", file("a.pem")));
    let second = done(&server, &format!("app certificate add ci {}", file("b.pem")));
    assert_eq!((&first["name"], &second["name"]), (&"first".into(), &Value::Null));
    let id = first["id"].as_str().unwrap();
    insta::assert_snapshot!(shown(&server, &format!("app certificate remove ci {id} --yes")), @r"
    stderr:
    removed a certificate of the application ci
    ");
    let left = done(&server, "app certificate list ci");
    assert_eq!((&left[0]["id"], &left[1]), (&second["id"], &Value::Null));
    insta::assert_snapshot!(refused(&server, "app certificate add ci /dev/null"), @"gantry: Not a certificate in PEM or base64 of DER.");
    insta::assert_snapshot!(refused(&server, "app certificate add ci /absent"), @"gantry: reading /absent: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(&server, "app certificate remove ci absent --yes"), @"gantry: the application ci has no certificate absent");

    let add = "app federation add ci --name main --issuer https://issuer.example \
               --subject repo:a/b:ref:refs/heads/main";
    insta::assert_snapshot!(shown(&server, add), @r"
    NAME  main
    ISSUER  https://issuer.example
    SUBJECT  repo:a/b:ref:refs/heads/main
    AUDIENCE  api://AzureADTokenExchange
    ID  [id]
    ");
    insta::assert_snapshot!(refused(&server, add), @"gantry: The application has a federated credential of that name, or of that issuer and subject.");
    let plain = "app federation add ci --name plain --issuer http://issuer.example --subject a";
    insta::assert_snapshot!(refused(&server, plain), @"gantry: issuer must be an https address.");
    insta::assert_snapshot!(shown(&server, "app federation list ci"), @r"
    NAME  ISSUER  SUBJECT  AUDIENCE  ID
    main  https://issuer.example  repo:a/b:ref:refs/heads/main  api://AzureADTokenExchange  [id]
    ");
    insta::assert_snapshot!(shown(&server, "app federation remove ci main --yes"), @r"
    stderr:
    removed the federation main of the application ci
    ");
    insta::assert_snapshot!(shown(&server, "app federation list ci"), @r"
    stderr:
    there are none
    ");
}

#[tokio::test]
async fn members_of_groups_are_named_in_many_ways() {
    let server = Server::start(&[]).await;
    insta::assert_snapshot!(shown(&server, "group create devs --description people"), @r"
    NAME  devs
    DESCRIPTION  people
    CREATED AT  [moment]
    ID  [id]
    ");
    done(&server, "user create alice");
    let app = done(&server, "app create ci");
    let inner = done(&server, "group create inner");
    done(&server, "identity create runner");
    let app_id = app["appId"].as_str().unwrap();
    let inner = inner["id"].as_str().unwrap();
    for member in ["alice", app_id, inner, "runner"] {
        done(&server, &format!("group add devs {member}"));
    }
    insta::assert_snapshot!(refused(&server, "group add devs alice"), @"gantry: One or more added object references already exist for the following modified properties: 'members'.");
    insta::assert_snapshot!(refused(&server, "group add devs nobody"), @"gantry: there is no user, group, application or managed identity called nobody");
    let members = done(&server, "group members devs");
    let mut names: Vec<String> = members
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["type"].as_str().unwrap(), one["name"].as_str().unwrap()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "group inner",
            "servicePrincipal ci",
            "servicePrincipal runner",
            "user alice@gantry.localhost"
        ]
    );
    insta::assert_snapshot!(shown(&server, "group remove devs ci"), @r"
    stderr:
    ci is no member of the group devs any more
    ");
    insta::assert_snapshot!(refused(&server, "group remove devs ci"), @"gantry: Resource 'member' does not exist or one of its queried reference-property objects are not present.");
    assert_eq!(done(&server, "group members devs").as_array().unwrap().len(), 3);
    assert_eq!(done(&server, "group list").as_array().unwrap().len(), 2);
    insta::assert_snapshot!(shown(&server, "group show devs"), @r"
    NAME  devs
    DESCRIPTION  people
    CREATED AT  [moment]
    ID  [id]
    ");
    insta::assert_snapshot!(shown(&server, "group delete devs --yes"), @r"
    stderr:
    deleted the group devs
    ");
    insta::assert_snapshot!(refused(&server, "group members devs"), @"gantry: there is no group called devs");
}

#[tokio::test]
async fn identities_have_workloads() {
    let server = Server::start(&[]).await;
    insta::assert_snapshot!(shown(&server, "identity create runner"), @r"
    NAME  runner
    CLIENT ID  [id]
    ENABLED  yes
    CREATED AT  [moment]
    ID  [id]
    ");
    insta::assert_snapshot!(shown(&server, "identity workload add runner --secret"), @r"
    ID  [id]
    KNOWN BY  secret
    NETWORK  -
    SECRET  [secret]
    stderr:
    the secret is shown this once
    ");
    insta::assert_snapshot!(shown(&server, "identity workload add runner --network 10.0.0.0/8"), @r"
    ID  [id]
    KNOWN BY  network
    NETWORK  10.0.0.0/8
    ");
    insta::assert_snapshot!(refused(&server, "identity workload add runner --network nowhere"), @"gantry: network is none: write 192.0.2.0/24.");
    assert_eq!(run(&server, "identity workload add runner").code, 2);
    let client = done(&server, "identity list")[0]["clientId"].as_str().unwrap().to_owned();
    let workloads = done(&server, &format!("identity workload list {client}"));
    assert_eq!(workloads.as_array().unwrap().len(), 2);
    let id = workloads[0]["id"].as_str().unwrap();
    insta::assert_snapshot!(shown(&server, &format!("identity workload remove runner {id} --yes")), @r"
    stderr:
    removed a workload of the managed identity runner
    ");
    insta::assert_snapshot!(shown(&server, "identity delete runner --yes"), @r"
    stderr:
    deleted the managed identity runner
    ");
    insta::assert_snapshot!(shown(&server, "identity list"), @r"
    stderr:
    there are none
    ");
    insta::assert_snapshot!(refused(&server, "identity delete runner --yes"), @"gantry: there is no managed identity called runner");
}
