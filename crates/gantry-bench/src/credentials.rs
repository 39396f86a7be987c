//! Registries with many tokens and role assignments, written with the catalog's own statements while no
//! server runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gantry_arm::Guid;
use gantry_catalog::{Catalog, DbError, Durability, Transaction};
use gantry_db::{Db, SqliteOptions};
use gantry_model::directory::{PrincipalType, User};
use gantry_model::roles::RoleAssignment;
use gantry_model::scoped::{ScopeMap, ScopedName, Token, TokenPassword, TokenPasswordName};
use gantry_model::{RegistryId, ScopeMapId, SystemClock, TokenId};
use gantry_oci::Digest;

use crate::servers::{Kind, Security, Server, Surroundings};

/// The password of each token.
pub(crate) const PASSWORD: &str = "generated-passwords-have-forty-symbols-1";
/// Rows in a transaction.
const BATCH: usize = 5_000;
/// `AcrPull`
const ROLE: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// How many credentials there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials {
    /// Repository-scoped tokens.
    pub(crate) tokens: usize,
    /// Role assignments, each of another principal.
    pub(crate) assignments: usize,
    /// People with a password.
    pub(crate) people: usize,
}

impl Credentials {
    /// The name of the token in the middle.
    pub(crate) fn some_token(self) -> String {
        token_name(self.tokens / 2)
    }
}

/// The name of a token.
pub(crate) fn token_name(number: usize) -> String {
    format!("token-{number:06}")
}

/// The name that a person signs in with, as a form has it.
pub(crate) fn person_name(number: usize) -> String {
    format!("person-{number:06}%40gantry.localhost")
}

/// Makes a data directory of Gantry with those credentials, below `directory`, whose registry anyone may
/// pull from. Tells the tenant's id.
pub(crate) fn make(
    around: &Surroundings,
    directory: &Path,
    credentials: Credentials,
) -> anyhow::Result<Guid> {
    // The first start makes registry and tenant.
    drop(Server::start(Kind::Gantry, around, directory, Security::Plain)?);
    let path = directory.join("data/catalog.db");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let db = Db::open_sqlite(&path, SqliteOptions::default()).await?;
        let catalog = Catalog::new(db, Arc::new(SystemClock));
        let mut registries = catalog.registry_list().await?;
        let mut first = registries.pop().context("the first start made no registry")?;
        first.settings.anonymous_pull = true;
        let registry = first.id;
        let tenant = catalog.tenant().await?.context("the first start made no tenant")?;
        let scope = format!("/subscriptions/{}", tenant.subscription);
        let map = move |tx: &mut Transaction<'_, '_>| {
            tx.registry_update(&first)?;
            put_map(tx, registry)
        };
        catalog.transaction(Durability::Process, map).await?;
        for first in (0..credentials.tokens).step_by(BATCH) {
            let numbers = first..(first + BATCH).min(credentials.tokens);
            let put = move |tx: &mut Transaction<'_, '_>| {
                numbers.clone().try_for_each(|number| put_token(tx, registry, number))
            };
            catalog.transaction(Durability::Process, put).await?;
        }
        for first in (0..credentials.assignments).step_by(BATCH) {
            let numbers = first..(first + BATCH).min(credentials.assignments);
            let scope = scope.clone();
            let put = move |tx: &mut Transaction<'_, '_>| {
                numbers.clone().try_for_each(|number| put_assignment(tx, &scope, number))
            };
            catalog.transaction(Durability::Process, put).await?;
        }
        if credentials.people > 0 {
            let hash = gantry_secrets::passwords::hash(PASSWORD).await?;
            let put = move |tx: &mut Transaction<'_, '_>| {
                (0..credentials.people).try_for_each(|number| put_person(tx, number, &hash))
            };
            catalog.transaction(Durability::Process, put).await?;
        }
        catalog.db().close().await;
        anyhow::Ok(tenant.id)
    })
}

fn map_name() -> ScopedName {
    "bench-map".parse().expect("it is a name")
}

fn put_map(tx: &mut Transaction<'_, '_>, registry: RegistryId) -> Result<(), DbError> {
    let id = ScopeMapId::new(tx.now());
    let actions = ["repositories/bench/*/content/read", "repositories/bench/*/metadata/read"];
    let map = ScopeMap {
        id: Some(id),
        name: map_name(),
        description: None,
        actions: actions.iter().map(|text| text.parse().expect("it is an action")).collect(),
        created_at: Some(tx.now()),
    };
    tx.scope_map_set(registry, id, &map)
}

fn put_token(
    tx: &mut Transaction<'_, '_>,
    registry: RegistryId,
    number: usize,
) -> Result<(), DbError> {
    let Digest::Sha256(hash) = Digest::sha256(PASSWORD.as_bytes()) else {
        return Err(DbError::Other("a sha256 is none".into()));
    };
    let token = Token {
        id: TokenId::new(tx.now()),
        name: token_name(number).parse().expect("it is a name"),
        scope_map: map_name(),
        enabled: true,
        created_at: tx.now(),
        passwords: Vec::new(),
    };
    let (name, created_at) = (TokenPasswordName::First, tx.now());
    let password = TokenPassword { name, hash, created_at, expires_at: None };
    tx.token_insert(registry, &token)?;
    tx.token_password_set(registry, (&token.name, token.id), &password)
}

fn put_person(tx: &mut Transaction<'_, '_>, number: usize, hash: &str) -> Result<(), DbError> {
    let user = User {
        id: numbered(3, number),
        name: person_name(number).replace("%40", "@").parse().expect("it is a name"),
        display_name: format!("Person {number}"),
        enabled: true,
        has_totp: false,
        created_at: tx.now(),
    };
    tx.user_insert(&user, Some(hash)).map(drop)
}

fn numbered(kind: u8, number: usize) -> Guid {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Guid::from_bytes(bytes)
}

fn put_assignment(tx: &mut Transaction<'_, '_>, scope: &str, number: usize) -> Result<(), DbError> {
    tx.role_assignment_set(&RoleAssignment {
        id: numbered(1, number),
        scope: scope.to_owned(),
        principal: numbered(2, number),
        principal_type: PrincipalType::ServicePrincipal,
        role: ROLE.parse().expect("it is an id"),
        condition: None,
        description: None,
        created_by: "bench".to_owned(),
        created_at: tx.now(),
        updated_at: tx.now(),
    })
}
