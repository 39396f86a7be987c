//! The keys that sign the directory's tokens: RSA with SHA-256 (RS256), as Entra's are, since not
//! every client that checks them knows another algorithm. The newest signs, all verify.

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

pub(crate) struct Keys {
    newest: (String, EncodingKey),
    made_at: Timestamp,
    verifying: Vec<(PublicKey, DecodingKey)>,
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
        let newest = rows.first().ok_or_else(|| KeyError::Damaged("that was just made".into()))?;
        Ok(Self {
            newest: (newest.id.clone(), private(newest, master_key)?),
            made_at: newest.created_at,
            verifying: rows.iter().map(public).collect::<Result<_, _>>()?,
        })
    }

    /// The key that signs, with its `kid`.
    pub(crate) fn newest(&self) -> (&str, &EncodingKey) {
        (&self.newest.0, &self.newest.1)
    }

    pub(crate) fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// The key of that `kid`.
    pub(crate) fn verifying(&self, id: &str) -> Option<&DecodingKey> {
        self.verifying.iter().find(|(key, _)| key.kid == id).map(|(_, key)| key)
    }

    pub(crate) fn public(&self) -> Vec<PublicKey> {
        self.verifying.iter().map(|(key, _)| key.clone()).collect()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("newest", &self.newest.0).finish_non_exhaustive()
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

fn public(row: &DirectoryKey) -> Result<(PublicKey, DecodingKey), KeyError> {
    let damaged = || KeyError::Damaged(row.id.clone());
    let key: PublicKey = serde_json::from_slice(&row.public_key).map_err(|_| damaged())?;
    let verifying = DecodingKey::from_rsa_components(&key.n, &key.e).map_err(|_| damaged())?;
    Ok((key, verifying))
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
