//! The reconciler.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_catalog::{Attempts, Catalog, Certificate, DbError, Durability, IssuedCertificate};
use gantry_model::{Clock, EpochSubject, Timestamp};
use gantry_outbound::Outbound;
use gantry_secrets::MasterKey;
use instant_acme::Account;
use tokio::time::{Instant, sleep};

use crate::answers::Answers;
use crate::error::IssueError;
use crate::issued::{self, UsableCertificate};
use crate::lease;
use crate::name::CertificateName;
use crate::schedule::{self, Setback};
use crate::settings::AcmeSettings;

/// How often a node looks whether another has brought a certificate. It asks nobody for that.
const FOLLOW: Duration = Duration::from_millis(500);
/// How often it looks all the same: certificates end.
const FOLLOW_ALL: Duration = Duration::from_secs(60);
/// How long the reconciler rests at least, and at most.
const RESTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// How many leftovers it takes away at a time.
const LEFTOVERS: usize = 100;

/// What it takes to have certificates.
pub struct AcmeOptions {
    /// Where they are kept.
    pub catalog: Catalog,
    /// What their keys are sealed under.
    pub master_key: MasterKey,
    /// Tells when they are due.
    pub clock: Arc<dyn Clock>,
    /// What the operator decides.
    pub settings: AcmeSettings,
    /// Asks the authority.
    pub directory: Outbound,
    /// Asks the webhook.
    pub webhook: Outbound,
    /// This node's name, where there are others.
    pub node: Option<String>,
    /// Which names need a certificate, at any moment.
    pub wanted: Box<dyn Fn() -> Vec<CertificateName> + Send + Sync>,
}

/// The reconciler of certificates. Cheap to clone.
#[derive(Clone)]
pub struct Acme(Arc<Inner>);

struct Inner {
    options: AcmeOptions,
    /// With whom attempts are made, and how.
    by: String,
    /// When the authority is to be asked next when it would have a certificate renewed.
    asked_about: Mutex<HashMap<String, Timestamp>>,
}

impl Acme {
    /// Sets it up; asks nobody yet.
    pub fn new(options: AcmeOptions) -> Self {
        let AcmeSettings { directory, challenge, .. } = &options.settings;
        let by = format!("{directory} {}", challenge.kind());
        Self(Arc::new(Inner { options, by, asked_about: Mutex::default() }))
    }

    /// What answers the authority's questions.
    pub fn answers(&self) -> Answers {
        Answers::new(self.0.options.catalog.clone(), Arc::clone(&self.0.options.clock))
    }

    /// The certificates that there are, in the order of the names that need them.
    ///
    /// # Errors
    /// When the catalog can't be asked.
    pub async fn usable(&self) -> Result<Vec<UsableCertificate>, DbError> {
        let wanted = (self.0.options.wanted)();
        let place = |name: &str| wanted.iter().position(|one| one.as_str() == name);
        let now = self.now();
        let mut known = self.catalog().certificate_list().await?;
        known.sort_by_key(|certificate| place(&certificate.name).unwrap_or(usize::MAX));
        let mut usable = Vec::new();
        for Certificate { name, issued, .. } in &known {
            let Some(issued) = issued.as_ref().filter(|issued| now < issued.not_after) else {
                continue;
            };
            match issued::open(name, issued, self.master_key()) {
                Ok(opened) => usable.push(opened),
                Err(error) => {
                    tracing::error!(certificate.name = name, %error, "a key doesn't open");
                }
            }
        }
        Ok(usable)
    }

    /// Hands `take_up` the certificates that there are whenever there are others. Never ends.
    pub async fn follow(&self, take_up: impl Fn(Vec<UsableCertificate>) + Send + Sync) {
        let subject = EpochSubject::certificates();
        let mut taken_up: Option<(i64, Instant)> = None;
        let mut failing = false;
        loop {
            sleep(FOLLOW).await;
            let looked = async {
                let epoch = self.catalog().epoch(&subject).await?;
                let current =
                    taken_up.is_some_and(|(seen, at)| seen == epoch && at.elapsed() < FOLLOW_ALL);
                if !current {
                    let usable = self.usable().await?;
                    taken_up = Some((epoch, Instant::now()));
                    take_up(usable);
                }
                Ok::<_, DbError>(())
            };
            match looked.await {
                Ok(()) => failing = false,
                // Told once: the database's absence shows in many places.
                Err(error) if failing => tracing::debug!(%error, "new certificates can't be seen"),
                Err(error) => {
                    failing = true;
                    tracing::error!(%error, "new certificates can't be seen");
                }
            }
        }
    }

    /// Asks for certificates when they are due. Never ends; may be dropped at any moment.
    pub async fn reconcile(&self) {
        loop {
            let rest = match self.pass().await {
                Ok(rest) => rest,
                Err(error) => {
                    tracing::error!(%error, "it can't be seen which certificates are due");
                    RESTS.1
                }
            };
            sleep(rest).await;
        }
    }

    /// Does what is due; answers for how long nothing will be.
    async fn pass(&self) -> Result<Duration, DbError> {
        let known = self.catalog().certificate_list().await?;
        let leftovers = self.catalog().acme_challenge_expired(self.now(), LEFTOVERS).await?;
        let forgotten = self.unwanted(&known);
        self.heed_suggestions(&known).await;
        let (due, next) = self.due(&known);
        if due.is_empty() && leftovers.is_empty() && forgotten.is_empty() {
            let rest = next.map_or(RESTS.1, |next| schedule::between(self.now(), next));
            return Ok(rest.clamp(RESTS.0, RESTS.1));
        }
        let node = self.0.options.node.as_deref();
        let worked = lease::alone(self.catalog(), node, Box::pin(self.work())).await?;
        worked.unwrap_or(Ok(()))?;
        Ok(RESTS.0)
    }

    /// What is to be done, looked at anew: another node may have done it before this one had the lease.
    async fn work(&self) -> Result<(), DbError> {
        for leftover in self.catalog().acme_challenge_expired(self.now(), LEFTOVERS).await? {
            self.withdraw(&leftover).await;
        }
        let known = self.catalog().certificate_list().await?;
        for name in self.unwanted(&known) {
            self.catalog()
                .transaction(Durability::Process, move |tx| tx.certificate_delete(&name))
                .await?;
        }
        let (due, _) = self.due(&known);
        if due.is_empty() {
            return Ok(());
        }
        let find = |name: &CertificateName| known.iter().find(|one| one.name == name.as_str());
        let mut account = match self.account().await {
            Ok(account) => account,
            Err(error) => {
                for name in &due {
                    self.note_failure(name, find(name), &error).await?;
                }
                return Ok(());
            }
        };
        for (index, name) in due.iter().enumerate() {
            match self.replace(&mut account, name, find(name)).await {
                Ok(issued) => self.keep(name, issued).await?,
                Err(error) => {
                    let spared = if error.is_about_all_names() { due.len() } else { index + 1 };
                    for name in &due[index..spared] {
                        self.note_failure(name, find(name), &error).await?;
                    }
                    if spared == due.len() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks for a certificate for `name`. An authority that has forgotten the account gets a new one.
    async fn replace(
        &self,
        account: &mut Account,
        name: &CertificateName,
        known: Option<&Certificate>,
    ) -> Result<IssuedCertificate, IssueError> {
        let directory = &self.settings().directory;
        let replaced = known
            .and_then(|known| known.issued.as_ref())
            .filter(|issued| issued.directory == *directory)
            .map(|issued| issued.chain.as_str());
        let obtained = match self.obtain(account, name, replaced).await {
            Err(error) if error.is_unknown_account() => {
                *account = self.new_account().await?;
                self.obtain(account, name, None).await?
            }
            obtained => obtained?,
        };
        let renew_at = schedule::renew_at(obtained.not_before, obtained.not_after, chance());
        Ok(obtained.sealed(name, directory, renew_at, self.master_key()))
    }

    async fn keep(&self, name: &CertificateName, issued: IssuedCertificate) -> Result<(), DbError> {
        let (expires, renewal) = (issued.not_after, issued.renew_at);
        let kept = name.to_string();
        self.catalog()
            .transaction(Durability::Power, move |tx| tx.certificate_issued(&kept, &issued))
            .await?;
        tracing::info!(certificate.name = %name, %expires, %renewal, "a certificate was issued");
        Ok(())
    }

    async fn note_failure(
        &self,
        name: &CertificateName,
        known: Option<&Certificate>,
        error: &IssueError,
    ) -> Result<(), DbError> {
        let setback = match error {
            _ if error.is_rate_limit() => Setback::RateLimit,
            _ if error.is_about_all_names() => Setback::Unreachable,
            _ => Setback::Refused,
        };
        let before = known.and_then(|known| known.attempts.as_ref());
        let before = before.filter(|attempts| attempts.by == self.0.by);
        let count = before.map_or(0, |attempts| attempts.count) + 1;
        let now = self.now();
        let attempts = Attempts {
            by: self.0.by.clone(),
            count,
            failure: error.reason(),
            at: now,
            next_at: now.plus(schedule::back_off(setback, count, chance())),
        };
        tracing::warn!(
            certificate.name = %name,
            reason = attempts.failure,
            attempts = count,
            next = %attempts.next_at,
            "there is no new certificate"
        );
        let name = name.to_string();
        self.catalog()
            .transaction(Durability::Process, move |tx| tx.certificate_failed(&name, &attempts))
            .await
    }

    /// The names that are due, and when the next one will be.
    fn due(&self, known: &[Certificate]) -> (Vec<CertificateName>, Option<Timestamp>) {
        let now = self.now();
        let (mut due, mut next) = (Vec::new(), None::<Timestamp>);
        for name in (self.0.options.wanted)() {
            let known = known.iter().find(|one| one.name == name.as_str());
            match schedule::due_at(known, &self.settings().directory, &self.0.by) {
                Some(at) if now < at => next = Some(next.map_or(at, |next| next.min(at))),
                Some(_) | None => due.push(name),
            }
        }
        (due, next)
    }

    /// Names that nobody needs any more, and that have no certificate that could be in use.
    fn unwanted(&self, known: &[Certificate]) -> Vec<String> {
        let (wanted, now) = ((self.0.options.wanted)(), self.now());
        known
            .iter()
            .filter(|one| !wanted.iter().any(|name| name.as_str() == one.name))
            .filter(|one| one.issued.as_ref().is_none_or(|issued| issued.not_after <= now))
            .map(|one| one.name.clone())
            .collect()
    }

    /// Whether it is time to ask the authority about that certificate; notes when it will be next.
    pub(crate) fn is_to_be_asked_about(
        &self,
        name: &str,
        issued: &IssuedCertificate,
        now: Timestamp,
    ) -> bool {
        let every = schedule::ask_every(issued);
        let mut asked = self.0.asked_about.lock().unwrap_or_else(PoisonError::into_inner);
        match asked.get_mut(name) {
            Some(next) if now < *next => false,
            Some(next) => {
                *next = now.plus(every);
                true
            }
            // Nodes that start together needn't ask together.
            None => {
                asked.insert(name.to_owned(), now.plus(schedule::part_of(every, chance())));
                false
            }
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.0.options.catalog
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.0.options.master_key
    }

    pub(crate) fn settings(&self) -> &AcmeSettings {
        &self.0.options.settings
    }

    pub(crate) fn directory(&self) -> Outbound {
        self.0.options.directory.clone()
    }

    pub(crate) fn webhook(&self) -> &Outbound {
        &self.0.options.webhook
    }
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme").field("settings", self.settings()).finish_non_exhaustive()
    }
}

/// What spreads things that would otherwise happen together.
pub(crate) fn chance() -> u32 {
    getrandom::u32().expect("the operating system gives random bytes")
}
