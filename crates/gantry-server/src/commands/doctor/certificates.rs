//! Are the certificates good, and for the names that clients use?

use std::fs;
use std::path::Path;
use std::time::Duration;

use gantry_catalog::{Attempts, Catalog, Certificate};
use gantry_edge::{CertificateFacts, CertificateFiles};
use gantry_model::Timestamp;

use super::Outcome::{self, Warning, Well, Wrong};
use crate::config::Config;

/// A certificate that ends sooner than this is worth a warning.
const LEFT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The local authority's certificate.
pub(super) fn authority(ca: &Path, now: Timestamp) -> Outcome {
    let read = fs::read_to_string(ca).map_err(|error| error.to_string());
    let facts =
        read.and_then(|pem| CertificateFacts::from_pem(&pem).map_err(|error| error.to_string()));
    match facts {
        Err(error) => Wrong(format!("{}: {error}", ca.display())),
        Ok(facts) => validity(&ca.display().to_string(), &facts, now)
            .unwrap_or_else(|| Well(format!("good until {}", facts.not_after))),
    }
}

/// The configured certificates, and the login servers that none of them names.
pub(super) fn configured(config: &Config, now: Timestamp) -> impl Iterator<Item = Outcome> {
    let servers = login_servers(config);
    let mut checked = Vec::new();
    let mut named = vec![false; servers.len()];
    for files in &config.tls.certificates {
        checked.push(match files.read() {
            Err(error) => Wrong(chain(&error)),
            Ok(facts) => {
                let covered: Vec<_> = servers.iter().map(|server| facts.covers(server)).collect();
                named.iter_mut().zip(&covered).for_each(|(named, covered)| *named |= covered);
                judge(files, &facts, covered.contains(&true), now)
            }
        });
    }
    let configured = config.registries.iter().map(|registry| registry.name.as_str());
    let asked_for = wanted(config, configured, Vec::new());
    let covered = |server: &str| asked_for.iter().any(|name| covers(name, server));
    let unnamed: Vec<_> = servers
        .into_iter()
        .zip(named)
        .filter(|(server, named)| !named && !covered(server))
        .map(|(server, _)| server)
        .collect();
    if !checked.is_empty() && !unnamed.is_empty() {
        checked.push(Warning(format!(
            "no configured certificate is for {}: clients get one of the local authority there",
            unnamed.join(", ")
        )));
    }
    checked.into_iter()
}

/// The certificates that an authority is asked for.
pub(super) async fn issued(
    config: &Config,
    catalog: &Catalog,
    now: Timestamp,
) -> Vec<(&'static str, Outcome)> {
    let Some(acme) = &config.acme else { return Vec::new() };
    let known = async {
        let registries = catalog.registry_list().await?;
        Ok::<_, gantry_catalog::DbError>((registries, catalog.certificate_list().await?))
    };
    let (registries, known) = match known.await {
        Ok(known) => known,
        // The schema is told of by a check of its own.
        Err(error) => return vec![("issued certificate", Warning(error.to_string()))],
    };
    let suffix = config.names.suffix.as_str();
    let own = registries.iter().flat_map(|registry| registry.location_hosts(suffix)).collect();
    let names = wanted(config, registries.iter().map(|registry| registry.name.as_str()), own);
    let find = |name: &str| known.iter().find(|one| one.name == name);
    let judged = names.iter().map(|name| judge_issued(name, find(name), &acme.directory, now));
    judged.map(|outcome| ("issued certificate", outcome)).collect()
}

fn judge_issued(
    name: &str,
    known: Option<&Certificate>,
    directory: &str,
    now: Timestamp,
) -> Outcome {
    let attempts = known.and_then(|known| known.attempts.as_ref());
    let good =
        known.and_then(|known| known.issued.as_ref()).filter(|issued| now < issued.not_after);
    match (good, attempts) {
        (Some(issued), None) => Well(format!(
            "{name} is good until {}, and renewed on {}",
            issued.not_after, issued.renew_at
        )),
        (Some(issued), Some(attempts)) => Warning(format!(
            "{name} is good until {}, but the next one can't be had: {}",
            issued.not_after,
            failure(attempts)
        )),
        (None, Some(attempts)) => Wrong(format!(
            "{name} has none, so clients get one of the local authority: {}",
            failure(attempts)
        )),
        (None, None) => {
            Warning(format!("{name} has none yet: a running server asks {directory} for one"))
        }
    }
}

fn failure(attempts: &Attempts) -> String {
    let Attempts { count, failure, at, next_at, .. } = attempts;
    let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
    format!("tried {times}, last on {at} ({failure}); next on {next_at}")
}

/// The names that an authority is asked for, given the registries that there are and their hosts in
/// their locations.
fn wanted<'a>(
    config: &Config,
    registries: impl Iterator<Item = &'a str>,
    location_hosts: Vec<String>,
) -> Vec<String> {
    let Some(acme) = &config.acme else { return Vec::new() };
    let names = acme.wanted(&config.names, &config.registries, registries, location_hosts);
    names.iter().map(ToString::to_string).collect()
}

/// Whether a certificate for `name` is good for `host`.
fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == host,
    }
}

fn judge(
    files: &CertificateFiles,
    facts: &CertificateFacts,
    is_of_use: bool,
    now: Timestamp,
) -> Outcome {
    let path = files.certificate.display();
    if let Some(outcome) = validity(&path.to_string(), facts, now) {
        return outcome;
    }
    let names = facts.names().collect::<Vec<_>>().join(", ");
    if is_of_use {
        Well(format!("{path} is for {names}, good until {}", facts.not_after))
    } else {
        Warning(format!("{path} is for {names}, where no registry answers: see hostnames"))
    }
}

/// What is to be said of its time, if anything is.
fn validity(path: &str, facts: &CertificateFacts, now: Timestamp) -> Option<Outcome> {
    if facts.not_after <= now {
        Some(Wrong(format!("{path} ended on {}", facts.not_after)))
    } else if now < facts.not_before {
        Some(Wrong(format!("{path} is good from {} on, not yet", facts.not_before)))
    } else if facts.not_after <= now.plus(LEFT) {
        Some(Warning(format!("{path} ends on {}", facts.not_after)))
    } else {
        None
    }
}

/// The names that clients on other machines use.
fn login_servers(config: &Config) -> Vec<String> {
    let suffix = &config.names.suffix;
    let registries = config.registries.iter().map(|registry| &registry.name);
    let under_suffix = (!suffix.is_local()).then(|| {
        let local = std::iter::once(format!("local.{suffix}"));
        local.chain(registries.map(move |name| format!("{name}.{suffix}")))
    });
    let domains = config.registries.iter().flat_map(|registry| &registry.hosts);
    let listed = config.names.hostnames.iter().chain(domains).map(ToString::to_string);
    listed.chain(under_suffix.into_iter().flatten()).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
