//! Two nodes over one catalog, each with a memory of its own: what one has changed counts on the other
//! from the moment at which it could know, in whatever order it hears of it.

#![expect(clippy::unwrap_used, reason = "an assumption that fails fails the test")]

use std::sync::Arc;
use std::time::Duration;

use gantry_access::assignments::NewAssignment;
use gantry_access::{Access, AccessOptions, AuthenticationError, Authority, SignedIn};
use gantry_arm::{Guid, ResourceId};
use gantry_catalog::Catalog;
use gantry_db::{Db, SqliteOptions};
use gantry_directory::sign_in::{AZURE_CLI, SignInContext};
use gantry_directory::{Bootstrap, BootstrapWishes, Directory, TokenWish};
use gantry_issuers::Issuers;
use gantry_model::directory::PrincipalType;
use gantry_model::{
    Clock, EpochSubject, ManualClock, Precondition, Registry, RegistrySettings, Tiers, Timestamp,
};
use gantry_oci::Secret;
use gantry_outbound::{Outbound, OutboundOptions};
use gantry_secrets::MasterKey;
use tempfile::TempDir;
use tokio::time::Instant;

struct Node {
    catalog: Catalog,
    access: Access,
    clock: Arc<ManualClock>,
    /// What the first of them has made.
    made: Option<Bootstrap>,
}

struct Nodes {
    registry: Arc<Registry>,
    here: Node,
    there: Node,
    _dir: TempDir,
}

impl Nodes {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let [one, other] = [now; 2].map(|now| Arc::new(ManualClock::new(now)));
        let path = dir.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let [first, second] = [&one, &other]
            .map(|clock| Catalog::new(db.clone(), Arc::clone(clock) as Arc<dyn Clock>));
        first.migrate().await.unwrap();
        let registry =
            Registry::new("local".parse().unwrap(), "local", RegistrySettings::default(), now);
        let row = registry.clone();
        let insert = first
            .transaction(gantry_catalog::Durability::Process, move |tx| tx.registry_insert(&row));
        let inserted: Result<bool, gantry_catalog::DbError> = insert.await;
        assert!(inserted.unwrap());
        let (registry, key) = (Arc::new(registry), MasterKey::generate());
        let here = node(first, one, &key, &registry).await;
        let there = node(second, other, &key, &registry).await;
        Self { registry, here, there, _dir: dir }
    }

    async fn passwords(&self) -> [Secret; 2] {
        let made = self.here.access.admin_passwords(&self.registry).await.unwrap();
        made.into_iter().map(|(_, password)| password).collect::<Vec<_>>().try_into().unwrap()
    }

    async fn sign_in(
        &self,
        node: &Node,
        password: &Secret,
    ) -> Result<SignedIn, AuthenticationError> {
        node.access.sign_in(&self.registry, "local", password, None).await
    }

    /// A token of the directory for its first user, made here.
    async fn of_directory(&self) -> Secret {
        let (directory, made) = (self.here.access.directory(), self.here.made.as_ref().unwrap());
        let password = Secret::new(made.user_password.as_str());
        let context = SignInContext { address: None, issuer: "https://a/t" };
        let person = directory.sign_in_person(&made.user, &password, None, context).await.unwrap();
        let (client, scope) = (AZURE_CLI.parse().unwrap(), "https://management.azure.com/.default");
        let wish = TokenWish { issuer: "https://a/t", client, scope, nonce: None };
        directory.issue(person, &wish).access
    }

    async fn works(&self, node: &Node, password: &Secret) -> bool {
        self.sign_in(node, password).await.is_ok()
    }

    async fn shows(&self, node: &Node, token: &Secret) -> bool {
        let header = format!("Bearer {}", token.expose());
        node.access.authenticate(&self.registry, Some(&header), None).await.is_ok()
    }
}

async fn node(
    catalog: Catalog,
    own_clock: Arc<ManualClock>,
    key: &MasterKey,
    registry: &Arc<Registry>,
) -> Node {
    let clock = Arc::clone(&own_clock) as Arc<dyn Clock>;
    let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
    let issuers = (Issuers::new(outbound, Arc::clone(&clock)), Vec::new());
    let wishes = BootstrapWishes::default();
    let mut made = None;
    let directory = Directory::open(&catalog, Arc::clone(&clock), key, wishes, issuers, |one| {
        made = Some(one.clone());
        Ok(())
    });
    let directory = directory.await.unwrap();
    let options = AccessOptions {
        token_lifetime: Duration::from_secs(3600),
        admin_password: None,
        tiers: Tiers::default(),
    };
    let registries = std::slice::from_ref(registry);
    let access =
        Access::open(&catalog, clock, key, &directory, registries, registry, options).await;
    Node { access: access.unwrap(), catalog, clock: own_clock, made }
}

#[tokio::test]
async fn an_old_password_gives_no_token_that_outlives_it() {
    let nodes = Nodes::start().await;
    let [old, other] = nodes.passwords().await;
    let signed_in = nodes.sign_in(&nodes.there, &old).await.unwrap();
    let regenerated = nodes.here.access.regenerate_admin_password(&nodes.registry, "password");
    assert!(regenerated.await.unwrap());
    let [new, _] = nodes.passwords().await;

    // Here it has ended once it was committed.
    assert!(!nodes.works(&nodes.here, &old).await);
    assert!(nodes.works(&nodes.here, &new).await && nodes.works(&nodes.here, &other).await);
    // Whoever has signed in there before that was heard of gets a token, which is as old as that.
    let token = nodes.there.access.issue_token(&nodes.registry, &signed_in, &[]).unwrap().text;
    assert!(!nodes.shows(&nodes.here, &token).await);
    assert!(nodes.shows(&nodes.there, &token).await, "it hasn't heard of it");
    // And ends there with the first that it hears, before anything is read anew.
    nodes.there.catalog.epoch_forget(&EpochSubject::admin(nodes.registry.id));
    assert!(!nodes.shows(&nodes.there, &token).await);
    assert!(!nodes.works(&nodes.there, &old).await);
    assert!(nodes.works(&nodes.there, &new).await && nodes.works(&nodes.there, &other).await);
}

#[tokio::test]
async fn passwords_are_not_remembered_for_longer_than_others_are_followed() {
    let nodes = Nodes::start().await;
    let [old, _] = nodes.passwords().await;
    assert!(nodes.works(&nodes.there, &old).await);
    let regenerated = nodes.here.access.regenerate_admin_password(&nodes.registry, "password");
    assert!(regenerated.await.unwrap());
    assert!(nodes.works(&nodes.there, &old).await, "it has followed a moment ago");
    nodes.there.catalog.epoch_trust_until(Instant::now());
    assert!(!nodes.works(&nodes.there, &old).await, "it asks, since it doesn't follow");
}

#[tokio::test]
async fn roles_are_remembered_until_they_change() {
    let nodes = Nodes::start().await;
    let scope = nodes.here.access.resource_id(&nodes.registry);
    let scope: ResourceId = scope.parse().unwrap();
    let (principal, reader) = (Guid::from_bytes([7; 16]), "acdd72a7-3385-48ef-bd42-f606fba81ae7");
    let new = NewAssignment {
        id: Guid::from_bytes([8; 16]),
        scope: scope.clone(),
        principal,
        principal_type: Some(PrincipalType::User),
        role: reader.parse().unwrap(),
        condition: None,
        description: None,
        by: "operator".into(),
    };
    let (operator, any) = (Authority::operator(), Precondition::None);
    let made = nodes.here.access.assign_role(&operator, new, any.clone()).await.unwrap().0.value;
    let may = async |node: &Node| {
        let authority = node.access.authority_of(principal).await.unwrap();
        authority.may("Microsoft.ContainerRegistry/registries/read", &scope)
    };
    assert!(may(&nodes.here).await && may(&nodes.there).await);
    let removed = nodes.here.access.remove_assignment(&operator, &scope, made.id, any);
    removed.await.unwrap();
    assert!(!may(&nodes.here).await);
    assert!(may(&nodes.there).await, "it asks nobody until it has heard of it");
    nodes.there.catalog.epoch_forget(&EpochSubject::assigned(&principal.to_string()));
    assert!(!may(&nodes.there).await);
}

/// A node whose clock is ahead makes what others don't take yet. Both take it until it ends, and a minute
/// more for clocks.
#[tokio::test]
async fn tokens_are_good_from_when_they_were_made_until_they_end() {
    let nodes = Nodes::start().await;
    let (here, there) = (&nodes.here, &nodes.there);
    let [password, _] = nodes.passwords().await;
    let pass = |node: &Node, seconds| node.clock.advance(Duration::from_secs(seconds));
    pass(here, 61);
    let signed_in = nodes.sign_in(here, &password).await.unwrap();
    let access_token = here.access.issue_token(&nodes.registry, &signed_in, &[]).unwrap().text;
    let of_directory = nodes.of_directory().await;
    let (_, refresh) = here.access.exchange(&nodes.registry, of_directory.expose()).await.unwrap();
    let good = async |node: &Node| {
        let (registry, access) = (&nodes.registry, &node.access);
        let refreshed = access.sign_in_with_refresh_token(registry, refresh.expose()).await;
        let exchanged = access.exchange(registry, of_directory.expose()).await;
        [nodes.shows(node, &access_token).await, refreshed.is_ok(), exchanged.is_ok()]
    };
    assert_eq!(good(here).await, [true; 3]);
    assert_eq!(good(there).await, [false; 3], "they are not good yet");
    pass(there, 1);
    assert_eq!(good(there).await, [true; 3]);
    // An access token and the directory's last an hour, a refresh token three.
    for (seconds, wanted) in [
        (3600 + 59, [true, true, true]),
        (1, [false, true, false]),
        (2 * 3600 - 1, [false, true, false]),
        (1, [false, false, false]),
    ] {
        pass(here, seconds);
        assert_eq!(good(here).await, wanted, "{seconds} s later");
    }
}
