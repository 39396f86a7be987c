//! Certificates as they come from the authority, and as they are kept.

use gantry_catalog::IssuedCertificate;
use gantry_model::Timestamp;
use gantry_secrets::{MasterKey, SealError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::IssueError;
use crate::name::CertificateName;

/// A certificate that clients can be given.
#[derive(Clone)]
pub struct UsableCertificate {
    /// The name that it was asked for.
    pub name: String,
    /// It and its intermediates, as PEM.
    pub chain: String,
    /// Its private key, PKCS#8 DER.
    pub key: Vec<u8>,
}

/// What an order brought.
pub(crate) struct Obtained {
    pub(crate) chain: String,
    /// PKCS#8 DER.
    pub(crate) key: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Obtained {
    /// Looks whether it is what was asked for: a certificate for `name` and the key whose public half
    /// (SubjectPublicKeyInfo DER) is given, good at this moment.
    pub(crate) fn checked(
        chain: String,
        key: Vec<u8>,
        public_key: &[u8],
        name: &CertificateName,
        now: Timestamp,
    ) -> Result<Self, IssueError> {
        let unusable = |problem: &str| IssueError::Unusable(problem.to_owned());
        let leaf = leaf(&chain).ok_or_else(|| unusable("it is no certificate in PEM form"))?;
        let (_, certificate) =
            X509Certificate::from_der(&leaf).map_err(|_| unusable("it is no X.509 certificate"))?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let is_named = names.is_some_and(|names| {
            names.value.general_names.iter().any(|found| {
                matches!(found, GeneralName::DNSName(found) if found.eq_ignore_ascii_case(name.as_str()))
            })
        });
        if !is_named {
            return Err(unusable("it is for another name"));
        }
        if certificate.public_key().raw != public_key {
            return Err(unusable("it is for another key"));
        }
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let not_before = moment(certificate.validity().not_before.timestamp());
        let not_after = moment(certificate.validity().not_after.timestamp());
        if not_after <= now {
            return Err(unusable("it has ended"));
        }
        Ok(Self { chain, key, not_before, not_after })
    }

    /// As the catalog keeps it.
    pub(crate) fn sealed(
        &self,
        name: &CertificateName,
        directory: &str,
        renew_at: Timestamp,
        master_key: &MasterKey,
    ) -> IssuedCertificate {
        IssuedCertificate {
            directory: directory.to_owned(),
            chain: self.chain.clone(),
            sealed_key: master_key.seal(&purpose(name.as_str()), &self.key),
            not_before: self.not_before,
            not_after: self.not_after,
            renew_at,
        }
    }
}

/// Opens what [`Obtained::sealed`] gave.
pub(crate) fn open(
    name: &str,
    issued: &IssuedCertificate,
    master_key: &MasterKey,
) -> Result<UsableCertificate, SealError> {
    let key = master_key.open(&purpose(name), &issued.sealed_key)?;
    Ok(UsableCertificate { name: name.to_owned(), chain: issued.chain.clone(), key })
}

/// The first certificate of a chain.
pub(crate) fn leaf(chain: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(chain.as_bytes()).ok()
}

fn purpose(name: &str) -> String {
    format!("certificate for {name}")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PublicKeyData};

    use super::*;

    fn moment(year: i32) -> Timestamp {
        Timestamp::from_micros(rcgen::date_time_ymd(year, 1, 1).unix_timestamp() * 1_000_000)
    }

    fn certificate(name: &str) -> (String, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key)
    }

    #[test]
    fn only_what_was_asked_for_is_kept() {
        let name: CertificateName = "*.registries.example.com".parse().unwrap();
        let (chain, key) = certificate(name.as_str());
        let check = |chain: &str, key: &KeyPair, name: &CertificateName, now| {
            let public_key = key.subject_public_key_info();
            Obtained::checked(chain.to_owned(), key.serialize_der(), &public_key, name, now)
                .map_err(|error| error.to_string())
        };
        let good = check(&chain, &key, &name, moment(2026)).map_err(drop).unwrap();
        assert_eq!((good.not_before, good.not_after), (moment(2026), moment(2027)));

        let refusal = |outcome: Result<Obtained, String>| outcome.err().unwrap();
        let other: CertificateName = "registries.example.com".parse().unwrap();
        assert!(refusal(check(&chain, &key, &other, moment(2026))).contains("another name"));
        let (_, other_key) = certificate("a.example.com");
        assert!(refusal(check(&chain, &other_key, &name, moment(2026))).contains("another key"));
        assert!(refusal(check(&chain, &key, &name, moment(2028))).contains("has ended"));
        assert!(refusal(check("<html>", &key, &name, moment(2026))).contains("no certificate"));
    }

    #[test]
    fn keys_are_sealed_for_their_name() {
        let name: CertificateName = "a.example.com".parse().unwrap();
        let (chain, key) = certificate("a.example.com");
        let public_key = key.subject_public_key_info();
        let obtained =
            Obtained::checked(chain, key.serialize_der(), &public_key, &name, moment(2026));
        let master_key = MasterKey::generate();
        let kept = obtained.ok().unwrap().sealed(&name, "ca", moment(2026), &master_key);
        assert_eq!(
            open("a.example.com", &kept, &master_key).ok().unwrap().key,
            key.serialize_der()
        );
        assert!(open("b.example.com", &kept, &master_key).is_err());
        assert!(open("a.example.com", &kept, &MasterKey::generate()).is_err());
    }
}
