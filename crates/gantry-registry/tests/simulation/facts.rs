//! What the catalog says, at every moment of the simulation.
//!
//! Transactions run one after the other, each at a moment of its own. So what the catalog says
//! between two of them is the truth then, and what a node answers can be held against it.

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_db::{Row, Stmt, args};
use gantry_oci::Digest;

use crate::wire::Onlooker;

/// A place in the order of all that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    order: u64,
    pub(crate) at: Duration,
}

impl Moment {
    pub(crate) fn new(order: u64, at: Duration) -> Self {
        Self { order, at }
    }
}

/// Something that a repository has or lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Tag(String, String),
    Manifest(String, Digest),
    Blob(String, Digest),
}

/// What the catalog says now: of each fact that holds, which digest it is about.
pub(crate) type Facts = BTreeMap<Fact, Digest>;

const TAGS: Stmt = Stmt::new(
    "select r.name, t.name, t.digest from tag t join repository r on r.id = t.repository",
);
const MANIFESTS: Stmt = Stmt::new(
    "select r.name, m.digest from repository_manifest m join repository r on r.id = m.repository",
);
const BLOBS: Stmt = Stmt::new(
    "select r.name, l.digest from repository_blob l join repository r on r.id = l.repository",
);
const STORED: Stmt = Stmt::new("select digest, storage_key from blob");
const CHANGES: Stmt = Stmt::new("select count(*) from journal");
const LEASE: Stmt = Stmt::new("select holder from lease where name = $1 and until > $2");
const IS_STORED: Stmt = Stmt::new("select 1 from blob where storage_key = $1");

impl Onlooker {
    /// How many changes there have been.
    pub(crate) fn changes(&self) -> i64 {
        self.all(&CHANGES, &[], |row| row.get(0).unwrap())[0]
    }

    pub(crate) fn facts(&self) -> Facts {
        let tags = self.all(&TAGS, &[], |row| {
            (Fact::Tag(row.get(0).unwrap(), row.get(1).unwrap()), digest(row, 2))
        });
        let manifests = self.all(&MANIFESTS, &[], |row| {
            (Fact::Manifest(row.get(0).unwrap(), digest(row, 1)), digest(row, 1))
        });
        let blobs = self.all(&BLOBS, &[], |row| {
            (Fact::Blob(row.get(0).unwrap(), digest(row, 1)), digest(row, 1))
        });
        tags.into_iter().chain(manifests).chain(blobs).collect()
    }

    /// Which bytes stand for which blob, by their keys.
    pub(crate) fn stored(&self) -> Vec<(Digest, String)> {
        self.all(&STORED, &[], |row| (digest(row, 0), row.get(1).unwrap()))
    }

    pub(crate) fn is_stored(&self, key: &str) -> bool {
        !self.all(&IS_STORED, &args![key], |_| ()).is_empty()
    }

    /// Who has the lease at that time of the database's clock.
    pub(crate) fn lease(&self, name: &str, now: i64) -> Option<String> {
        self.all(&LEASE, &args![name, now], |row| row.get(0).unwrap()).pop()
    }
}

fn digest(row: &Row<'_>, column: usize) -> Digest {
    let bytes: Vec<u8> = row.get(column).unwrap();
    // One byte names the algorithm, and nothing here has another than the usual one.
    Digest::Sha256(bytes[1..].try_into().unwrap())
}

/// What one fact has been, and since when.
#[derive(Debug, Default)]
pub(crate) struct Timeline(Vec<(Moment, Option<Digest>)>);

impl Timeline {
    pub(crate) fn push(&mut self, moment: Moment, value: Option<Digest>) {
        self.0.push((moment, value));
    }

    /// What it was at `from`, and what it became until `to`.
    pub(crate) fn during(&self, from: Moment, to: Moment) -> impl Iterator<Item = Option<Digest>> {
        let first = self.0.iter().rev().find(|(moment, _)| *moment <= from);
        let first = first.and_then(|(_, value)| *value);
        std::iter::once(first).chain(self.changes(from, to).map(|(_, value)| value))
    }

    /// What it became between `from` and `to`, and when.
    pub(crate) fn changes(
        &self,
        from: Moment,
        to: Moment,
    ) -> impl Iterator<Item = (Moment, Option<Digest>)> {
        self.0.iter().filter(move |(moment, _)| from < *moment && *moment <= to).copied()
    }

    /// When it last became true between `from` and `to`.
    pub(crate) fn began(&self, from: Moment, to: Moment) -> Option<Moment> {
        let began = self.changes(from, to).filter(|(_, value)| value.is_some());
        began.last().map(|(moment, _)| moment)
    }

    /// How often it became false between `from` and `to`.
    pub(crate) fn ends(&self, from: Moment, to: Moment) -> usize {
        self.changes(from, to).filter(|(_, value)| value.is_none()).count()
    }

    /// When it last became false before `moment`.
    pub(crate) fn ended(&self, moment: Moment) -> Option<Moment> {
        let ended = self.0.iter().rev().find(|(at, _)| *at <= moment);
        ended.filter(|(_, value)| value.is_none()).map(|(at, _)| *at)
    }
}
