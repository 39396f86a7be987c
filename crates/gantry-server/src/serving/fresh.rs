//! An answer that is costly to find and asked for by anyone: found once a second, however many ask.

use std::sync::Arc;
use std::time::Duration;

use gantry_edge::Lifecycle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// For so long, what was found counts.
const FRESH: Duration = Duration::from_secs(1);
/// So long the askers wait for what is being found.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found last. Clones are handles.
#[derive(Debug)]
pub(crate) struct Fresh<T>(Arc<watch::Sender<Latest<T>>>);

#[derive(Debug)]
struct Latest<T> {
    found: Option<(Instant, T)>,
    under_way: bool,
}

impl<T: Clone + Send + Sync + 'static> Fresh<T> {
    /// Nothing found yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Latest { found: None, under_way: false })))
    }

    /// What was found a moment ago, or what `find` finds now; `None` if that takes too long. One
    /// search is under way at a time, so one that hangs holds one task, not one for each asker.
    pub(crate) async fn get<F>(&self, life: &Lifecycle, find: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut latest = self.0.subscribe();
        let begins = |latest: &mut Latest<T>| {
            !latest.is_fresh() && !std::mem::replace(&mut latest.under_way, true)
        };
        if self.0.send_if_modified(begins) {
            let (sender, finding) = (Arc::clone(&self.0), find());
            life.spawn(async move {
                let found = Some((Instant::now(), finding.await));
                sender.send_replace(Latest { found, under_way: false });
            });
        }
        let settled = latest.wait_for(|latest| latest.is_fresh() || !latest.under_way);
        let latest = timeout(PATIENCE, settled).await.ok()?.ok()?;
        latest.found.as_ref().map(|(_, found)| found.clone())
    }
}

impl<T> Clone for Fresh<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Latest<T> {
    fn is_fresh(&self) -> bool {
        self.found.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_askers_cost_one_search_a_second() {
        let (life, fresh) = (Lifecycle::new(Duration::ZERO), Fresh::new());
        let searches = Arc::new(AtomicU32::new(0));
        let ask = || {
            let searches = Arc::clone(&searches);
            fresh.get(&life, move || async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                searches.fetch_add(1, Ordering::SeqCst)
            })
        };
        for search in 0..3 {
            for _ in 0..100 {
                assert_eq!(tokio::join!(ask(), ask()), (Some(search), Some(search)));
            }
            tokio::time::advance(FRESH).await;
        }
        assert_eq!(searches.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_that_hangs_is_the_only_one() {
        let (life, fresh) = (Lifecycle::new(Duration::ZERO), Fresh::<u32>::new());
        let searches = AtomicU32::new(0);
        for _ in 0..3 {
            let found = fresh.get(&life, || {
                searches.fetch_add(1, Ordering::SeqCst);
                std::future::pending()
            });
            assert_eq!(found.await, None);
        }
        assert_eq!(searches.load(Ordering::SeqCst), 1);
    }
}
