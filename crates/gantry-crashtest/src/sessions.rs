//! Upload sessions that a crash may interrupt, and what is known of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::content::Blob;

/// One session, as its client knows it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The repository it is bound to.
    pub repository: &'static str,
    /// Where it is.
    pub location: String,
    /// What it is to become.
    pub blob: Blob,
    /// Bytes the server has said it has.
    pub acknowledged: u64,
    /// Bytes that were sent, at most.
    pub sent: u64,
    /// What the client has asked for last.
    pub stage: Stage,
}

/// How far a session's client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It sends bytes.
    Open,
    /// It has asked for the blob, and heard nothing.
    Finishing,
    /// It has cancelled, and heard nothing.
    Cancelling,
}

/// What became known of sessions, in order. Clients share it.
#[derive(Debug, Default)]
pub struct Sessions {
    news: Mutex<Vec<News>>,
}

/// One thing that became known.
#[derive(Clone, Debug)]
enum News {
    Known(Session),
    Over(String),
}

// === impl Session ===

impl Session {
    /// A session that has just begun.
    pub fn new(repository: &'static str, location: String, blob: Blob) -> Self {
        Self { repository, location, blob, acknowledged: 0, sent: 0, stage: Stage::Open }
    }

    /// The bytes from `offset` on.
    pub fn rest(&self, offset: u64) -> Bytes {
        let length = self.blob.bytes.len();
        let offset = usize::try_from(offset).map_or(length, |offset| offset.min(length));
        self.blob.bytes.slice(offset..)
    }
}

// === impl Sessions ===

impl Sessions {
    /// Notes what the client knows before it goes on; answers the mark for a recording.
    pub fn note(&self, session: &Session) -> String {
        self.push(News::Known(session.clone()))
    }

    /// The session is over, and that was answered; answers the mark for a recording.
    pub fn over(&self, session: &Session) -> String {
        self.push(News::Over(session.location.clone()))
    }

    /// The sessions that are not over; forgets them.
    pub fn take(&self) -> Vec<Session> {
        open(std::mem::take(&mut *self.lock()).iter())
    }

    /// The sessions that were not over at the moment at which only these marks were set.
    pub fn at(&self, marks: &BTreeSet<&str>) -> Vec<Session> {
        let news = self.lock();
        let until = |(number, _): &(usize, _)| marks.contains(mark(*number).as_str());
        open(news.iter().enumerate().filter(until).map(|(_, news)| news))
    }

    fn push(&self, one: News) -> String {
        let mut news = self.lock();
        news.push(one);
        mark(news.len() - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<News>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mark(number: usize) -> String {
    format!("session {number}")
}

fn open<'a>(news: impl Iterator<Item = &'a News>) -> Vec<Session> {
    let mut open = BTreeMap::new();
    for one in news {
        match one {
            News::Known(session) => drop(open.insert(&session.location, session)),
            News::Over(location) => drop(open.remove(location)),
        }
    }
    open.into_values().cloned().collect()
}
