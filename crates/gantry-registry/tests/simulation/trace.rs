//! What happened, in order: enough of it to read after a failure, and a hash of all of it.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use crate::time::Time;

/// How many events are kept to be read.
const KEPT: usize = 400;

/// The events of one simulation. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    time: Time,
    events: Arc<Mutex<Events>>,
}

#[derive(Debug, Default)]
struct Events {
    hash: u64,
    count: u64,
    last: VecDeque<String>,
}

impl Trace {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, events: Arc::default() }
    }

    /// Notes an event. Nothing in it may be the operating system's to draw, such as an id.
    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        let mut line = String::new();
        let at = self.time.passed().as_millis();
        write!(line, "{at:>7} {what}").unwrap();
        let mut events = self.events.lock().unwrap();
        // FNV-1a.
        events.hash = line.bytes().fold(events.hash ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        events.count += 1;
        if events.last.len() == KEPT && !is_wanted_whole() {
            events.last.pop_front();
        }
        events.last.push_back(line);
    }

    /// How many events there were, and a hash over them.
    pub(crate) fn sum(&self) -> (u64, u64) {
        let events = self.events.lock().unwrap();
        (events.count, events.hash)
    }

    /// The last events, a line each.
    pub(crate) fn tail(&self) -> String {
        let events = self.events.lock().unwrap();
        events.last.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Whether someone wants to read all of it.
pub(crate) fn is_wanted_whole() -> bool {
    static WHOLE: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| std::env::var_os("GANTRY_SIM_TRACE").is_some());
    *WHOLE
}
