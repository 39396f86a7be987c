//! One upload session under two requests at once, broken connections, cancel, expiry and crashes.
//!
//! The rules, each of which the model breaks once to see what it is for:
//!
//! - the session's row comes first and the same request makes the file, before anyone is told of
//!   the session; an append opens the file and never makes it, so that one which comes after a
//!   cancel fails instead of leaving bytes nobody knows of;
//! - one request at a time has the session, until its last write has landed: not until its
//!   connection is gone;
//! - bytes first, then the offset and the hash state that speak of them;
//! - the transaction that publishes also removes the session's row, and does nothing without it.

use crate::{assert_caught, assert_sound};
use stateright::{Model, Property};

/// Chunks of an upload, at most.
const CHUNKS: usize = 2;
/// Requests under way at once.
const SLOTS: usize = 2;

/// Which request wrote a chunk: two that write the same place send different bytes.
type Writer = usize;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    RequestsOverlap,
    ClaimEndsWithTheConnection,
    AppendMakesTheFile,
    OffsetBeforeBytes,
    PublishesWithoutTheSession,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// An append that knows where to write.
    Appending,
    /// The same, its connection gone: the write is handed over and will land.
    Landing,
    /// The bytes are in the file.
    Written,
    /// A completion that has yet to seal the file.
    Completing,
    Sealed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    phase: Phase,
    /// The session's row as it was read: what is hashed, and so where the next chunk goes.
    read: Vec<Writer>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    /// The session's row: the chunks its hash state has taken in; their number is the offset.
    session: Option<Vec<Writer>>,
    file: Option<Vec<Writer>>,
    /// The blob's row, with the bytes its digest was computed from.
    published: Option<Vec<Writer>>,
    trash: bool,
    requests: [Option<Request>; SLOTS],
    claim: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Open,
    StartAppend(usize),
    Write(usize),
    Record(usize),
    StartComplete(usize),
    Seal(usize),
    Publish(usize),
    /// The connection breaks.
    Break(usize),
    /// Cancel or expiry: they don't ask who is at work.
    Abandon,
    Erase,
    Forget,
    Crash,
}

#[derive(Clone, Debug)]
struct Sessions {
    flaw: Option<Flaw>,
}

const DIGEST_IS_TRUE: &str = "published bytes are those that were hashed";
const OFFSET_IS_TRUE: &str = "the offset speaks of bytes that are there";
const NOTHING_LEAKS: &str = "left alone, only published bytes remain";

// === impl Sessions ===

impl Sessions {
    fn start(&self, state: &mut State, slot: usize, phase: Phase) {
        let Some(read) = state.session.clone() else { return };
        if self.flaw != Some(Flaw::RequestsOverlap) {
            state.claim = Some(slot);
        }
        if self.flaw == Some(Flaw::OffsetBeforeBytes) && phase == Phase::Appending {
            let mut hashed = read.clone();
            hashed.push(slot);
            state.session = Some(hashed);
        }
        state.requests[slot] = Some(Request { phase, read });
    }

    fn write(&self, state: &mut State, slot: usize) {
        let Some(request) = state.requests[slot].clone() else { return };
        let at = request.read.len();
        if state.file.is_none() && self.flaw == Some(Flaw::AppendMakesTheFile) && at == 0 {
            state.file = Some(Vec::new());
        }
        match &mut state.file {
            Some(file) if file.len() >= at && request.phase == Phase::Appending => {
                file.truncate(at);
                file.push(slot);
                state.requests[slot] = Some(Request { phase: Phase::Written, ..request });
            }
            Some(file) if file.len() >= at => {
                // A late write replaces what lies there and leaves the rest alone.
                file.splice(at..file.len().min(at + 1), [slot]);
                end(state, slot);
            }
            _ => end(state, slot),
        }
    }

    fn record(&self, state: &mut State, slot: usize) {
        let request = state.requests[slot].take();
        if let (Some(session), Some(request)) = (&mut state.session, request)
            && *session == request.read
        {
            session.push(slot);
        }
        end(state, slot);
    }

    fn seal(state: &mut State, slot: usize) {
        let Some(request) = &mut state.requests[slot] else { return };
        match &mut state.file {
            Some(file) if file.len() >= request.read.len() => {
                file.truncate(request.read.len());
                request.phase = Phase::Sealed;
            }
            _ => end(state, slot),
        }
    }

    fn publish(&self, state: &mut State, slot: usize) {
        let request = state.requests[slot].take();
        let there = state.session.take().is_some();
        if there || self.flaw == Some(Flaw::PublishesWithoutTheSession) {
            state.published = request.map(|request| request.read);
        }
        end(state, slot);
    }

    fn break_connection(&self, state: &mut State, slot: usize) {
        let Some(request) = &mut state.requests[slot] else { return };
        if request.phase == Phase::Appending {
            request.phase = Phase::Landing;
            if self.flaw == Some(Flaw::ClaimEndsWithTheConnection) {
                state.claim = None;
            }
        } else {
            end(state, slot);
        }
    }

    fn take(&self, state: &mut State, step: Step) {
        match step {
            Step::Open => {
                state.session = Some(Vec::new());
                if self.flaw != Some(Flaw::AppendMakesTheFile) {
                    state.file = Some(Vec::new());
                }
            }
            Step::StartAppend(slot) => self.start(state, slot, Phase::Appending),
            Step::Write(slot) => self.write(state, slot),
            Step::Record(slot) => self.record(state, slot),
            Step::StartComplete(slot) => self.start(state, slot, Phase::Completing),
            Step::Seal(slot) => Self::seal(state, slot),
            Step::Publish(slot) => self.publish(state, slot),
            Step::Break(slot) => self.break_connection(state, slot),
            Step::Abandon => {
                state.session = None;
                state.trash = true;
            }
            Step::Erase => state.file = None,
            Step::Forget => state.trash = false,
            Step::Crash => {
                state.requests = Default::default();
                state.claim = None;
            }
        }
    }

    fn request_steps(&self, state: &State, slot: usize, steps: &mut Vec<Step>) {
        let Some(request) = &state.requests[slot] else {
            if let (Some(session), None) = (&state.session, state.claim) {
                if session.len() < CHUNKS {
                    steps.push(Step::StartAppend(slot));
                }
                steps.push(Step::StartComplete(slot));
            }
            return;
        };
        steps.push(match request.phase {
            Phase::Appending | Phase::Landing => Step::Write(slot),
            Phase::Written => Step::Record(slot),
            Phase::Completing => Step::Seal(slot),
            Phase::Sealed => Step::Publish(slot),
        });
        if request.phase != Phase::Landing {
            steps.push(Step::Break(slot));
        }
    }
}

/// The request is over; if it had the session, the next may have it.
fn end(state: &mut State, slot: usize) {
    state.requests[slot] = None;
    if state.claim == Some(slot) {
        state.claim = None;
    }
}

impl Model for Sessions {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if *state == State::default() {
            steps.push(Step::Open);
        }
        for slot in 0..SLOTS {
            self.request_steps(state, slot, steps);
        }
        if state.session.is_some() {
            steps.push(Step::Abandon);
        }
        if state.trash {
            steps.push(if state.file.is_some() { Step::Erase } else { Step::Forget });
        }
        steps.push(Step::Crash);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        self.take(&mut next, step);
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(DIGEST_IS_TRUE, |_, state: &State| {
                state.published.is_none() || (state.file == state.published && !state.trash)
            }),
            Property::always(OFFSET_IS_TRUE, |_, state: &State| {
                match (&state.session, &state.file) {
                    (Some(hashed), Some(file)) => file.starts_with(hashed),
                    (Some(hashed), None) => hashed.is_empty(),
                    (None, _) => true,
                }
            }),
            Property::always(NOTHING_LEAKS, |model: &Sessions, state: &State| {
                let mut rest = state.clone();
                for step in [Step::Crash, Step::Abandon, Step::Erase, Step::Forget] {
                    let possible = match step {
                        Step::Abandon => rest.session.is_some(),
                        Step::Erase | Step::Forget => rest.trash,
                        _ => true,
                    };
                    if possible {
                        model.take(&mut rest, step);
                    }
                }
                rest.file.is_some() == rest.published.is_some()
            }),
            Property::sometimes("a whole upload is published", |_, state: &State| {
                state.published.as_ref().is_some_and(|chunks| chunks.len() == CHUNKS)
            }),
            Property::sometimes("an append outlives its cancelled session", |_, state: &State| {
                let mut requests = state.requests.iter().flatten();
                state.file.is_none() && requests.any(|request| request.phase == Phase::Appending)
            }),
        ]
    }
}

#[test]
fn an_upload_is_published_whole_or_leaves_nothing() {
    assert_sound("sessions", Sessions { flaw: None });
}

#[test]
fn broken_session_rules_are_caught() {
    let cases = [
        (Flaw::RequestsOverlap, DIGEST_IS_TRUE),
        (Flaw::RequestsOverlap, OFFSET_IS_TRUE),
        (Flaw::ClaimEndsWithTheConnection, DIGEST_IS_TRUE),
        (Flaw::ClaimEndsWithTheConnection, OFFSET_IS_TRUE),
        (Flaw::AppendMakesTheFile, NOTHING_LEAKS),
        (Flaw::OffsetBeforeBytes, OFFSET_IS_TRUE),
        (Flaw::PublishesWithoutTheSession, DIGEST_IS_TRUE),
    ];
    for (flaw, law) in cases {
        assert_caught(&format!("{flaw:?} against \"{law}\""), Sessions { flaw: Some(flaw) }, law);
    }
}
