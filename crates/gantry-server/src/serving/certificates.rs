//! Certificates from an authority: what asks for them, wired to the edge that shows them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_acme::{
    Acme, AcmeOptions, AcmeSettings, Answers, Challenge, ChallengeKind, DnsWebhook,
    ExternalAccount, UsableCertificate,
};
use gantry_edge::{ChallengeCertificate, Challenges, Issued, IssuedCertificates, Lifecycle};
use gantry_model::NodeId;
use gantry_oci::Secret;
use gantry_outbound::{Outbound, OutboundOptions};
use gantry_secrets::MasterKey;

use super::background::until_drained;
use crate::config::{self, Config};
use crate::deployment::Deployment;

/// Authorities are asked by one node at a time, with nobody waiting.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Certificates from an authority.
#[derive(Debug)]
pub(crate) struct Certificates {
    acme: Acme,
    issued: IssuedCertificates,
}

impl Certificates {
    /// Sets them up and gives the edge those that there are; `None` where no authority is configured.
    pub(crate) async fn open(
        config: &Config,
        deployment: &Deployment,
        master_key: &MasterKey,
    ) -> anyhow::Result<Option<Self>> {
        let Some(wishes) = &config.acme else { return Ok(None) };
        let node = config.stores.are_shared();
        let acme = Acme::new(AcmeOptions {
            catalog: deployment.catalog.clone(),
            master_key: master_key.clone(),
            clock: Arc::clone(&deployment.clock),
            settings: settings(wishes)?,
            directory: outbound(config, wishes.ca_file.as_deref()).context("acme.ca_file")?,
            webhook: outbound(config, None)?,
            node: node.then(|| NodeId::new(deployment.clock.now()).to_string()),
            wanted: wanted(config, wishes, deployment),
        });
        let issued = IssuedCertificates::new();
        take_up(&issued, acme.usable().await.context("reading the certificates")?);
        Ok(Some(Self { acme, issued }))
    }

    /// What clients are shown.
    pub(crate) fn issued(&self) -> IssuedCertificates {
        self.issued.clone()
    }

    /// What the authority is answered.
    pub(crate) fn challenges(&self) -> Arc<dyn Challenges> {
        Arc::new(Answering(self.acme.answers()))
    }

    /// Starts what asks for certificates, and what takes them up; both end when `life` drains.
    pub(crate) fn spawn(self, life: &Lifecycle) {
        let Self { acme, issued } = self;
        let reconciler = acme.clone();
        life.spawn(until_drained(life, async move { reconciler.reconcile().await }));
        let follower = async move { acme.follow(|usable| take_up(&issued, usable)).await };
        life.spawn(until_drained(life, follower));
    }
}

fn take_up(issued: &IssuedCertificates, usable: Vec<UsableCertificate>) {
    let all = usable.into_iter().map(|UsableCertificate { name, chain, key }| Issued {
        name,
        chain,
        key,
    });
    for (name, error) in issued.replace(all) {
        let error: &dyn std::error::Error = &error;
        tracing::error!(certificate.name = name, error, "an issued certificate can't be used");
    }
}

/// Which names need a certificate, with the registries that there are at that moment.
fn wanted(
    config: &Config,
    wishes: &config::Acme,
    deployment: &Deployment,
) -> Box<dyn Fn() -> Vec<gantry_acme::CertificateName> + Send + Sync> {
    let (wishes, names) = (wishes.clone(), config.names.clone());
    let (configured, registries) =
        (config.registries.clone(), deployment.content.registries().clone());
    Box::new(move || {
        let all = registries.all();
        let named = all.iter().map(|registry| registry.name.as_str());
        let suffix = names.suffix.as_str();
        let own = all.iter().flat_map(|registry| registry.location_hosts(suffix)).collect();
        wishes.wanted(&names, &configured, named, own)
    })
}

fn settings(wishes: &config::Acme) -> anyhow::Result<AcmeSettings> {
    let challenge = match (wishes.challenge, &wishes.dns) {
        (ChallengeKind::Http01, _) => Challenge::Http01,
        (ChallengeKind::TlsAlpn01, _) => Challenge::TlsAlpn01,
        (ChallengeKind::Dns01, dns) => {
            let dns = dns.as_ref().context("acme.dns_webhook is missing")?;
            let secret = dns
                .secret_file
                .as_deref()
                .map(|path| read(path).context("acme.dns_webhook_secret_file").map(Secret::new));
            Challenge::Dns01(DnsWebhook {
                url: dns.webhook.expose().to_owned(),
                secret: secret.transpose()?,
                propagation: dns.propagation,
            })
        }
    };
    let external_account = wishes.external_account.as_ref().map(|(key_id, path)| {
        let text = read(path)?;
        let key = URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .with_context(|| format!("{} holds no base64url text", path.display()))?;
        anyhow::Ok(ExternalAccount { key_id: key_id.clone(), key })
    });
    Ok(AcmeSettings {
        directory: wishes.directory.clone(),
        contacts: wishes.contacts.clone(),
        challenge,
        external_account: external_account.transpose().context("acme.external_account_key_file")?,
    })
}

/// A file's one line.
fn read(path: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let line = text.trim();
    let fits = !line.is_empty() && line.bytes().all(|b| b.is_ascii_graphic());
    anyhow::ensure!(fits, "{} holds no single line of plain text", path.display());
    Ok(line.to_owned())
}

fn outbound(config: &Config, ca_file: Option<&Path>) -> anyhow::Result<Outbound> {
    let ca_files = config.outbound.ca_files.iter().map(std::path::PathBuf::as_path).chain(ca_file);
    Ok(Outbound::new(&OutboundOptions {
        allowed: config.outbound.allowed_networks.clone(),
        ca_files: ca_files.map(Path::to_path_buf).collect(),
        plain_http_to_loopback: true,
        timeout: TIMEOUT,
        ..OutboundOptions::default()
    })?)
}

/// The catalog's challenges, as the edge asks for their answers.
#[derive(Debug)]
struct Answering(Answers);

#[async_trait]
impl Challenges for Answering {
    async fn over_http(&self, token: &str) -> Option<String> {
        self.0.over_http(token).await
    }

    async fn over_tls(&self, host: &str) -> Option<ChallengeCertificate> {
        let made = self.0.over_tls(host).await?;
        Some(ChallengeCertificate { certificate: made.certificate, key: made.key })
    }
}
