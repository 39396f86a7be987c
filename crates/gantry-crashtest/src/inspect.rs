//! After a crash: everything the ledger speaks of, looked at through the front door.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use http::{Method, StatusCode};

use crate::client::{Answer, Client, Lost, Payload};
use crate::content::{self, Content, Manifest, REPOSITORIES};
use crate::ledger::{Effect, History};
use crate::sessions::{Session, Stage};

/// What a crash may take that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// `kill -9`: nothing.
    Kill,
    /// Loss of power: upload sessions, which are answered before they are durable.
    Power,
}

/// What the collector may have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collected {
    /// Nothing: the grace is longer than the test.
    Nothing,
    /// Blobs that no manifest names.
    Unnamed,
}

/// Looks at a server and notes what is there and what is wrong.
#[derive(Debug)]
pub struct Inspector<'a> {
    client: Client,
    content: &'a Content,
    history: &'a History,
    collected: Collected,
    /// What is there now, as effects for the next ledger.
    found: Vec<Effect>,
    faults: Vec<String>,
}

/// What an inspection came to.
#[derive(Debug)]
pub struct Inspection {
    /// What is there.
    pub found: Vec<Effect>,
    /// What is not as it must be.
    pub faults: Vec<String>,
}

/// Compares a server with a history, and resumes the sessions that were under way.
///
/// # Errors
/// When the server doesn't answer.
pub async fn inspect(
    address: SocketAddr,
    content: &Content,
    history: &History,
    sessions: Vec<Session>,
    crash: Crash,
    collected: Collected,
) -> Result<Inspection, Lost> {
    let client = Client::new(address);
    let (found, faults) = (Vec::new(), Vec::new());
    let mut inspector = Inspector { client, content, history, collected, found, faults };
    inspector.tags().await?;
    inspector.manifests().await?;
    inspector.blobs().await?;
    for session in sessions {
        inspector.session(session, crash).await?;
    }
    Ok(Inspection { found: inspector.found, faults: inspector.faults })
}

// === impl Inspector ===

impl Inspector<'_> {
    async fn tags(&mut self) -> Result<(), Lost> {
        let mut listed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for repository in REPOSITORIES {
            let answer = self.client.get(&format!("/v2/{repository}/tags/list?n=1000")).await?;
            listed.insert(repository, tags_of(&answer));
        }
        for (repository, tag) in self.history.tags() {
            let path = format!("/v2/{repository}/manifests/{tag}");
            let answer = self.client.get(&path).await?;
            let target = match answer.status {
                StatusCode::OK => Some(content::digest(&answer.body)),
                StatusCode::NOT_FOUND => None,
                status => {
                    self.faults.push(format!("{path}: {status}"));
                    continue;
                }
            };
            if !self.history.tag_may_be(repository, tag, target.as_deref()) {
                self.faults.push(format!("{path} is {target:?}, which nobody left it at"));
            }
            if listed[repository].contains(tag) != target.is_some() {
                self.faults.push(format!("{path} is {target:?}, the list says otherwise"));
            }
            if let Some(target) = target {
                self.found.push(Effect::TagSet(repository, tag, target));
            }
        }
        Ok(())
    }

    async fn manifests(&mut self) -> Result<(), Lost> {
        for (repository, digest) in self.history.manifests() {
            let path = format!("/v2/{repository}/manifests/{digest}");
            let answer = self.client.get(&path).await?;
            let held = answer.status == StatusCode::OK;
            if !held && answer.status != StatusCode::NOT_FOUND {
                self.faults.push(format!("{path}: {}", answer.status));
                continue;
            }
            if !self.history.manifest_may_be(repository, &digest, held) {
                self.faults.push(format!("{path} is there: {held}, which nobody left it at"));
            }
            if !held {
                continue;
            }
            match self.content.manifest(&digest) {
                Some(manifest) if manifest.blob.bytes == answer.body => {
                    let manifest = manifest.clone();
                    self.named_blobs(repository, &path, &manifest).await?;
                }
                _ => self.faults.push(format!("{path} has other bytes")),
            }
            self.found.push(Effect::ManifestPut(repository, digest));
        }
        Ok(())
    }

    async fn named_blobs(
        &mut self,
        repository: &str,
        path: &str,
        manifest: &Manifest,
    ) -> Result<(), Lost> {
        for blob in &manifest.names {
            let answer =
                self.client.get(&format!("/v2/{repository}/blobs/{}", blob.digest)).await?;
            if answer.status != StatusCode::OK || answer.body != blob.bytes {
                let (digest, status) = (&blob.digest, answer.status);
                self.faults.push(format!("{path} names {digest}, which is {status}"));
            }
        }
        Ok(())
    }

    async fn blobs(&mut self) -> Result<(), Lost> {
        for (repository, digest) in self.history.blobs() {
            let path = format!("/v2/{repository}/blobs/{digest}");
            let answer = self.client.get(&path).await?;
            let held = answer.status == StatusCode::OK;
            if !held && answer.status != StatusCode::NOT_FOUND {
                self.faults.push(format!("{path}: {}", answer.status));
                continue;
            }
            let may_be_collected = self.collected == Collected::Unnamed && !held;
            if !may_be_collected && !self.history.blob_may_be(repository, &digest, held) {
                self.faults.push(format!("{path} is there: {held}, which nobody left it at"));
            }
            if held {
                if content::digest(&answer.body) != digest {
                    self.faults.push(format!("{path} has other bytes"));
                }
                self.found.push(Effect::BlobHeld(repository, digest));
            }
        }
        Ok(())
    }

    /// Goes on with a session to its end, or finds out how it ended.
    async fn session(&mut self, session: Session, crash: Crash) -> Result<(), Lost> {
        let path = session.location.clone();
        let status = self.client.get(&path).await?;
        if status.status == StatusCode::NOT_FOUND {
            if session.stage == Stage::Open && crash == Crash::Kill {
                self.faults.push(format!("{path}: an acknowledged session is gone"));
            }
            // One that was being finished or cancelled may be over; its blob is the ledger's.
            return Ok(());
        }
        let Some(received) = status.received() else {
            self.faults.push(format!("{path}: {} {:?}", status.status, status.header("range")));
            return Ok(());
        };
        let least = if crash == Crash::Kill { session.acknowledged } else { 0 };
        if !(least..=session.sent).contains(&received) {
            let (acknowledged, sent) = (session.acknowledged, session.sent);
            let range = format!("{acknowledged} were acknowledged and {sent} sent");
            self.faults.push(format!("{path} has {received} bytes; {range}"));
        }
        self.finish(&session, received).await
    }

    async fn finish(&mut self, session: &Session, received: u64) -> Result<(), Lost> {
        let digest = session.blob.digest.clone();
        let path = format!("{}?digest={digest}", session.location);
        let payload = Payload::Whole(session.rest(received));
        let answer = self.client.send(Method::PUT, &path, &[], payload).await?;
        if answer.status != StatusCode::CREATED {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            self.faults.push(format!("{path} from {received}: {} {text}", answer.status));
            return Ok(());
        }
        let blob = self.client.get(&format!("/v2/{}/blobs/{digest}", session.repository)).await?;
        if blob.body != session.blob.bytes {
            self.faults.push(format!("{path}, resumed from {received}, has other bytes"));
        }
        self.found.push(Effect::BlobHeld(session.repository, digest));
        Ok(())
    }
}

fn tags_of(answer: &Answer) -> BTreeSet<String> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let tags = body["tags"].as_array().cloned().unwrap_or_default();
    tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
}
