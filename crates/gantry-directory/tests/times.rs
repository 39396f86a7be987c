//! What ends by itself, by a clock that moves when it is told to.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::sync::Arc;
use std::time::Duration;

use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_directory::sign_in::{
    AZURE_CLI, AuthorizationRequest, ClientProof, CodeChallenge, SignInContext, SignInError,
};
use gantry_directory::{Bootstrap, BootstrapWishes, Directory, Principal, TokenWish};
use gantry_issuers::Issuers;
use gantry_model::{Clock, ManualClock, Timestamp};
use gantry_oci::Secret;
use gantry_outbound::{Outbound, OutboundOptions};
use gantry_secrets::MasterKey;
use tempfile::TempDir;

const CONTEXT: SignInContext<'_> = SignInContext { address: None, issuer: "https://a/t" };
const SCOPE: &str = "https://a/arm/.default offline_access";

struct Fixture {
    directory: Directory,
    clock: Arc<ManualClock>,
    made: Bootstrap,
    _dir: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let path = dir.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let catalog = Catalog::new(db, Arc::clone(&clock) as Arc<dyn Clock>);
        catalog.migrate().await.unwrap();
        let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
        let issuers = Issuers::new(outbound, Arc::clone(&clock) as Arc<dyn Clock>);
        let mut made = None;
        let directory = Directory::open(
            &catalog,
            Arc::clone(&clock) as Arc<dyn Clock>,
            &MasterKey::generate(),
            BootstrapWishes::default(),
            (issuers, Vec::new()),
            |bootstrap| {
                made = Some(bootstrap.clone());
                Ok(())
            },
        )
        .await
        .unwrap();
        Self { directory, clock, made: made.unwrap(), _dir: dir }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn person(&self) -> Principal {
        let password = Secret::new(self.made.user_password.as_str());
        let tried = self.directory.sign_in_person(&self.made.user, &password, None, CONTEXT);
        tried.await.unwrap()
    }
}

#[tokio::test]
async fn a_device_waits_for_a_quarter_of_an_hour() {
    let here = Fixture::new().await;
    let client = AZURE_CLI.parse().unwrap();
    let person = here.person().await;
    for (seconds, good) in [(15 * 60 - 1, true), (15 * 60, false)] {
        let device =
            here.directory.start_device(client, SCOPE, CONTEXT.issuer, None).await.unwrap();
        let waits = here.directory.find_device(&device.user_code).await.unwrap().unwrap();
        assert!(here.directory.decide_device(&waits, &person, true).await.unwrap());
        here.pass(seconds);
        let polled = here.directory.sign_in_device(client, device.device_code.expose()).await;
        match good {
            true => assert_eq!(polled.unwrap().0.id, person.id),
            false => assert!(matches!(polled, Err(SignInError::Expired)), "{polled:?}"),
        }
    }
    let device = here.directory.start_device(client, SCOPE, CONTEXT.issuer, None).await.unwrap();
    here.pass(15 * 60);
    assert!(here.directory.find_device(&device.user_code).await.unwrap().is_none());
}

#[tokio::test]
async fn what_was_approved_ends_with_the_sign_in() {
    let here = Fixture::new().await;
    let client = AZURE_CLI.parse().unwrap();
    let person = here.person().await;
    let device = here.directory.start_device(client, SCOPE, CONTEXT.issuer, None).await.unwrap();
    let waits = here.directory.find_device(&device.user_code).await.unwrap().unwrap();
    assert!(here.directory.decide_device(&waits, &person, true).await.unwrap());
    here.directory.sign_out(person.id).await.unwrap();
    let polled = here.directory.sign_in_device(client, device.device_code.expose()).await;
    assert!(matches!(polled, Err(SignInError::Grant(_))), "{polled:?}");
}

#[tokio::test]
async fn a_code_waits_for_five_minutes() {
    let here = Fixture::new().await;
    let client = AZURE_CLI.parse().unwrap();
    let person = here.person().await;
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let request = AuthorizationRequest {
        client,
        redirect_uri: "http://localhost:1/".to_owned(),
        scope: SCOPE.to_owned(),
        challenge: CodeChallenge::parse(challenge, "S256").unwrap(),
        nonce: None,
    };
    for (seconds, good) in [(5 * 60 - 1, true), (5 * 60, false)] {
        let code = here.directory.make_code(request.clone(), &person).await.unwrap();
        here.pass(seconds);
        let exchanged =
            here.directory.sign_in_code(client, code.expose(), "http://localhost:1/", verifier);
        assert_eq!(exchanged.await.is_ok(), good, "after {seconds} s");
    }
}

#[tokio::test]
async fn tokens_and_secrets_end() {
    let here = Fixture::new().await;
    let client = AZURE_CLI.parse().unwrap();
    let person = here.person().await;
    let wish = TokenWish { issuer: "https://a/t", client, scope: SCOPE, nonce: None };
    let first = here.directory.issue(person, &wish).refresh.unwrap();
    here.pass(60 * 24 * 3600);
    let again = here.directory.sign_in_again(client, first.expose()).await.unwrap();
    let second = here.directory.issue(again, &wish).refresh.unwrap();
    assert_ne!(first.expose(), second.expose());
    here.pass(30 * 24 * 3600);
    // Both are good until 90 days after the sign-in, and a minute for clocks; none longer.
    let mut last = None;
    for token in [&first, &second] {
        let again = here.directory.sign_in_again(client, token.expose()).await.unwrap();
        last = here.directory.issue(again, &wish).refresh;
    }
    here.pass(61);
    for token in [&first, &second, &last.unwrap()] {
        let ended = here.directory.sign_in_again(client, token.expose()).await;
        assert!(matches!(ended, Err(SignInError::Grant(_))), "{ended:?}");
    }

    let app_id = here.made.app_id;
    let found = here.directory.find_application_by_app_id(app_id).await.unwrap().unwrap();
    let ends_at = here.clock.now().plus(Duration::from_secs(60));
    let made = here.directory.add_secret(found.id, None, Some(ends_at)).await.unwrap();
    let proof = ClientProof::Secret(made.text);
    let app_id = app_id.to_string();
    here.directory.sign_in_application(&app_id, &proof, CONTEXT).await.unwrap();
    here.pass(60);
    let ended = here.directory.sign_in_application(&app_id, &proof, CONTEXT).await;
    assert!(matches!(ended, Err(SignInError::ClientExpired)), "{ended:?}");
}
