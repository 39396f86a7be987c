//! What the clients do: push, mount, delete, resume and pull, all over the same few objects.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gantry_lossydisk::SplitMix;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::client::{Answer, Client, Lost, Payload};
use crate::content::{self, Blob, Content, MANIFEST_TYPE, Manifest, REPOSITORIES, TAGS};
use crate::ledger::{Asked, Effect, Ledger};
use crate::sessions::{Session, Sessions, Stage};
use crate::trouble::Trouble;

/// What all clients of one run share.
#[derive(Clone)]
pub struct Shared {
    /// What they push.
    pub content: Arc<Content>,
    /// What they asked and were answered.
    pub ledger: Arc<Ledger>,
    /// Their upload sessions.
    pub sessions: Arc<Sessions>,
    /// How long the server keeps what nothing names.
    pub grace: Duration,
    /// Told of each beginning and each answer as it happens.
    pub mark: Arc<dyn Fn(String) + Send + Sync>,
    /// Whether the server has room for what it is sent.
    pub room: Room,
    /// What may be wrong with what the server stands on.
    pub trouble: Arc<Trouble>,
    /// Answers that no server should give.
    pub surprises: Arc<Mutex<Vec<String>>>,
}

/// How much room the server's disk has.
#[derive(Clone, Debug)]
pub enum Room {
    /// Enough.
    Ample,
    /// It may say 507, which is counted, and means that nothing was done.
    Scarce(Arc<AtomicU64>),
}

/// One client at work.
pub struct Worker {
    shared: Shared,
    client: Client,
    dice: SplitMix,
}

/// Why a piece of work ended early.
#[derive(Debug)]
enum Stopped {
    /// The server is gone.
    Lost,
    /// The server said no, which is noted where it shouldn't have.
    Refused,
}

type Step<T> = Result<T, Stopped>;

impl From<Lost> for Stopped {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

// === impl Shared ===

impl Shared {
    /// A run over this content, nothing asked yet.
    pub fn new(content: Content, grace: Duration) -> Self {
        Self {
            content: Arc::new(content),
            ledger: Arc::default(),
            sessions: Arc::default(),
            grace,
            mark: Arc::new(drop),
            room: Room::Ample,
            trouble: Arc::default(),
            surprises: Arc::default(),
        }
    }

    /// Notes an answer that no server should give.
    pub fn surprise(&self, what: String) {
        self.surprises.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What was noted so far.
    pub fn surprises(&self) -> Vec<String> {
        std::mem::take(&mut *self.surprises.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, session: &Session) {
        (self.mark)(self.sessions.note(session));
    }

    fn over(&self, session: &Session) {
        (self.mark)(self.sessions.over(session));
    }

    fn begin(&self, effects: Vec<Effect>) -> Asked {
        let asked = self.ledger.begin(effects);
        (self.mark)(asked.begin_mark());
        asked
    }

    fn done(&self, asked: Asked) {
        self.ledger.done(asked);
        (self.mark)(asked.done_mark());
    }
}

/// Works until the server is gone or `pieces` are done.
pub async fn work(shared: Shared, address: SocketAddr, seed: u64, pieces: usize) {
    let client = Client::new(address);
    let mut worker = Worker { shared, client, dice: SplitMix::new(seed) };
    for _ in 0..pieces {
        if let Err(Stopped::Lost) = worker.piece().await {
            return;
        }
    }
}

/// Works with one of these servers after the other, each until it is lost, until told to stop.
pub async fn work_anywhere(
    shared: Shared,
    addresses: Vec<SocketAddr>,
    seed: u64,
    stop: Arc<AtomicBool>,
) {
    let mut dice = SplitMix::new(seed);
    while !stop.load(Ordering::SeqCst) {
        let client = Client::new(addresses[dice.below(addresses.len())]);
        let mut worker =
            Worker { shared: shared.clone(), client, dice: SplitMix::new(dice.draw()) };
        while !stop.load(Ordering::SeqCst) {
            if let Err(Stopped::Lost) = worker.piece().await {
                if !shared.trouble.excuses_loss(worker.client.asked()) {
                    shared.surprise("a connection was lost, and nothing was wrong".to_owned());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                break;
            }
        }
    }
}

// === impl Worker ===

impl Worker {
    async fn piece(&mut self) -> Step<()> {
        let repository = self.repository();
        match self.dice.below(20) {
            0..=8 => self.push_image(repository).await,
            9..=11 => self.pull(repository).await,
            12..=13 => self.delete_manifest(repository).await,
            14 => self.delete_tag(repository).await,
            15 => self.delete_blob(repository).await,
            16 => self.cancel(repository).await,
            17..=18 => {
                let blob = self.blob();
                self.resume(repository, blob).await
            }
            _ => {
                let blob = self.blob();
                self.upload(repository, blob).await
            }
        }
    }

    fn repository(&mut self) -> &'static str {
        REPOSITORIES[self.dice.below(REPOSITORIES.len())]
    }

    fn blob(&mut self) -> Blob {
        let blobs = &self.shared.content.blobs;
        blobs[self.dice.below(blobs.len())].clone()
    }

    fn manifest(&mut self) -> Manifest {
        let manifests = &self.shared.content.manifests;
        manifests[self.dice.below(manifests.len())].clone()
    }

    /// Blobs as a client would (ask, mount, else upload), then the manifest.
    async fn push_image(&mut self, repository: &'static str) -> Step<()> {
        let manifest = self.manifest();
        let (since, started) = (self.shared.ledger.now(), Instant::now());
        for blob in &manifest.names {
            self.provide(repository, blob.clone()).await?;
        }
        let digest = manifest.blob.digest.clone();
        let mut effects = vec![Effect::ManifestPut(repository, digest.clone())];
        let reference = if self.dice.below(4) == 0 {
            digest.clone()
        } else {
            let tag = TAGS[self.dice.below(TAGS.len())];
            effects.push(Effect::TagSet(repository, tag, digest));
            tag.to_owned()
        };
        let path = format!("/v2/{repository}/manifests/{reference}");
        let asked = self.shared.begin(effects);
        let headers = [("content-type", MANIFEST_TYPE)];
        let payload = Payload::Whole(manifest.blob.bytes.clone());
        let answer = self.client.send(Method::PUT, &path, &headers, payload).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // Someone deleted a blob meanwhile, or pushing took so long that the grace was over.
            self.shared.ledger.refused(asked);
            let may_lack = manifest
                .names
                .iter()
                .any(|blob| self.shared.ledger.may_have_dropped(repository, &blob.digest, since));
            if !may_lack && started.elapsed() < self.shared.grace / 2 {
                self.shared
                    .surprise(format!("blobs it was told of are gone: {}", show(&path, &answer)));
            }
            return Err(Stopped::Refused);
        }
        self.settle(asked, &path, &answer, StatusCode::CREATED, &[])
    }

    /// Makes the repository hold the blob, by whatever means the server offers.
    async fn provide(&mut self, repository: &'static str, blob: Blob) -> Step<()> {
        let path = format!("/v2/{repository}/blobs/{}", blob.digest);
        let found = self.client.head(&path).await?;
        match found.status {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND if self.dice.below(2) == 0 => self.mount(repository, blob).await,
            StatusCode::NOT_FOUND => self.upload(repository, blob).await,
            _ => Err(self.unexpected(&path, &found)),
        }
    }

    async fn mount(&mut self, repository: &'static str, blob: Blob) -> Step<()> {
        let from = self.repository();
        let digest = &blob.digest;
        let path = format!("/v2/{repository}/blobs/uploads/?mount={digest}&from={from}");
        let asked = self.shared.begin(vec![Effect::BlobHeld(repository, digest.clone())]);
        let answer = self.client.send(Method::POST, &path, &[], Payload::empty()).await?;
        if answer.status == StatusCode::ACCEPTED {
            self.shared.ledger.refused(asked);
            let session = self.session(repository, blob, &path, &answer)?;
            return self.finish(session, true).await;
        }
        self.settle(asked, &path, &answer, StatusCode::CREATED, &[])
    }

    async fn upload(&mut self, repository: &'static str, blob: Blob) -> Step<()> {
        if self.dice.below(3) == 0 {
            let path = format!("/v2/{repository}/blobs/uploads/?digest={}", blob.digest);
            let asked = self.shared.begin(vec![Effect::BlobHeld(repository, blob.digest.clone())]);
            let payload = Payload::Whole(blob.bytes);
            let answer = self.client.send(Method::POST, &path, &[], payload).await?;
            return self.settle(asked, &path, &answer, StatusCode::CREATED, &[]);
        }
        let mut session = self.start(repository, blob).await?;
        match self.dice.below(3) {
            0 => self.finish(session, true).await,
            1 => {
                self.stream(&mut session).await?;
                self.finish(session, false).await
            }
            _ => {
                self.chunks(&mut session).await?;
                self.finish(session, false).await
            }
        }
    }

    async fn start(&mut self, repository: &'static str, blob: Blob) -> Step<Session> {
        let path = format!("/v2/{repository}/blobs/uploads/");
        let answer = self.client.send(Method::POST, &path, &[], Payload::empty()).await?;
        self.session(repository, blob, &path, &answer)
    }

    fn session(
        &self,
        repository: &'static str,
        blob: Blob,
        path: &str,
        answer: &Answer,
    ) -> Step<Session> {
        let location = answer.location().filter(|_| answer.status == StatusCode::ACCEPTED);
        let Some(location) = location else { return Err(self.unexpected(path, answer)) };
        let session = Session::new(repository, location, blob);
        self.shared.note(&session);
        Ok(session)
    }

    /// One PATCH without a range, as docker sends it.
    async fn stream(&mut self, session: &mut Session) -> Step<()> {
        let pieces = session.blob.bytes.chunks(50_000).map(Bytes::copy_from_slice).collect();
        self.patch(session, None, Payload::Streamed(pieces), session.blob.bytes.len() as u64).await
    }

    /// PATCHes with ranges.
    async fn chunks(&mut self, session: &mut Session) -> Step<()> {
        let length = session.blob.bytes.len() as u64;
        let chunk = 2 + self.dice.below(length as usize / 2 + 1) as u64;
        while session.acknowledged < length {
            let (start, end) = (session.acknowledged, length.min(session.acknowledged + chunk));
            let payload = Payload::Whole(session.rest(start).slice(..(end - start) as usize));
            self.patch(session, Some((start, end)), payload, end).await?;
        }
        Ok(())
    }

    async fn patch(
        &mut self,
        session: &mut Session,
        range: Option<(u64, u64)>,
        payload: Payload,
        sent: u64,
    ) -> Step<()> {
        session.sent = session.sent.max(sent);
        self.shared.note(session);
        let range = range.map(|(start, end)| format!("{start}-{}", end.saturating_sub(1)));
        let headers: Vec<(&str, &str)> =
            range.iter().map(|range| ("content-range", range.as_str())).collect();
        let location = session.location.clone();
        let answer = self.client.send(Method::PATCH, &location, &headers, payload).await?;
        if answer.status != StatusCode::ACCEPTED || answer.received() != Some(sent) {
            return Err(self.unexpected(&location, &answer));
        }
        session.acknowledged = sent;
        self.shared.note(session);
        Ok(())
    }

    /// PUT, with the bytes that are missing or without any.
    async fn finish(&mut self, mut session: Session, with_bytes: bool) -> Step<()> {
        let (repository, digest) = (session.repository, session.blob.digest.clone());
        session.stage = Stage::Finishing;
        session.sent = session.blob.bytes.len() as u64;
        self.shared.note(&session);
        let rest = if with_bytes { session.rest(session.acknowledged) } else { Bytes::new() };
        let path = format!("{}?digest={digest}", session.location);
        let asked = self.shared.begin(vec![Effect::BlobHeld(repository, digest)]);
        let answer = self.client.send(Method::PUT, &path, &[], Payload::Whole(rest)).await?;
        let settled = self.settle(asked, &path, &answer, StatusCode::CREATED, &[]);
        if settled.is_ok() {
            self.shared.over(&session);
        } else if self.is_for_want_of_room(&answer) {
            session.stage = Stage::Open;
            self.shared.note(&session);
        }
        settled
    }

    /// Loses the connection in the middle of an upload, asks how far it came, and goes on.
    async fn resume(&mut self, repository: &'static str, blob: Blob) -> Step<()> {
        let length = blob.bytes.len();
        let mut session = self.start(repository, blob).await?;
        // One byte alone can't be told from none on the wire.
        let cut = Some(self.dice.below(length + 1)).filter(|cut| *cut != 1).unwrap_or(0);
        session.sent = length as u64;
        self.shared.note(&session);
        let payload = Payload::Broken(session.blob.bytes.slice(..cut), length as u64 + 1);
        // With a range: a busy server may get to it after the requests that follow, and must not
        // take its bytes for their continuation.
        let range = format!("0-{length}");
        let headers = [("content-range", range.as_str())];
        // No answer is wanted; that the server is gone, the next request tells.
        let location = session.location.clone();
        let _ = self.client.send(Method::PATCH, &location, &headers, payload).await;
        loop {
            let status = self.client.get(&location).await?;
            let received = status.received().filter(|_| status.status == StatusCode::NO_CONTENT);
            let Some(received) = received.filter(|received| *received <= cut as u64) else {
                return Err(self.unexpected(&location, &status));
            };
            let range = format!("{received}-{}", length.saturating_sub(1));
            let rest = Payload::Whole(session.rest(received));
            if received == length as u64 {
                break;
            }
            let headers = [("content-range", range.as_str())];
            let answer = self.client.send(Method::PATCH, &location, &headers, rest).await?;
            match answer.status {
                StatusCode::ACCEPTED if answer.received() == Some(length as u64) => break,
                // The server was still putting down what the lost request had brought.
                StatusCode::RANGE_NOT_SATISFIABLE if answer.received() > Some(received) => {}
                _ if is_taken_over(&answer) => {}
                _ => return Err(self.unexpected(&location, &answer)),
            }
        }
        session.acknowledged = length as u64;
        self.finish(session, false).await
    }

    async fn cancel(&mut self, repository: &'static str) -> Step<()> {
        let blob = self.blob();
        let mut session = self.start(repository, blob).await?;
        self.stream(&mut session).await?;
        session.stage = Stage::Cancelling;
        self.shared.note(&session);
        let path = session.location.clone();
        let answer = self.client.send(Method::DELETE, &path, &[], Payload::empty()).await?;
        if answer.status != StatusCode::NO_CONTENT {
            return Err(self.unexpected(&path, &answer));
        }
        self.shared.over(&session);
        Ok(())
    }

    async fn delete_manifest(&mut self, repository: &'static str) -> Step<()> {
        let digest = self.manifest().blob.digest;
        let path = format!("/v2/{repository}/manifests/{digest}");
        self.delete(path, Effect::ManifestDeleted(repository, digest)).await
    }

    async fn delete_tag(&mut self, repository: &'static str) -> Step<()> {
        let tag = TAGS[self.dice.below(TAGS.len())];
        let path = format!("/v2/{repository}/manifests/{tag}");
        self.delete(path, Effect::TagDeleted(repository, tag)).await
    }

    async fn delete_blob(&mut self, repository: &'static str) -> Step<()> {
        let digest = self.blob().digest;
        let path = format!("/v2/{repository}/blobs/{digest}");
        self.delete(path, Effect::BlobDropped(repository, digest)).await
    }

    /// 404 is what isn't there, 405 a blob that a manifest names.
    async fn delete(&mut self, path: String, effect: Effect) -> Step<()> {
        let asked = self.shared.begin(vec![effect]);
        let answer = self.client.send(Method::DELETE, &path, &[], Payload::empty()).await?;
        let refusals = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        self.settle(asked, &path, &answer, StatusCode::ACCEPTED, &refusals)
    }

    /// Whatever is answered as there has the bytes of its digest.
    async fn pull(&mut self, repository: &'static str) -> Step<()> {
        let tag = TAGS[self.dice.below(TAGS.len())];
        let path = format!("/v2/{repository}/manifests/{tag}");
        let answer = self.client.get(&path).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        let digest = content::digest(&answer.body);
        let known = self.shared.content.manifest(&digest).map(|known| known.names.clone());
        let Some(names) = known.filter(|_| answer.status == StatusCode::OK) else {
            return Err(self.unexpected(&path, &answer));
        };
        for blob in names {
            let path = format!("/v2/{repository}/blobs/{}", blob.digest);
            let answer = self.client.get(&path).await?;
            // The manifest, and so the blob, may be deleted while it is being pulled.
            let whole = answer.status == StatusCode::OK && answer.body == blob.bytes;
            if !whole && answer.status != StatusCode::NOT_FOUND {
                return Err(self.unexpected(&path, &answer));
            }
        }
        Ok(())
    }

    fn settle(
        &self,
        asked: Asked,
        path: &str,
        answer: &Answer,
        wanted: StatusCode,
        refusals: &[StatusCode],
    ) -> Step<()> {
        if answer.status == wanted {
            self.shared.done(asked);
            return Ok(());
        }
        if answer.status.is_client_error() || self.is_for_want_of_room(answer) {
            self.shared.ledger.refused(asked);
        }
        if refusals.contains(&answer.status) {
            return Err(Stopped::Refused);
        }
        Err(self.unexpected(path, answer))
    }

    fn is_for_want_of_room(&self, answer: &Answer) -> bool {
        let scarce = matches!(self.shared.room, Room::Scarce(_));
        scarce && answer.status == StatusCode::INSUFFICIENT_STORAGE && answer.is_spec_error()
    }

    fn unexpected(&self, path: &str, answer: &Answer) -> Stopped {
        if let (Room::Scarce(count), true) = (&self.shared.room, self.is_for_want_of_room(answer)) {
            count.fetch_add(1, Ordering::Relaxed);
            return Stopped::Refused;
        }
        if is_taken_over(answer) {
            return Stopped::Refused;
        }
        if answer.status.is_server_error() && self.shared.trouble.excuses_error(self.client.asked())
        {
            return Stopped::Refused;
        }
        self.shared.surprise(show(path, answer));
        Stopped::Refused
    }
}

/// The last request to come has the session, and that may be one from a connection long lost.
fn is_taken_over(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    answer.status == StatusCode::BAD_REQUEST && text.contains("another request went on")
}

fn show(path: &str, answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
    format!("{path}: {} {:?} {text}", answer.status, answer.header("range"))
}
