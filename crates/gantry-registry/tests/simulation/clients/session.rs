//! Pushing a blob in chunks, each to whichever node the balancer picks.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gantry_model::UploadId;
use gantry_model::permission::Push;
use gantry_oci::{Algorithm, ContentRange};
use gantry_registry::Content;
use gantry_registry::uploads::{AppendError, FinishError, StatusError, UploadBody};
use tokio::time::sleep;

use super::{Client, NoAnswer};
use crate::deeds::Deed;
use crate::dice::Dice;
use crate::facts::Fact;

/// How many requests one session takes at most.
const TURNS: usize = 16;

/// An upload session, as its client knows it.
struct Session {
    id: UploadId,
    /// Bytes that a node has acknowledged.
    acknowledged: u64,
    /// Every request so far was answered. Where one wasn't, it may still be at work.
    clear: bool,
}

/// How a session goes on.
enum Next {
    GoOn,
    /// Asks how far the session is, since that isn't known any more.
    Ask,
    Pushed,
    /// The session is no more.
    Over,
}

impl Client {
    /// True once a node has said that the blob is there.
    pub(super) async fn upload(&mut self, repository: &str, blob: usize) -> bool {
        let permit = self.permit::<Push>(repository);
        let start = async |content: Content| content.start_upload(&permit, Algorithm::Sha256).await;
        let (_, said) = self.ask(start).await;
        let Ok(Ok(id)) = said else { return false };
        let mut session = Session { id, acknowledged: 0, clear: true };
        let mut next = Next::GoOn;
        for _ in 0..TURNS {
            next = match next {
                Next::Pushed => return true,
                Next::Over => return false,
                Next::Ask => self.ask_status(repository, &mut session).await,
                Next::GoOn => match self.dice.below(100) {
                    // Given up, with a word or without.
                    0..=2 => return false,
                    3..=5 => {
                        self.cancel(repository, &session).await;
                        return false;
                    }
                    6..=55 => self.append(repository, blob, &mut session).await,
                    _ => self.finish(repository, blob, &mut session).await,
                },
            };
        }
        false
    }

    async fn append(&mut self, repository: &str, blob: usize, session: &mut Session) -> Next {
        let goods = self.ground.goods.clone();
        let rest = goods.blobs[blob].bytes.slice(session.acknowledged as usize..);
        let length = self.dice.below(rest.len() + 1);
        let Some(range) = ContentRange::new(session.acknowledged, length as u64) else {
            return Next::GoOn;
        };
        let breaks = self.dice.percent(6).then(|| self.dice.below(length));
        let bytes = body(&rest.slice(..length), breaks, &mut self.dice);
        let (permit, id) = (self.permit::<Push>(repository), session.id);
        let append =
            async |content: Content| content.append_upload(permit, id, Some(range), bytes).await;
        let (server, said) = self.ask(append).await;
        self.note(format_args!("appends {length} at {}: {}", session.acknowledged, short(&said)));
        match said {
            Ok(Ok(received)) => {
                let wanted = session.acknowledged + length as u64;
                if received != wanted {
                    let name = &server.name;
                    self.ground.witness.accuse(format_args!(
                        "{name} has {received} bytes of an upload, not {wanted}"
                    ));
                }
                session.acknowledged = received;
                Next::GoOn
            }
            Ok(Err(AppendError::BrokenOff(_))) => {
                // By this client, or by a request of its own that came later.
                session.clear &= breaks.is_some();
                Next::Ask
            }
            Ok(Err(error)) => self.refused(session, &server.name, &error),
            Err(NoAnswer) => self.unanswered(session),
        }
    }

    async fn finish(&mut self, repository: &str, blob: usize, session: &mut Session) -> Next {
        let goods = self.ground.goods.clone();
        let blob = &goods.blobs[blob];
        let rest = blob.bytes.slice(session.acknowledged as usize..);
        let range = ContentRange::new(session.acknowledged, rest.len() as u64);
        let bytes = body(&rest, None, &mut self.dice);
        let (permit, id) = (self.permit::<Push>(repository), session.id);
        let finish = async |content: Content| {
            content.finish_upload(permit, id, blob.digest, range, bytes).await
        };
        let deed = Deed::PushBlob(repository.into(), blob.digest);
        let asked = self.ground.witness.moment();
        let (server, said) = self.change(deed, finish).await;
        match said {
            Ok(Ok(_)) => Next::Pushed,
            Ok(Err(FinishError::Append(AppendError::BrokenOff(_)))) => self.unanswered(session),
            Ok(Err(FinishError::Append(error))) => {
                if matches!(error, AppendError::Unknown) {
                    // It would have said that the blob is pushed, were it there.
                    let fact = Fact::Blob(repository.into(), blob.digest);
                    self.ground.witness.hears(&server.name, &fact, asked, None);
                }
                self.refused(session, &server.name, &error)
            }
            Ok(Err(error @ (FinishError::DigestMismatch { .. } | FinishError::Full(_)))) => {
                self.ground
                    .witness
                    .accuse(format_args!("{} has wrong bytes: {error}", server.name));
                Next::Over
            }
            Err(NoAnswer) => self.unanswered(session),
        }
    }

    async fn ask_status(&mut self, repository: &str, session: &mut Session) -> Next {
        let (permit, id) = (self.permit::<Push>(repository), session.id);
        let status = async |content: Content| content.upload_status(&permit, id).await;
        let (server, said) = self.ask(status).await;
        self.note(format_args!("asks how far an upload is: {}", short(&said)));
        match said {
            Ok(Ok(received)) if received < session.acknowledged => {
                let (name, had) = (&server.name, session.acknowledged);
                self.ground.witness.accuse(format_args!(
                    "{name} has {received} bytes of an upload, {had} were acknowledged"
                ));
                Next::Over
            }
            Ok(Ok(received)) => {
                session.acknowledged = received;
                Next::GoOn
            }
            Ok(Err(error @ StatusError::Unknown)) => {
                if session.clear {
                    self.ground
                        .witness
                        .accuse(format_args!("{} lost an upload: {error}", server.name));
                }
                Next::Over
            }
            Ok(Err(StatusError::Store(_))) | Err(NoAnswer) => {
                sleep(Duration::from_millis(200)).await;
                Next::Ask
            }
        }
    }

    async fn cancel(&mut self, repository: &str, session: &Session) {
        let (permit, id) = (self.permit::<Push>(repository), session.id);
        let cancel = async |content: Content| content.cancel_upload(&permit, id).await;
        let (server, said) = self.ask(cancel).await;
        if let (Ok(Err(error)), true) = (said, session.clear) {
            self.ground.witness.accuse(format_args!("{} lost an upload: {error}", server.name));
        }
    }

    /// A node would not take a request, which has a reason only if another is at work.
    fn refused(&self, session: &Session, node: &str, error: &AppendError) -> Next {
        if session.clear {
            self.ground.witness.accuse(format_args!("{node} refused an upload's bytes: {error}"));
        }
        match error {
            AppendError::Unknown => Next::Over,
            _ => Next::Ask,
        }
    }

    /// Some try the same again at once, where another has it; most ask first.
    fn unanswered(&mut self, session: &mut Session) -> Next {
        session.clear = false;
        if self.dice.percent(30) { Next::GoOn } else { Next::Ask }
    }
}

fn short<T: std::fmt::Debug, E: super::Failure>(said: &super::Said<T, E>) -> String {
    match said {
        Ok(Ok(value)) => format!("{value:?}"),
        Ok(Err(error)) => error.kind(),
        Err(NoAnswer) => "no answer".into(),
    }
}

/// A body that arrives in pieces, after a while each; and breaks off where it shall.
pub(super) fn body(bytes: &Bytes, breaks: Option<usize>, dice: &mut Dice) -> UploadBody {
    let mut pieces = Vec::new();
    let (mut at, slow) = (0, dice.percent(20));
    while at < breaks.unwrap_or(bytes.len()) {
        let end = bytes.len().min(at + 1 + dice.below(2 * bytes.len()));
        let pause = if slow { dice.millis(0, 300) } else { Duration::ZERO };
        pieces.push((pause, Ok(bytes.slice(at..end))));
        at = end;
    }
    if breaks.is_some() {
        pieces.push((Duration::ZERO, Err("the client went away".into())));
    }
    Box::pin(stream::iter(pieces).then(async |(pause, piece)| {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        piece
    }))
}
