//! What is known of one issuer, and when it is asked again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_model::{Clock, Timestamp};
use gantry_outbound::Outbound;

use crate::DiscoveryError;
use crate::discovery::{self, Published};

/// Keys older than this are asked for again; until there is an answer they stay.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Keys older than this are no longer believed.
const GOOD: Duration = Duration::from_secs(24 * 60 * 60);
/// From one question to the next, while there are keys.
const PAUSE: Duration = Duration::from_secs(60);
/// From one question to the next, while there are none.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// One issuer. However many want its keys, there is one question at a time.
pub(crate) struct Known {
    issuer: String,
    state: Mutex<State>,
    question: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    published: Option<(Timestamp, Arc<Published>)>,
    asked: Option<Timestamp>,
    failure: Option<DiscoveryError>,
}

enum Held {
    Fresh(Arc<Published>),
    Old(Arc<Published>),
    Nothing,
}

/// With what an issuer is asked.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) outbound: &'a Outbound,
    pub(crate) clock: &'a dyn Clock,
}

impl Known {
    pub(crate) fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            state: Mutex::default(),
            question: tokio::sync::Mutex::default(),
        }
    }

    /// What the issuer publishes, asked for at most once an hour. Where it doesn't answer, what it
    /// published before stays good for a day.
    pub(crate) async fn published(
        &self,
        means: Means<'_>,
    ) -> Result<Arc<Published>, DiscoveryError> {
        let old = match self.held(means.clock.now()) {
            Held::Fresh(published) => return Ok(published),
            Held::Old(published) => published,
            Held::Nothing => return self.first(means).await,
        };
        // One of those that come asks; the others go on with what there is.
        let Ok(_question) = self.question.try_lock() else { return Ok(old) };
        if !self.may_ask(means.clock.now(), PAUSE) {
            return Ok(old);
        }
        Ok(self.ask(means).await.unwrap_or(old))
    }

    async fn first(&self, means: Means<'_>) -> Result<Arc<Published>, DiscoveryError> {
        let _question = self.question.lock().await;
        let now = means.clock.now();
        match self.held(now) {
            Held::Fresh(published) | Held::Old(published) => Ok(published),
            Held::Nothing if self.may_ask(now, PAUSE_WITHOUT_KEYS) => self.ask(means).await,
            Held::Nothing => {
                Err(self.state().failure.clone().unwrap_or(DiscoveryError::Interrupted))
            }
        }
    }

    /// What the issuer publishes now, for one who misses a key in `seen`. `None` if that is the same, or
    /// if it was asked within the minute: a flood of made-up key ids is no flood of questions.
    pub(crate) async fn newer(
        &self,
        seen: &Arc<Published>,
        means: Means<'_>,
    ) -> Result<Option<Arc<Published>>, DiscoveryError> {
        let _question = self.question.lock().await;
        let now = means.clock.now();
        match self.held(now) {
            Held::Fresh(held) | Held::Old(held) if !Arc::ptr_eq(&held, seen) => {
                return Ok(Some(held));
            }
            _ => {}
        }
        if !self.may_ask(now, PAUSE) {
            return Ok(None);
        }
        self.ask(means).await.map(Some)
    }

    /// Asks now. Only for the holder of the question.
    async fn ask(&self, means: Means<'_>) -> Result<Arc<Published>, DiscoveryError> {
        // Before, for a question that is given up half way; after, since an answer can take its time.
        self.state().asked = Some(means.clock.now());
        let answer = discovery::fetch(means.outbound, &self.issuer).await;
        let now = means.clock.now();
        let mut state = self.state();
        state.asked = Some(now);
        match answer {
            Ok(published) => {
                let published = Arc::new(published);
                state.published = Some((now, Arc::clone(&published)));
                state.failure = None;
                Ok(published)
            }
            Err(error) => {
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn held(&self, now: Timestamp) -> Held {
        match &self.state().published {
            Some((at, published)) if within(now, *at, FRESH) => Held::Fresh(Arc::clone(published)),
            Some((at, published)) if within(now, *at, GOOD) => Held::Old(Arc::clone(published)),
            _ => Held::Nothing,
        }
    }

    fn may_ask(&self, now: Timestamp, pause: Duration) -> bool {
        self.state().asked.is_none_or(|asked| !within(now, asked, pause))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `now` is less than `time` after `then`. A clock that was set back doesn't prolong anything.
fn within(now: Timestamp, then: Timestamp, time: Duration) -> bool {
    then <= now && now < then.plus(time)
}
