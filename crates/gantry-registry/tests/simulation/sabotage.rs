//! What a simulation must notice: with one of its parts broken on purpose, some seed has to find
//! that promises aren't kept.

use std::time::Duration;

use gantry_db::{DbError, Durability, Stmt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::world::Ground;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    Nothing,
    /// Nobody knows of the other nodes, so that deletes don't wait for them.
    ForgottenNodes,
    /// Leases are lost as soon as they are taken.
    LostLeases,
    /// One node's clock is an hour fast.
    FastClock,
    /// The store's disks alter what is on them.
    Rot,
}

impl Sabotage {
    pub(crate) const ALL: [Self; 4] =
        [Self::ForgottenNodes, Self::LostLeases, Self::FastClock, Self::Rot];

    /// By how many milliseconds the clock of a place is wrong.
    pub(crate) fn skew(self, place: usize) -> i64 {
        if self == Self::FastClock && place == 0 { 3_600_000 } else { 0 }
    }

    /// Does its work until the simulation's end.
    pub(crate) async fn go_on(self, ground: Ground, over: CancellationToken) {
        const NODES: Stmt = Stmt::new("delete from node");
        const LEASES: Stmt = Stmt::new("delete from lease");
        let (every, wipe) = match self {
            Self::ForgottenNodes => (Duration::from_millis(5), Some(NODES)),
            Self::LostLeases => (Duration::from_millis(50), Some(LEASES)),
            Self::Rot => (Duration::from_secs(1), None),
            Self::Nothing | Self::FastClock => return,
        };
        while !over.is_cancelled() {
            sleep(every).await;
            match wipe {
                Some(stmt) => {
                    let wipe = move |tx: &mut gantry_db::Tx<'_>| tx.exec(&stmt, &[]);
                    let wiped: Result<u64, DbError> =
                        ground.onlooker.0.write(Durability::Process, wipe).await;
                    wiped.unwrap();
                }
                None => ground.bucket.lock().unwrap().rot(),
            }
        }
    }
}
