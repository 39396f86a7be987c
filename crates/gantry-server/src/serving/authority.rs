//! The local certificate authority: in the data directory, or where all nodes find the same one.

use anyhow::Context;
use gantry_catalog::{CertificateAuthority, Durability, Transaction};
use gantry_edge::{Authority, AuthorityParts, KeySeal};
use gantry_secrets::MasterKey;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::deployment::Deployment;

const CA_KEY: &str = "ca.key";

/// Opens the authority, and makes it on first start. Its certificate is in the data directory
/// either way, for people to trust.
pub(crate) async fn open(
    config: &Config,
    data: &DataDir,
    master_key: &MasterKey,
    deployment: &Deployment,
) -> anyhow::Result<Authority> {
    let seal = UnderMasterKey(master_key.clone());
    let now = deployment.clock.now();
    if !config.stores.are_shared() {
        return Ok(Authority::open(data.path(), &seal, now)?);
    }
    let catalog = &deployment.catalog;
    let kept = match catalog.certificate_authority().await? {
        Some(kept) => kept,
        None => {
            let made = AuthorityParts::generate(now)?;
            let made = CertificateAuthority {
                certificate: made.certificate,
                sealed_key: master_key.seal(CA_KEY, &made.key),
            };
            let establish =
                move |tx: &mut Transaction<'_, '_>| tx.certificate_authority_establish(&made);
            catalog.transaction(Durability::Power, establish).await?;
            // Another node may have been first.
            catalog.certificate_authority().await?.context("the CA was not kept")?
        }
    };
    let key = master_key.open(CA_KEY, &kept.sealed_key).context("the CA's key")?;
    data.keep_ca(&kept.certificate)?;
    Ok(Authority::from_shared(AuthorityParts { certificate: kept.certificate, key }, now)?)
}

/// Seals the certificate authority's key.
struct UnderMasterKey(MasterKey);

impl KeySeal for UnderMasterKey {
    fn seal(&self, key: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.seal(CA_KEY, key))
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.open(CA_KEY, sealed)?)
    }
}
