//! The keys that sign registries' tokens: ECDSA on P-256 (ES256). The newest signs, all verify.
//!
//! A new key signs only when every node has had the time to learn of it.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use gantry_catalog::{Catalog, DbError, Durability, SigningKeyRow, Transaction};
use gantry_model::{EpochSubject, SigningKeyId, Timestamp};
use gantry_secrets::MasterKey;
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::SetupError;

/// How long a key is known before it signs: nodes that haven't heard of it by then let nobody in.
const LEARNT: Duration = Duration::from_secs(15);
/// A key that signs no more is kept for longer than any token is good.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct SigningKeys(Vec<Key>);

struct Key {
    id: String,
    made_at: Timestamp,
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl SigningKeys {
    pub(crate) async fn open(
        catalog: &Catalog,
        master_key: &MasterKey,
    ) -> Result<Self, SetupError> {
        let mut rows = catalog.signing_key_list().await?;
        if rows.is_empty() {
            // Two nodes that start at once make one each: both are good, and known to both soon.
            let row = generate(catalog, master_key)?;
            catalog
                .transaction(Durability::Power, move |tx| tx.signing_key_establish(&row))
                .await?;
            rows = catalog.signing_key_list().await?;
        }
        let key = |row: &SigningKeyRow| {
            Ok(Key {
                id: row.id.clone(),
                made_at: row.created_at,
                signing: EncodingKey::from_ec_der(&private(row, master_key)?),
                verifying: DecodingKey::from_ec_der(&row.public_key),
            })
        };
        rows.iter().map(key).collect::<Result<_, SetupError>>().map(Self)
    }

    /// Whether the newest key, where there is one, opens.
    pub(crate) async fn check(catalog: &Catalog, master_key: &MasterKey) -> Result<(), SetupError> {
        let rows = catalog.signing_key_list().await?;
        rows.first().map_or(Ok(()), |row| private(row, master_key).map(drop))
    }

    /// The key that signs now, with its `kid`.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<(&str, &EncodingKey)> {
        let is_learnt = |key: &&Key| key.made_at.plus(LEARNT) <= now;
        let key = self.0.iter().find(is_learnt).or(self.0.last())?;
        Some((&key.id, &key.signing))
    }

    /// When the newest was made.
    pub(crate) fn made_at(&self) -> Option<Timestamp> {
        self.0.first().map(|key| key.made_at)
    }

    /// The key of that `kid`.
    pub(crate) fn verifying(&self, id: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|key| key.id == id).map(|key| &key.verifying)
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// Makes a new key, and removes those whose last tokens have ended.
pub(crate) async fn rotate(catalog: &Catalog, master_key: &MasterKey) -> Result<(), SetupError> {
    let row = generate(catalog, master_key)?;
    let rows = catalog.signing_key_list().await?;
    let before = row.created_at.minus(KEPT);
    // A key has signed until the one after it was there.
    let ended: Vec<String> = rows
        .windows(2)
        .filter(|pair| pair[0].created_at < before)
        .map(|pair| pair[1].id.clone())
        .collect();
    let change = move |tx: &mut Transaction<'_, '_>| {
        tx.signing_key_insert(&row)?;
        ended.iter().try_for_each(|id| tx.signing_key_delete(id))?;
        tx.epoch_raise(None, EpochSubject::keys())
    };
    let changed: Result<(), DbError> = catalog.transaction(Durability::Power, change).await;
    Ok(changed?)
}

fn private(row: &SigningKeyRow, master_key: &MasterKey) -> Result<Vec<u8>, SetupError> {
    master_key
        .open(&purpose(&row.id), &row.sealed)
        .map_err(|source| SetupError::Sealed { what: format!("signing key {}", row.id), source })
}

fn purpose(id: &str) -> String {
    format!("signing_key {id}")
}

fn generate(catalog: &Catalog, master_key: &MasterKey) -> Result<SigningKeyRow, SetupError> {
    let failed = || SetupError::Key("being made".into());
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| failed())?;
    let private = pair.to_pkcs8v1().map_err(|_| failed())?;
    let created_at = catalog.now();
    let id = SigningKeyId::new(created_at).to_string();
    Ok(SigningKeyRow {
        sealed: master_key.seal(&purpose(&id), private.as_ref()),
        public_key: pair.public_key().as_ref().to_vec(),
        id,
        created_at,
    })
}
