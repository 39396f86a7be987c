//! Connections that begin together, on a few threads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::watch::{Usage, Watch};

/// A load whose measured part begins when all connections are ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crew {
    /// How many connections.
    pub(crate) connections: usize,
    /// On how many threads.
    pub(crate) threads: usize,
    /// When it is given up.
    pub(crate) patience: Duration,
}

/// What a crew brings home.
#[derive(Debug)]
pub(crate) struct Finished<T> {
    /// From each connection.
    pub(crate) results: Vec<T>,
    /// What the server used in the measured part.
    pub(crate) usage: Usage,
}

impl Crew {
    /// Has each connection `prepare`, then, all at once and watched, `work`.
    ///
    /// # Errors
    /// When a connection fails, or time runs out.
    pub(crate) fn run<C, T: Send>(
        self,
        watch: &mut Watch,
        prepare: impl AsyncFn(usize) -> anyhow::Result<C> + Sync,
        work: impl AsyncFn(usize, C) -> anyhow::Result<T> + Sync,
    ) -> anyhow::Result<Finished<T>> {
        let threads = self.threads.clamp(1, self.connections.max(1));
        let (prepare, work) = (&prepare, &work);
        thread::scope(|scope| {
            let (ready, readiness) = mpsc::channel();
            let (done, outcomes) = mpsc::channel();
            let mut starters = Vec::new();
            for thread in 0..threads {
                let (starter, start) = mpsc::channel::<()>();
                starters.push(starter);
                let (ready, done) = (ready.clone(), done.clone());
                scope.spawn(move || {
                    let numbers = (thread..self.connections).step_by(threads);
                    let prepared = runtime().and_then(|runtime| {
                        let connections =
                            self.wait(&runtime, numbers.clone().map(|number| prepare(number)))?;
                        Ok((runtime, connections))
                    });
                    let (runtime, connections) = match prepared {
                        Ok(prepared) => prepared,
                        Err(error) => return drop(ready.send(Err(error))),
                    };
                    let told = ready.send(Ok(()));
                    // Another thread's failure drops the starter.
                    if told.is_ok() && start.recv().is_ok() {
                        let working = numbers.zip(connections);
                        let working = working.map(|(number, connection)| work(number, connection));
                        drop(done.send(self.wait(&runtime, working)));
                    }
                });
            }
            drop((ready, done));
            for _ in 0..threads {
                readiness.recv().context("a thread of the load died")??;
            }
            watch.start();
            // A thread that is gone is missed below.
            let _ = starters.iter().try_for_each(|starter| starter.send(()));
            let outcomes: Vec<_> = outcomes.iter().collect();
            let usage = watch.stop();
            let results = outcomes.into_iter().collect::<anyhow::Result<Vec<Vec<T>>>>()?;
            let results: Vec<T> = results.into_iter().flatten().collect();
            anyhow::ensure!(results.len() == self.connections, "a thread of the load died");
            Ok(Finished { results, usage })
        })
    }

    fn wait<T>(
        &self,
        runtime: &Runtime,
        futures: impl Iterator<Item = impl Future<Output = anyhow::Result<T>>>,
    ) -> anyhow::Result<Vec<T>> {
        runtime.block_on(async {
            timeout(self.patience, try_join_all(futures))
                .await
                .map_err(|_| anyhow!("no end after {} s", self.patience.as_secs()))?
        })
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREW: Crew = Crew { connections: 5, threads: 2, patience: Duration::from_secs(60) };

    #[test]
    fn every_connection_works_with_what_it_prepared() {
        let mut watch = Watch::clock();
        let work = async |number, prepared| Ok((number, prepared));
        let finished = CREW.run(&mut watch, async |number| Ok(number * 10), work).unwrap();
        let mut results = finished.results;
        results.sort_unstable();
        assert_eq!(results, [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]);
    }

    #[test]
    fn nobody_works_when_one_is_not_ready() {
        let prepare = async |number| match number {
            3 => Err(anyhow!("not this one")),
            _ => Ok(()),
        };
        let work = async |_, ()| -> anyhow::Result<()> { panic!("all are to be ready first") };
        let error = CREW.run(&mut Watch::clock(), prepare, work).unwrap_err();
        assert_eq!(error.to_string(), "not this one");
    }
}
