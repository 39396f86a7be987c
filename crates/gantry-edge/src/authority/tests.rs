use std::os::unix::fs::PermissionsExt;

use gantry_model::{Clock, SystemClock};

use super::*;

fn now() -> Timestamp {
    SystemClock.now()
}

#[test]
fn authority_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = Authority::open(dir.path(), &OpenKey, now()).unwrap();
    let second = Authority::open(dir.path(), &OpenKey, now()).unwrap();
    assert_eq!(first.certificate_pem(), second.certificate_pem());
    assert_eq!(first.facts(), second.facts());
    assert!(first.facts().is_authority);
    assert!(first.facts().subject.contains("Gantry local CA "));
}

#[test]
fn key_file_is_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    Authority::open(dir.path(), &OpenKey, now()).unwrap();
    let mode =
        |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("ca.key"), 0o600);
    assert_eq!(mode("ca.pem") & 0o077, mode("ca.pem") & 0o044);
}

#[test]
fn key_file_holds_what_the_seal_made() {
    #[derive(Debug)]
    struct Reversed;
    impl KeySeal for Reversed {
        fn seal(&self, key: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Ok(key.iter().rev().copied().collect())
        }
        fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            self.seal(sealed)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let made = Authority::open(dir.path(), &Reversed, now()).unwrap();
    let again = Authority::open(dir.path(), &Reversed, now()).unwrap();
    assert_eq!(made.certificate_pem(), again.certificate_pem());
    assert!(Authority::open(dir.path(), &OpenKey, now()).is_err());
}

#[test]
fn crash_between_key_and_certificate_heals() {
    let dir = tempfile::tempdir().unwrap();
    Authority::open(dir.path(), &OpenKey, now()).unwrap();
    std::fs::remove_file(dir.path().join("ca.pem")).unwrap();
    let healed = Authority::open(dir.path(), &OpenKey, now()).unwrap();
    assert!(healed.facts().is_authority);
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    Authority::open(dir.path(), &OpenKey, now()).unwrap();
    Authority::open(other.path(), &OpenKey, now()).unwrap();
    std::fs::copy(other.path().join("ca.key"), dir.path().join("ca.key")).unwrap();
    let mismatch = Authority::open(dir.path(), &OpenKey, now()).unwrap_err();
    assert!(matches!(mismatch, AuthorityError::KeyMismatch { .. }), "{mismatch}");

    std::fs::remove_file(dir.path().join("ca.key")).unwrap();
    let missing = Authority::open(dir.path(), &OpenKey, now()).unwrap_err();
    assert!(matches!(missing, AuthorityError::KeyMissing { .. }), "{missing}");
}

#[test]
fn expired_authority_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Authority::open(dir.path(), &OpenKey, now()).unwrap();
    let later = now().plus(AUTHORITY_LIFE + DAY);
    let error = Authority::open(dir.path(), &OpenKey, later).unwrap_err();
    assert!(matches!(error, AuthorityError::Expired(_)), "{error}");
}

#[test]
fn leaf_says_what_clients_demand() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path(), &OpenKey, now()).unwrap();
    let names = ["localhost", "*.acr.localhost", "127.0.0.1", "::1"].map(SubjectName::new);
    let leaf = authority.mint(&names, now()).unwrap();
    let der = &leaf.key.cert[0];
    let facts = CertificateFacts::from_der(der).unwrap();
    assert_eq!(facts.names, names);
    assert!(!facts.is_authority);
    assert!(facts.not_after <= now().plus(398 * DAY));
    assert!(leaf.renew_at < facts.not_after);

    let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
    let usage = parsed.extended_key_usage().unwrap().unwrap();
    assert!(usage.value.server_auth);
    let extension = |oid| parsed.get_extension_unique(&oid).unwrap().is_some();
    assert!(extension(x509_parser::oid_registry::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER));
    assert!(extension(x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER));
    assert!(extension(x509_parser::oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS));
}

#[test]
fn leaf_never_outlives_its_authority() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path(), &OpenKey, now()).unwrap();
    let near_the_end = authority.facts().not_after.minus(5 * DAY);
    let leaf = authority.mint(&[SubjectName::new("localhost")], near_the_end).unwrap();
    let facts = CertificateFacts::from_der(&leaf.key.cert[0]).unwrap();
    assert_eq!(facts.not_after, authority.facts().not_after);
}
