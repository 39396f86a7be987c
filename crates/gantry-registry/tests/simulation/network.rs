//! The network between nodes and what they stand on: it delays, reorders, loses and breaks off.
//!
//! A message that was sent arrives whatever becomes of its sender. An answer to a node that is gone
//! arrives nowhere.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_db::Carried;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::trace::Trace;

/// What nodes stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Catalog,
    Store,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leg {
    Out,
    Back,
}

/// How bad the network is, in thousandths of its messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// Lost in silence.
    pub(crate) lost: u64,
    /// Their connection breaks.
    pub(crate) broken: u64,
    /// Take up to seconds.
    pub(crate) slow: u64,
    /// Arrive after everyone has given them up.
    pub(crate) late: u64,
    /// Milliseconds that the others take at most.
    pub(crate) usual: u64,
}

/// The network. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    trace: Trace,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    manners: Manners,
}

/// One life of a node, as the network sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    network: Network,
    /// The node's name.
    pub(crate) node: Arc<str>,
    dead: Arc<AtomicBool>,
    cuts: Arc<Mutex<[Option<Instant>; 2]>>,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives(Duration),
    Breaks(Duration),
    Lost,
}

impl Manners {
    /// Everything arrives, soon.
    pub(crate) const GOOD: Self = Self { lost: 0, broken: 0, slow: 0, late: 0, usual: 4 };

    pub(crate) fn draw(dice: &mut Dice) -> Self {
        Self {
            lost: *dice.pick(&[0, 2, 5]),
            broken: *dice.pick(&[0, 5, 20]),
            slow: *dice.pick(&[0, 10, 30]),
            late: *dice.pick(&[0, 1, 3]),
            usual: *dice.pick(&[3, 10, 40]),
        }
    }

    fn fate(&self, dice: &mut Dice) -> Fate {
        let usual = dice.millis(1, self.usual);
        let draw = dice.draw() % 1000;
        let [lost, broken, slow] =
            [self.lost, self.lost + self.broken, self.lost + self.broken + self.slow];
        match draw {
            draw if draw < lost => Fate::Lost,
            draw if draw < broken => Fate::Breaks(usual),
            draw if draw < slow => Fate::Arrives(dice.millis(100, 4000)),
            draw if draw < slow + self.late => Fate::Arrives(dice.millis(8_000, 35_000)),
            _ => Fate::Arrives(usual),
        }
    }
}

impl Network {
    pub(crate) fn new(mut dice: Dice, trace: Trace) -> Self {
        let manners = Manners::draw(&mut dice);
        Self(Arc::new(Inner { trace, state: Mutex::new(State { dice, manners }) }))
    }

    /// How messages fare from now on.
    pub(crate) fn behave(&self, manners: Manners) {
        self.0.state.lock().unwrap().manners = manners;
    }

    /// Connects a node.
    pub(crate) fn link(&self, node: &str) -> Link {
        Link {
            network: self.clone(),
            node: node.into(),
            dead: Arc::default(),
            cuts: Arc::default(),
        }
    }
}

impl Link {
    /// The node is gone.
    pub(crate) fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Nothing gets through between the node and the place until then.
    pub(crate) fn cut(&self, place: Place, until: Instant) {
        self.cuts.lock().unwrap()[place as usize] = Some(until);
    }

    /// Ends what cuts there are.
    pub(crate) fn mend(&self) {
        *self.cuts.lock().unwrap() = [None; 2];
    }

    /// Sends a message; resolves when it has arrived.
    pub(crate) fn carry(&self, place: Place, what: &str, leg: Leg) -> Carried {
        if self.is_dead() {
            return Box::pin(pending());
        }
        let fate = self.fate(place);
        let (node, way) = (&self.node, if leg == Leg::Out { "->" } else { "<-" });
        self.network.0.trace.note(format_args!("{node} {way} {what}: {fate:?}"));
        let link = self.clone();
        Box::pin(async move {
            match fate {
                Fate::Arrives(after) => sleep(after).await,
                Fate::Breaks(after) => {
                    sleep(after).await;
                    return Err("the connection broke".into());
                }
                Fate::Lost => pending().await,
            }
            if leg == Leg::Back && link.is_dead() {
                pending::<()>().await;
            }
            Ok(())
        })
    }

    fn fate(&self, place: Place) -> Fate {
        let mut state = self.network.0.state.lock().unwrap();
        let now = Instant::now();
        let cut = self.cuts.lock().unwrap()[place as usize].filter(|until| *until > now);
        let manners = state.manners;
        let Some(until) = cut else { return manners.fate(&mut state.dice) };
        let after = state.dice.millis(1, 500);
        match state.dice.below(10) {
            0..=4 => Fate::Breaks(after),
            5..=7 => Fate::Lost,
            // Sent again, below, until it gets through.
            _ => Fate::Arrives(until - now + after),
        }
    }
}
