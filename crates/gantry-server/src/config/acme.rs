//! `[acme]`

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use gantry_acme::{CertificateName, ChallengeKind};
use url::{Host, Url};

use super::hosts::HostName;
use super::names::Names;
use super::reader::Reader;
use super::registries::NamedRegistry;
use super::setting::TextSetting;
use super::source::Source;
use super::units::Human;

/// The default registry's name, under the suffix as any other.
const DEFAULT_REGISTRY: &str = "local";

/// `[acme]`, with the directory that is its heart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acme {
    /// The address of the authority's directory.
    pub(crate) directory: String,
    /// Whom the authority writes to.
    pub(crate) contacts: Vec<String>,
    /// How it is shown that names are ours.
    pub(crate) challenge: ChallengeKind,
    /// Which names are asked for; `None`: those that the server answers on.
    names: Option<Vec<CertificateName>>,
    /// Who sets records in the DNS.
    pub(crate) dns: Option<Dns>,
    /// Certificates of the authority's own servers.
    pub(crate) ca_file: Option<PathBuf>,
    /// An account elsewhere: its key's id, and the file with the key.
    pub(crate) external_account: Option<(String, PathBuf)>,
}

/// Who sets records in the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dns {
    pub(crate) webhook: WebhookUrl,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) propagation: Duration,
}

/// Reads `[acme]`; `None` where no directory is given.
pub(super) fn read(
    reader: &mut Reader,
    names: &Names,
    registries: &[NamedRegistry],
) -> Option<Acme> {
    let directory = reader.optional::<DirectoryUrl>("acme.directory", "none");
    let contacts = reader.list::<Contact>("acme.contacts", "none").unwrap_or_default();
    let challenge = reader.setting("acme.challenge", ChallengeKind::Http01);
    let listed = reader.list::<CertificateName>("acme.names", "all that are answered on");
    let agreed = reader.setting("acme.terms_of_service_agreed", false);
    let dns = read_dns(reader, challenge);
    let ca_file = reader.optional::<PathBuf>("acme.ca_file", "none");
    let external_account = read_external_account(reader);
    let Some(DirectoryUrl(directory)) = directory else {
        let given = listed.is_some()
            || agreed
            || !contacts.is_empty()
            || dns.is_some()
            || ca_file.is_some()
            || external_account.is_some();
        if given && !reader.is_mistaken("acme.directory") {
            let problem = "is missing: without it the rest of [acme] does nothing";
            reader.mistake("acme.directory", None, problem.to_owned());
        }
        return None;
    };
    if !agreed {
        let problem = "the authority asks whether you agree to its terms of service: read them (the \
                       directory says where they are) and give true";
        reader.mistake("acme.terms_of_service_agreed", None, problem.to_owned());
    }
    check_wildcards(reader, challenge, listed.as_deref().unwrap_or_default());
    let acme = Acme {
        directory,
        contacts: contacts.into_iter().map(|(contact, _)| contact.0).collect(),
        challenge,
        names: listed.map(|names| names.into_iter().map(|(name, _)| name).collect()),
        dns,
        ca_file,
        external_account,
    };
    let named = registries.iter().map(|registry| registry.name.as_str());
    if acme.wanted(names, registries, named, Vec::new()).is_empty()
        && !reader.is_mistaken("acme.names")
    {
        let problem = "there is nothing to ask for: none of hostnames, the registries' hosts and suffix \
                       is a name in the DNS";
        reader.mistake("acme.names", None, problem.to_owned());
    }
    Some(acme)
}

fn read_dns(reader: &mut Reader, challenge: ChallengeKind) -> Option<Dns> {
    let webhook = reader.optional::<WebhookUrl>("acme.dns_webhook", "none");
    let secret_file = reader.optional::<PathBuf>("acme.dns_webhook_secret_file", "none");
    let minute = Human(Duration::from_secs(60));
    let (least, most) = (Human(Duration::ZERO), Human(Duration::from_secs(600)));
    let propagation = reader.bounded("acme.dns_propagation", minute, least, most);
    match (&webhook, challenge) {
        (None, ChallengeKind::Dns01) if !reader.is_mistaken("acme.dns_webhook") => {
            let problem = "is missing: the challenge dns-01 takes someone who sets records";
            reader.mistake("acme.dns_webhook", None, problem.to_owned());
        }
        (Some(_), ChallengeKind::Http01 | ChallengeKind::TlsAlpn01) => {
            let problem = format!("the challenge {challenge} sets no records: give dns-01");
            reader.mistake("acme.dns_webhook", None, problem);
        }
        _ => {}
    }
    let has_webhook = webhook.is_some() || reader.is_mistaken("acme.dns_webhook");
    if secret_file.is_some() && !has_webhook {
        let problem = "there is no dns_webhook to show it to";
        reader.mistake("acme.dns_webhook_secret_file", None, problem.to_owned());
    }
    webhook.map(|webhook| Dns { webhook, secret_file, propagation: propagation.0 })
}

fn read_external_account(reader: &mut Reader) -> Option<(String, PathBuf)> {
    let id = reader.optional::<String>("acme.external_account_key_id", "none");
    let file = reader.optional::<PathBuf>("acme.external_account_key_file", "none");
    let missing = match (&id, &file) {
        (Some(_), None) => "acme.external_account_key_file",
        (None, Some(_)) => "acme.external_account_key_id",
        _ => return id.zip(file),
    };
    reader.mistake(missing, None, "is missing: an external account takes both".to_owned());
    None
}

fn check_wildcards(
    reader: &mut Reader,
    challenge: ChallengeKind,
    names: &[(CertificateName, Source)],
) {
    // RFC 8555 §8.3 and RFC 8737 §3 are about one host each.
    let refused = names.iter().filter(|(name, _)| name.is_wildcard());
    for (name, source) in refused.filter(|_| challenge != ChallengeKind::Dns01) {
        let problem = format!("{name}: a wildcard takes the challenge dns-01");
        reader.mistake("acme.names", Some(source.clone()), problem);
    }
}

impl Acme {
    /// The names that need a certificate, given the registries that there are and their hosts in their
    /// locations: what is listed, or else the server's names and the registries' domains and hosts under
    /// the suffix, as far as they are in the DNS.
    pub(crate) fn wanted<'a>(
        &self,
        names: &Names,
        registries: &[NamedRegistry],
        registry_names: impl Iterator<Item = &'a str>,
        location_hosts: Vec<String>,
    ) -> Vec<CertificateName> {
        if let Some(listed) = &self.names {
            return listed.clone();
        }
        let domains = registries.iter().flat_map(|registry| &registry.hosts);
        let hosts = names.hostnames.iter().chain(domains).map(HostName::to_string);
        let suffix = &names.suffix;
        let under_suffix: Vec<String> = match self.challenge {
            ChallengeKind::Dns01 => vec![format!("*.{suffix}")],
            ChallengeKind::Http01 | ChallengeKind::TlsAlpn01 => {
                let all = registry_names.filter(|name| *name != DEFAULT_REGISTRY);
                let all = std::iter::once(DEFAULT_REGISTRY).chain(all);
                all.map(|name| format!("{name}.{suffix}")).collect()
            }
        };
        let mut wanted: Vec<CertificateName> = Vec::new();
        let all = hosts.chain(under_suffix).chain(location_hosts);
        for name in all.filter_map(|name| name.parse().ok()) {
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        wanted
    }
}

/// The address of an authority's directory.
struct DirectoryUrl(String);

#[derive(Debug, thiserror::Error)]
#[error("not a directory; write it like https://acme-v02.api.letsencrypt.org/directory")]
struct DirectoryUrlError;

impl FromStr for DirectoryUrl {
    type Err = DirectoryUrlError;

    fn from_str(text: &str) -> Result<Self, DirectoryUrlError> {
        let url = Url::parse(text).map_err(|_| DirectoryUrlError)?;
        let nobody = url.username().is_empty() && url.password().is_none();
        let fits = url.scheme() == "https" && url.has_host() && nobody && url.fragment().is_none();
        if fits { Ok(Self(text.to_owned())) } else { Err(DirectoryUrlError) }
    }
}

impl TextSetting for DirectoryUrl {
    const WANTED: &'static str = "a directory's address";
}

/// The address of a webhook, which can be as good as a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl(String);

#[derive(Debug, thiserror::Error)]
#[error(
    "not a webhook; write it like https://dns.example.com/hook (http:// for 127.0.0.1 and [::1] alone)"
)]
pub(crate) struct WebhookUrlError;

impl WebhookUrl {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebhookUrl {
    type Err = WebhookUrlError;

    fn from_str(text: &str) -> Result<Self, WebhookUrlError> {
        let url = Url::parse(text).map_err(|_| WebhookUrlError)?;
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
            Some(Host::Domain(_)) | None => None,
        };
        let scheme = match url.scheme() {
            "https" => url.has_host(),
            "http" => address.is_some_and(|address| address.is_loopback()),
            _ => false,
        };
        let bare = url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        if scheme && bare && nobody { Ok(Self(text.to_owned())) } else { Err(WebhookUrlError) }
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl TextSetting for WebhookUrl {
    const WANTED: &'static str = "a webhook's address";
    const SECRET: bool = true;
}

/// Whom an authority writes to (RFC 8555 §7.3).
struct Contact(String);

#[derive(Debug, thiserror::Error)]
#[error("not an address to write to; write it like mailto:admin@example.com")]
struct ContactError;

impl FromStr for Contact {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        let mailbox = text.strip_prefix("mailto:").ok_or(ContactError)?;
        let plain = mailbox.bytes().all(|b| b.is_ascii_graphic() && b != b'?' && b != b',');
        let parts = mailbox.split_once('@');
        let fits = plain && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        if fits { Ok(Self(text.to_owned())) } else { Err(ContactError) }
    }
}

impl TextSetting for Contact {
    const WANTED: &'static str = "an address to write to";
}

impl TextSetting for ChallengeKind {
    const WANTED: &'static str = "\"http-01\", \"tls-alpn-01\" or \"dns-01\"";
}

impl TextSetting for CertificateName {
    const WANTED: &'static str = "a host name";
}
