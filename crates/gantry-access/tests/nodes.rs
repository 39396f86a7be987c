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
use gantry_directory::{BootstrapWishes, Directory};
use gantry_issuers::Issuers;
use gantry_model::directory::PrincipalType;
use gantry_model::{
    Clock, EpochSubject, ManualClock, Precondition, Registry, RegistryId, RegistrySettings,
    Timestamp,
};
use gantry_oci::Secret;
use gantry_outbound::{Outbound, OutboundOptions};
use gantry_secrets::MasterKey;
use tempfile::TempDir;
use tokio::time::Instant;

struct Node {
    catalog: Catalog,
    access: Access,
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
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(now));
        let path = dir.path().join("catalog.db");
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await.unwrap();
        let catalog = || Catalog::new(db.clone(), Arc::clone(&clock));
        let (first, second) = (catalog(), catalog());
        first.migrate().await.unwrap();
        let registry = Registry {
            id: RegistryId::new(now),
            name: "local".parse().unwrap(),
            location: "local".into(),
            resource_group: Registry::FIRST_GROUP.into(),
            settings: RegistrySettings::default(),
            epoch: 0,
            sign_in_epoch: 0,
            created_at: now,
        };
        let row = registry.clone();
        let insert = first
            .transaction(gantry_catalog::Durability::Process, move |tx| tx.registry_insert(&row));
        let inserted: Result<(), gantry_catalog::DbError> = insert.await;
        inserted.unwrap();
        let (registry, key) = (Arc::new(registry), MasterKey::generate());
        let here = node(first, &clock, &key, &registry).await;
        let there = node(second, &clock, &key, &registry).await;
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
    clock: &Arc<dyn Clock>,
    key: &MasterKey,
    registry: &Arc<Registry>,
) -> Node {
    let outbound = Outbound::new(&OutboundOptions::default()).unwrap();
    let issuers = (Issuers::new(outbound, Arc::clone(clock)), Vec::new());
    let wishes = BootstrapWishes::default();
    let directory = Directory::open(&catalog, Arc::clone(clock), key, wishes, issuers, |_| Ok(()));
    let directory = directory.await.unwrap();
    let options = AccessOptions { token_lifetime: Duration::from_secs(3600), admin_password: None };
    let registries = std::slice::from_ref(registry);
    let clock = Arc::clone(clock);
    let access =
        Access::open(&catalog, clock, key, &directory, registries, registry, options).await;
    Node { access: access.unwrap(), catalog }
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
