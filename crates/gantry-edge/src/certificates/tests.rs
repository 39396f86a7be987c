use std::path::Path;
use std::time::Duration;

use gantry_model::{Clock, ManualClock, SystemClock};
use rcgen::{CertificateParams, KeyPair};

use super::files::Stamp;
use super::*;
use crate::authority::{Authority, OpenKey};
use crate::facts::CertificateFacts;

struct Fixture {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Fixture {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(SystemClock.now())),
        }
    }

    fn local(&self) -> LocalCertificate {
        let authority = Authority::open(self.dir.path(), &OpenKey, self.clock.now()).unwrap();
        let names = ["localhost", "*.acr.localhost", "127.0.0.1"].map(SubjectName::new);
        LocalCertificate::new(authority, names, self.clock.clone()).unwrap()
    }

    fn files(&self, stem: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: self.dir.path().join(format!("{stem}.pem")),
            key: self.dir.path().join(format!("{stem}.key")),
        }
    }

    fn configured(&self, stem: &str, names: &[&str]) -> CertificateFiles {
        let files = self.files(stem);
        write(&files, names);
        files
    }

    fn certificates(&self, files: Vec<CertificateFiles>) -> Arc<Certificates> {
        self.certificates_and(files, &IssuedCertificates::new())
    }

    fn certificates_and(
        &self,
        files: Vec<CertificateFiles>,
        issued: &IssuedCertificates,
    ) -> Arc<Certificates> {
        Arc::new(Certificates::load(files, issued.clone(), self.local()).unwrap())
    }
}

fn write(files: &CertificateFiles, names: &[&str]) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
}

fn names(key: &CertifiedKey) -> Vec<String> {
    CertificateFacts::from_der(&key.cert[0]).unwrap().names().collect()
}

fn first_name(certificates: &Certificates, host: Option<&str>, fallback: Fallback) -> String {
    names(&certificates.choose(host, fallback)).remove(0)
}

#[test]
fn name_then_wildcard_then_local_then_fallback() {
    let fixture = Fixture::new();
    let certificates = fixture.certificates(vec![
        fixture.configured("wild", &["*.example.org"]),
        fixture.configured("exact", &["registry.example.org", "other.example.net"]),
    ]);
    let chosen = |host, fallback| first_name(&certificates, host, fallback);
    for fallback in [Fallback::Configured, Fallback::Local] {
        assert_eq!(chosen(Some("registry.example.org"), fallback), "registry.example.org");
        assert_eq!(chosen(Some("OTHER.example.net"), fallback), "registry.example.org");
        assert_eq!(chosen(Some("x.example.org"), fallback), "*.example.org");
        assert_eq!(
            chosen(Some("local.acr.localhost"), fallback),
            "localhost".replace("localhost", "*.acr.localhost")
        );
    }
    assert_eq!(chosen(Some("unknown.example.com"), Fallback::Configured), "*.example.org");
    assert_eq!(chosen(None, Fallback::Configured), "*.example.org");
    assert_eq!(chosen(None, Fallback::Local), "*.acr.localhost");
    assert_eq!(chosen(Some("unknown.example.com"), Fallback::Local), "*.acr.localhost");
}

#[test]
fn without_configured_certificates_all_is_local() {
    let fixture = Fixture::new();
    let certificates = fixture.certificates(vec![]);
    assert_eq!(first_name(&certificates, None, Fallback::Configured), "*.acr.localhost");
}

fn issued(name: &str, names: &[&str]) -> Issued {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let key = KeyPair::generate().unwrap();
    let chain = CertificateParams::new(names).unwrap().self_signed(&key).unwrap().pem();
    Issued { name: name.to_owned(), chain, key: key.serialize_der() }
}

#[test]
fn issued_certificates_are_below_files_and_above_the_local_one() {
    let fixture = Fixture::new();
    let all = IssuedCertificates::new();
    let certificates =
        fixture.certificates_and(vec![fixture.configured("wild", &["*.example.org"])], &all);
    let chosen = |host: &str| first_name(&certificates, Some(host), Fallback::Local);
    assert_eq!(chosen("a.example.net"), "*.acr.localhost");
    let wild = || issued("*.example.net", &["*.example.net"]);
    let unusable = all.replace([
        wild(),
        issued("a.example.net", &["a.example.net"]),
        issued("b.example.org", &["b.example.org"]),
        issued("local.acr.localhost", &["local.acr.localhost"]),
    ]);
    assert!(unusable.is_empty());
    assert_eq!(chosen("A.example.net"), "a.example.net");
    assert_eq!(chosen("x.example.net"), "*.example.net");
    assert_eq!(chosen("b.example.org"), "*.example.org");
    assert_eq!(chosen("local.acr.localhost"), "local.acr.localhost");
    all.replace([wild()]);
    assert_eq!(chosen("a.example.net"), "*.example.net");
    assert_eq!(chosen("local.acr.localhost"), "*.acr.localhost");
}

#[test]
fn the_first_issued_certificate_is_a_fallback_outside() {
    let fixture = Fixture::new();
    let all = IssuedCertificates::new();
    let certificates = fixture.certificates_and(vec![], &all);
    all.replace(["b.example.net", "a.example.net"].map(|name| issued(name, &[name])));
    assert_eq!(first_name(&certificates, None, Fallback::Configured), "b.example.net");
    assert_eq!(first_name(&certificates, None, Fallback::Local), "*.acr.localhost");
}

#[test]
fn an_issued_certificate_stays_until_the_next_is_good() {
    let fixture = Fixture::new();
    let all = IssuedCertificates::new();
    let certificates = fixture.certificates_and(vec![], &all);
    let chosen = || certificates.choose(Some("a.example.net"), Fallback::Local);
    let name = "a.example.net";
    all.replace([issued(name, &[name])]);
    let first = chosen();
    let other_key = Issued { key: issued(name, &[name]).key, ..issued(name, &[name]) };
    let no_chain = Issued { chain: "damaged".into(), ..issued(name, &[name]) };
    for broken in [other_key, no_chain] {
        let unusable = all.replace([broken]);
        assert_eq!(unusable.len(), 1);
        assert!(Arc::ptr_eq(&first, &chosen()));
    }
    assert!(all.replace([issued(name, &[name])]).is_empty());
    assert!(!Arc::ptr_eq(&first, &chosen()));
}

#[test]
fn an_address_reached_is_added_once() {
    let fixture = Fixture::new();
    let local = fixture.local();
    let before = local.key();
    local.include("127.0.0.1".parse().unwrap());
    assert!(Arc::ptr_eq(&before, &local.key()));
    local.include("192.0.2.7".parse().unwrap());
    let after = local.key();
    assert!(names(&after).contains(&"192.0.2.7".to_owned()));
    local.include("192.0.2.7".parse().unwrap());
    assert!(Arc::ptr_eq(&after, &local.key()));
}

#[test]
fn local_certificate_is_renewed_before_it_expires() {
    let fixture = Fixture::new();
    let local = fixture.local();
    let first = local.key();
    local.renew();
    assert!(Arc::ptr_eq(&first, &local.key()));
    fixture.clock.advance(Duration::from_secs(61 * 24 * 3600));
    local.renew();
    let second = local.key();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(names(&first), names(&second));
    let expiry = |key: &CertifiedKey| CertificateFacts::from_der(&key.cert[0]).unwrap().not_after;
    assert!(expiry(&second) > expiry(&first));
}

#[tokio::test]
async fn changed_files_are_taken_up() {
    let fixture = Fixture::new();
    let files = fixture.configured("site", &["old.example"]);
    let certificates = fixture.certificates(vec![files.clone()]);
    let stamps = certificates.clone().refresh(vec![Stamp::default()]).await;
    assert_eq!(first_name(&certificates, None, Fallback::Configured), "old.example");

    write(&files, &["new-name.example"]);
    certificates.clone().refresh(stamps).await;
    assert_eq!(first_name(&certificates, None, Fallback::Configured), "new-name.example");
}

#[tokio::test]
async fn broken_new_files_keep_the_old_certificate() {
    let fixture = Fixture::new();
    let files = fixture.configured("site", &["old.example"]);
    let other = fixture.configured("other", &["other.example"]);
    let certificates = fixture.certificates(vec![files.clone(), other.clone()]);
    let old = |certificates: &Certificates| first_name(certificates, None, Fallback::Configured);

    std::fs::write(&files.certificate, "not a certificate").unwrap();
    let stamps = certificates.clone().refresh(vec![Stamp::default(); 2]).await;
    assert_eq!(old(&certificates), "old.example");

    std::fs::copy(&other.certificate, &files.certificate).unwrap();
    let stamps = certificates.clone().refresh(stamps).await;
    assert_eq!(old(&certificates), "old.example", "a certificate whose key has not followed yet");

    std::fs::remove_file(&files.key).unwrap();
    let stamps = certificates.clone().refresh(stamps).await;
    assert_eq!(old(&certificates), "old.example");

    std::fs::copy(&other.key, &files.key).unwrap();
    certificates.clone().refresh(stamps).await;
    assert_eq!(old(&certificates), "other.example");
}

#[test]
fn unusable_files_are_named_at_start() {
    let fixture = Fixture::new();
    let error = |files: CertificateFiles| {
        let error = Certificates::load(vec![files], IssuedCertificates::new(), fixture.local())
            .unwrap_err();
        error.to_string().replace(&format!("{}/", fixture.dir.path().display()), "")
    };
    let good = fixture.configured("good", &["a.example"]);
    let other = fixture.configured("other", &["b.example"]);
    let with_key = |key: &Path| CertificateFiles { key: key.to_owned(), ..good.clone() };
    let empty = fixture.dir.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let nameless = fixture.configured("nameless", &[]);

    assert_eq!(error(fixture.files("absent")), "reading absent.pem");
    assert_eq!(
        error(CertificateFiles { certificate: empty.clone(), ..good.clone() }),
        "empty.pem holds no certificate in PEM form"
    );
    assert_eq!(error(with_key(&empty)), "empty.pem holds no unencrypted private key in PEM form");
    assert_eq!(error(with_key(&other.key)), "other.key is not the key of good.pem");
    assert_eq!(
        error(nameless),
        "nameless.pem has no subject alternative name; clients accept no other kind"
    );
}
