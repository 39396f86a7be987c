//! The database over the network, and past it.

use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt;
use gantry_db::{Arg, Carried, Db, Message, Row, SimulatedDatabase, Stmt, Wire};

use crate::network::{Leg, Link, Place};
use crate::witness::Witness;

/// A node's way to the database.
pub(crate) struct CatalogWire {
    pub(crate) link: Link,
    pub(crate) witness: Witness,
}

impl Wire for CatalogWire {
    fn carry(&self, message: Message) -> Carried {
        let (what, leg) = match message {
            Message::Query => ("query", Leg::Out),
            Message::Rows => ("query", Leg::Back),
            Message::Transaction => ("transaction", Leg::Out),
            Message::Outcome => ("transaction", Leg::Back),
        };
        if message == Message::Outcome {
            self.witness.look(&self.link.node);
        }
        self.link.carry(Place::Catalog, what, leg)
    }
}

/// A way on which everything arrives at once.
struct NoWire;

impl Wire for NoWire {
    fn carry(&self, _: Message) -> Carried {
        Box::pin(ready(Ok(())))
    }
}

/// The database as an onlooker sees it, who is no part of the simulation.
#[derive(Clone, Debug)]
pub(crate) struct Onlooker(pub(crate) Db);

impl Onlooker {
    pub(crate) fn new(database: &SimulatedDatabase) -> Self {
        Self(database.connect(Arc::new(NoWire)))
    }

    /// What a query finds at this very moment.
    pub(crate) fn all<T: Send>(
        &self,
        stmt: &Stmt,
        args: &[Arg<'_>],
        map: impl FnMut(&Row<'_>) -> T + Send,
    ) -> Vec<T> {
        let mut map = map;
        let rows = self.0.all(stmt, args, move |row| Ok(map(row)));
        rows.now_or_never().expect("there is no wire to wait for").unwrap()
    }
}
