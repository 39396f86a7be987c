//! The keys that sign access tokens: ECDSA on P-256 (ES256). The newest signs, all verify.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use gantry_catalog::{Catalog, Durability, SigningKeyRow};
use gantry_model::SigningKeyId;
use gantry_secrets::MasterKey;
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::SetupError;

pub(crate) struct SigningKeys {
    newest: (String, EncodingKey),
    verifying: Vec<(String, DecodingKey)>,
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
        let newest = &rows[0];
        let private = private(newest, master_key)?;
        Ok(Self {
            newest: (newest.id.clone(), EncodingKey::from_ec_der(&private)),
            verifying: rows
                .iter()
                .map(|row| (row.id.clone(), DecodingKey::from_ec_der(&row.public_key)))
                .collect(),
        })
    }

    /// Whether the newest key, where there is one, opens.
    pub(crate) async fn check(catalog: &Catalog, master_key: &MasterKey) -> Result<(), SetupError> {
        let rows = catalog.signing_key_list().await?;
        rows.first().map_or(Ok(()), |row| private(row, master_key).map(drop))
    }

    /// The key that signs, with its `kid`.
    pub(crate) fn newest(&self) -> (&str, &EncodingKey) {
        (&self.newest.0, &self.newest.1)
    }

    /// The key of that `kid`.
    pub(crate) fn verifying(&self, id: &str) -> Option<&DecodingKey> {
        self.verifying.iter().find(|(key, _)| key == id).map(|(_, key)| key)
    }
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeys").field("newest", &self.newest.0).finish_non_exhaustive()
    }
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
