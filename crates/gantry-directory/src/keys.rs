//! The keys that sign the directory's tokens: RSA with SHA-256 (RS256), as Entra's are, since not
//! every client that checks them knows another algorithm. The newest signs, once every node has had the
//! time to learn of it; all verify.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gantry_catalog::{Catalog, DbError, DirectoryKey, Durability};
use gantry_model::{EpochSubject, SigningKeyId, Timestamp};
use gantry_secrets::{MasterKey, SealError};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

/// How long a key is known before it signs, so that every node has heard of it.
const LEARNT: Duration = Duration::from_secs(15);
/// A key that signs no more is kept for longer than any token of the directory is good.
const KEPT: Duration = Duration::from_secs(100 * 24 * 60 * 60);

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The catalog failed.
    #[error("catalog: {0}")]
    Catalog(#[from] DbError),
    /// It can't be opened.
    #[error("directory key {id} can't be opened")]
    Sealed {
        /// Which key.
        id: String,
        /// Why.
        source: SealError,
    },
    /// It is no key.
    #[error("directory key {0} is damaged")]
    Damaged(String),
}

/// A key as others get it (RFC 7517, RFC 7518 section 6.3.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublicKey {
    /// Always `RSA`.
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Always `RS256`.
    pub alg: String,
    /// Its id.
    pub kid: String,
    /// Modulus.
    pub n: String,
    /// Exponent.
    pub e: String,
}

pub(crate) struct Keys(Vec<Key>);

struct Key {
    public: PublicKey,
    made_at: Timestamp,
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl Keys {
    pub(crate) async fn open(catalog: &Catalog, master_key: &MasterKey) -> Result<Self, KeyError> {
        let mut rows = catalog.directory_key_list().await?;
        if rows.is_empty() {
            let row = generate(catalog, master_key)?;
            catalog
                .transaction(Durability::Power, move |tx| tx.directory_key_establish(&row))
                .await?;
            rows = catalog.directory_key_list().await?;
        }
        rows.iter().map(|row| key(row, master_key)).collect::<Result<_, _>>().map(Self)
    }

    /// The key that signs now.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<(&str, &EncodingKey)> {
        let is_learnt = |key: &&Key| key.made_at.plus(LEARNT) <= now;
        let key = self.0.iter().find(is_learnt).or(self.0.last())?;
        Some((&key.public.kid, &key.signing))
    }

    /// When the newest was made.
    pub(crate) fn made_at(&self) -> Option<Timestamp> {
        self.0.first().map(|key| key.made_at)
    }

    /// The key of that `kid`.
    pub(crate) fn verifying(&self, id: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|key| key.public.kid == id).map(|key| &key.verifying)
    }

    pub(crate) fn public(&self) -> Vec<PublicKey> {
        self.0.iter().map(|key| key.public.clone()).collect()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.public.kid)).finish()
    }
}

/// Makes a key that signs from now on.
pub(crate) async fn rotate(catalog: &Catalog, master_key: &MasterKey) -> Result<(), KeyError> {
    let row = generate(catalog, master_key)?;
    let old: Vec<_> = catalog.directory_key_list().await?;
    let before = row.created_at.minus(KEPT);
    // A key is needed until the one after it is old enough.
    let ended: Vec<String> = old
        .windows(2)
        .filter(|pair| pair[0].created_at < before)
        .map(|pair| pair[1].id.clone())
        .collect();
    catalog
        .transaction(Durability::Power, move |tx| {
            tx.directory_key_insert(&row)?;
            ended.iter().try_for_each(|id| tx.directory_key_delete(id))?;
            tx.epoch_raise(None, EpochSubject::keys())
        })
        .await
        .map_err(|error: DbError| error.into())
}

fn private(row: &DirectoryKey, master_key: &MasterKey) -> Result<EncodingKey, KeyError> {
    let der = master_key
        .open(&purpose(&row.id), &row.sealed)
        .map_err(|source| KeyError::Sealed { id: row.id.clone(), source })?;
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    );
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::Damaged(row.id.clone()))
}

fn key(row: &DirectoryKey, master_key: &MasterKey) -> Result<Key, KeyError> {
    let damaged = || KeyError::Damaged(row.id.clone());
    let public: PublicKey = serde_json::from_slice(&row.public_key).map_err(|_| damaged())?;
    let verifying = DecodingKey::from_rsa_components(&public.n, &public.e);
    Ok(Key {
        verifying: verifying.map_err(|_| damaged())?,
        signing: private(row, master_key)?,
        made_at: row.created_at,
        public,
    })
}

fn purpose(id: &str) -> String {
    format!("directory_key {id}")
}

fn generate(catalog: &Catalog, master_key: &MasterKey) -> Result<DirectoryKey, KeyError> {
    let failed = || KeyError::Damaged("being made".into());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    let created_at = catalog.now();
    let id = SigningKeyId::new(created_at).to_string();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = pair.public_key();
    let public = PublicKey {
        kty: "RSA".into(),
        usage: "sig".into(),
        alg: "RS256".into(),
        kid: id.clone(),
        n: text(public.modulus().big_endian_without_leading_zero()),
        e: text(public.exponent().big_endian_without_leading_zero()),
    };
    Ok(DirectoryKey {
        sealed: master_key.seal(&purpose(&id), private.as_ref()),
        public_key: serde_json::to_vec(&public).map_err(|_| failed())?,
        id,
        created_at,
    })
}
