//! Certificates change while the server runs.
//!
//! Files are looked at every ten seconds and on SIGHUP. Polling, since file notifications miss how
//! Kubernetes swaps a mounted secret.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::files::{Loaded, Stamp};
use super::{Certificates, Configured};
use crate::lifecycle::Lifecycle;

const PERIOD: Duration = Duration::from_secs(10);

impl Certificates {
    /// Keeps the certificates current until the drain.
    ///
    /// # Errors
    /// When the SIGHUP handler can't be installed.
    pub(crate) fn keep_current(self: Arc<Self>, life: &Lifecycle) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut period = interval_at(Instant::now() + PERIOD, PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let draining = life.draining();
        // The first look finds every file changed and reads it again: whatever was replaced since
        // the start is caught.
        let mut stamps = vec![Stamp::default(); self.configured.len()];
        life.spawn(async move {
            tokio::pin!(draining);
            loop {
                tokio::select! {
                    () = &mut draining => return,
                    _ = period.tick() => {}
                    _ = hangup.recv() => {
                        tracing::info!("SIGHUP: reading the certificates again");
                        stamps.fill(Stamp::default());
                    }
                }
                stamps = self.clone().refresh(stamps).await;
            }
        });
        Ok(())
    }

    /// Reads again what has another stamp than the given, renews the local certificate when due,
    /// and returns the new stamps.
    pub(super) async fn refresh(self: Arc<Self>, stamps: Vec<Stamp>) -> Vec<Stamp> {
        let refreshed = tokio::task::spawn_blocking(move || {
            self.local.renew();
            self.configured.iter().zip(stamps).map(|(one, stamp)| one.refresh(&stamp)).collect()
        });
        refreshed.await.unwrap_or_default()
    }
}

impl Configured {
    /// A broken file keeps the certificate in use: it may be half written, and is looked at again
    /// when it changes.
    fn refresh(&self, seen: &Stamp) -> Stamp {
        let stamp = Stamp::of(&self.files);
        if stamp == *seen {
            return stamp;
        }
        let path = self.files.certificate.display();
        match Loaded::read(&self.files) {
            Ok(loaded) => {
                let changed = loaded.facts != self.loaded.load().facts;
                if changed {
                    tracing::info!(%path, expires = %loaded.facts.not_after, "certificate replaced");
                }
                self.loaded.store(Arc::new(loaded));
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(%path, error, "keeping the certificate in use: the new one is broken");
            }
        }
        stamp
    }
}
