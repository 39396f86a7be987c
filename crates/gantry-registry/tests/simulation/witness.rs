//! The witness: sees every commit and every answer, and says what must not have been.
//!
//! - The catalog changes only by what someone has asked for and may still be doing, or by the
//!   collector, and then not before the grace of whoever was promised it.
//! - What was acknowledged was true at some moment of the call. So is every answer of a node; only
//!   what is found by digest may be gone already, while its delete isn't acknowledged.
//! - What a manifest names, its repository holds, and the store has the bytes of it.
//! - The bytes of a blob that has a row aren't deleted, nor any by two collectors at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gantry_model::RegistrySettings;
use gantry_oci::Digest;
use gantry_registry::Content;
use object_store::path::Path;

use crate::bucket::Bucket;
use crate::deeds::{Deed, DeedId, Deeds, End};
use crate::facts::{Fact, Facts, Moment, Timeline};
use crate::goods::Goods;
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::Onlooker;

/// How long a blob is kept that nothing names.
pub(crate) const GRACE: Duration = Duration::from_secs(8);
/// What clocks that differ may take from it.
const TOLERANCE: Duration = Duration::from_secs(1);

/// Sees everything. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Witness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: RegistrySettings,
    goods: Arc<Goods>,
    time: Time,
    trace: Trace,
    onlooker: Onlooker,
    bucket: Arc<Mutex<Bucket>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How many moments there have been.
    moments: u64,
    changes: i64,
    facts: Facts,
    timelines: BTreeMap<Fact, Timeline>,
    deeds: Deeds,
    /// Who was told last that a repository holds a blob, and so may name it: when they asked.
    promises: BTreeMap<Fact, Moment>,
    violations: Vec<String>,
}

impl Witness {
    pub(crate) fn new(
        settings: RegistrySettings,
        goods: Arc<Goods>,
        time: Time,
        trace: Trace,
        onlooker: Onlooker,
        bucket: Arc<Mutex<Bucket>>,
    ) -> Self {
        let seen = Mutex::default();
        Self(Arc::new(Inner { settings, goods, time, trace, onlooker, bucket, seen }))
    }

    /// Something happens that is to be read about after a failure.
    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.0.trace.note(what);
    }

    /// Something is not as it must be.
    pub(crate) fn accuse(&self, what: impl Display) {
        self.0.trace.note(format_args!("VIOLATION {what}"));
        let mut seen = self.0.seen.lock().unwrap();
        let at = self.0.time.passed().as_millis();
        seen.violations.push(format!("{at} ms: {what}"));
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = self.0.seen.lock().unwrap().violations.clone();
        violations.extend_from_slice(&self.0.bucket.lock().unwrap().misuse);
        violations
    }

    /// How many deeds were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.0.seen.lock().unwrap().deeds.acknowledged()
    }

    /// The present.
    pub(crate) fn moment(&self) -> Moment {
        self.0.seen.lock().unwrap().moment(&self.0.time)
    }

    /// Someone begins to do something.
    pub(crate) fn begins(&self, deed: Deed) -> DeedId {
        let mut seen = self.0.seen.lock().unwrap();
        let moment = seen.moment(&self.0.time);
        seen.deeds.begin(deed, moment)
    }

    /// Someone hears how it ended.
    pub(crate) fn ends(&self, id: DeedId, end: End) {
        let mut seen = self.0.seen.lock().unwrap();
        let moment = seen.moment(&self.0.time);
        let (deed, began) = seen.deeds.end(id, end, moment);
        if end != End::Done {
            return;
        }
        let mut untrue = Vec::new();
        for (fact, wanted) in deed.made_true() {
            if seen.during(&fact, began, moment).all(|value| value != wanted) {
                untrue.push(format!("{} was acknowledged and never was", self.tell(&fact, wanted)));
            }
        }
        drop(seen);
        untrue.iter().for_each(|what| self.accuse(what));
        if let Deed::PushBlob(repository, digest) = deed {
            self.promises(&repository, digest, began);
        }
    }

    /// A node has told someone who asked at `asked` that the repository holds the blob.
    pub(crate) fn promises(&self, repository: &str, digest: Digest, asked: Moment) {
        let fact = Fact::Blob(repository.into(), digest);
        let mut seen = self.0.seen.lock().unwrap();
        let now = seen.moment(&self.0.time);
        let timeline = seen.timelines.get(&fact);
        // Where it came to hold it meanwhile, the answer is about that.
        let came = timeline.and_then(|timeline| timeline.began(asked, now));
        let since = came.unwrap_or(asked);
        let early = timeline.is_some_and(|timeline| {
            let mut ends = timeline.changes(since, now).filter(|(_, value)| value.is_none());
            ends.any(|(end, _)| {
                !seen.deeds.explain(&fact, None, end, &self.0.goods)
                    && end.at + TOLERANCE < since.at + GRACE
            })
        });
        seen.promises.insert(fact.clone(), since);
        drop(seen);
        if early {
            self.accuse(format_args!("{} went before its grace", self.tell(&fact, Some(digest))));
        }
    }

    /// A node has answered that the fact is `value`, to someone who asked at `asked`.
    pub(crate) fn hears(&self, node: &str, fact: &Fact, asked: Moment, value: Option<Digest>) {
        let mut seen = self.0.seen.lock().unwrap();
        let now = seen.moment(&self.0.time);
        let fresh = seen.during(fact, asked, now).any(|actual| actual == value);
        let excused = fresh || seen.may_be_cached(fact, asked, value, &self.0.goods);
        drop(seen);
        if !excused {
            let told = self.tell(fact, value);
            self.accuse(format_args!("{node} answered {told}, which it wasn't since asked"));
        }
    }

    /// A transaction has been committed, or rolled back.
    pub(crate) fn look(&self, node: &str) {
        let changes = self.0.onlooker.changes();
        let mut seen = self.0.seen.lock().unwrap();
        if changes == seen.changes {
            return;
        }
        seen.changes = changes;
        let moment = seen.moment(&self.0.time);
        let before = std::mem::replace(&mut seen.facts, self.0.onlooker.facts());
        let changed: Vec<(Fact, Option<Digest>)> = changed(&before, &seen.facts);
        let mut wrong = Vec::new();
        for (fact, value) in changed {
            let told = self.tell(&fact, value);
            self.0.trace.note(format_args!("{node} made it so: {told}"));
            let explained = seen.deeds.explain(&fact, value, moment, &self.0.goods);
            if !explained && !seen.was_garbage(&fact, value, moment, &self.0.goods) {
                wrong.push(format!("{node} made it so that {told}, which nobody asked for"));
            }
            seen.timelines.entry(fact).or_default().push(moment, value);
        }
        if !self.0.settings.sparse_content {
            wrong.extend(self.unheld(&seen.facts));
        }
        drop(seen);
        wrong.extend(self.without_bytes());
        wrong.iter().for_each(|what| self.accuse(what));
    }

    /// What manifests name and their repositories don't hold.
    fn unheld(&self, facts: &Facts) -> Vec<String> {
        let mut unheld = Vec::new();
        for (fact, digest) in facts {
            let Fact::Manifest(repository, _) = fact else { continue };
            let goods = &self.0.goods;
            let Some(document) = goods.manifest(digest) else { continue };
            let blobs = document.blobs.iter().map(|index| &goods.blobs[*index].digest);
            let blobs = blobs.map(|digest| Fact::Blob(repository.clone(), *digest));
            let children = document.children.iter().map(|index| &goods.manifests[*index].digest);
            let children = children.map(|digest| Fact::Manifest(repository.clone(), *digest));
            for named in blobs.chain(children).filter(|named| !facts.contains_key(named)) {
                let (manifest, named) = (goods.name(digest), self.tell(&named, None));
                unheld.push(format!("{manifest} in {repository} names what isn't held: {named}"));
            }
        }
        unheld
    }

    fn without_bytes(&self) -> Vec<String> {
        let bucket = self.0.bucket.lock().unwrap();
        let stored = self.0.onlooker.stored().into_iter();
        stored
            .filter(|(_, key)| !bucket.holds(&Path::from(key.replace('.', "/"))))
            .map(|(digest, _)| format!("{} has no bytes", self.0.goods.name(&digest)))
            .collect()
    }

    /// A node asks the store to delete an object.
    pub(crate) fn deletes(&self, node: &str, path: &Path) {
        // Drafts have no collector to themselves.
        if path.as_ref().contains('.') {
            return;
        }
        match self.0.onlooker.lease("collect", self.0.time.micros()) {
            Some(holder) if holder != node => {
                self.accuse(format_args!("{node} collects while {holder} has the lease"));
            }
            _ => {}
        }
    }

    /// The store deletes an object.
    pub(crate) fn deleted(&self, path: &Path) {
        let key = path.as_ref().rsplit_once('/').map(|(upload, name)| format!("{upload}.{name}"));
        if key.is_some_and(|key| self.0.onlooker.is_stored(&key)) {
            self.accuse("the bytes of a blob that is there were deleted");
        }
    }

    fn tell(&self, fact: &Fact, value: Option<Digest>) -> String {
        let name = |digest: &Digest| self.0.goods.name(digest);
        match (fact, value) {
            (Fact::Tag(repository, tag), Some(digest)) => {
                format!("tag {repository}:{tag} is {}", name(&digest))
            }
            (Fact::Tag(repository, tag), None) => format!("tag {repository}:{tag} is gone"),
            (Fact::Manifest(repository, digest) | Fact::Blob(repository, digest), value) => {
                let is = if value.is_some() { "has" } else { "lacks" };
                format!("{repository} {is} {}", name(digest))
            }
        }
    }
}

impl Seen {
    fn moment(&mut self, time: &Time) -> Moment {
        self.moments += 1;
        Moment::new(self.moments, time.passed())
    }

    fn during(
        &self,
        fact: &Fact,
        from: Moment,
        to: Moment,
    ) -> Box<dyn Iterator<Item = Option<Digest>> + '_> {
        match self.timelines.get(fact) {
            Some(timeline) => Box::new(timeline.during(from, to)),
            None => Box::new(std::iter::once(None)),
        }
    }

    /// Whether an answer that isn't true any more may come from a node's cache.
    fn may_be_cached(
        &self,
        fact: &Fact,
        asked: Moment,
        value: Option<Digest>,
        goods: &Goods,
    ) -> bool {
        let is_cached = value.is_some() && !matches!(fact, Fact::Tag(..));
        let Some(timeline) = self.timelines.get(fact).filter(|_| is_cached) else { return false };
        timeline.ended(asked).is_some_and(|ended| {
            asked.at <= ended.at + Content::TRUST
                && !self.deeds.acknowledged_end(fact, timeline, ended, asked, goods)
        })
    }

    /// Whether the collector may have made it so: nobody is promised the blob any more, and no
    /// manifest names it.
    fn was_garbage(&self, fact: &Fact, value: Option<Digest>, now: Moment, goods: &Goods) -> bool {
        let (Fact::Blob(repository, digest), None) = (fact, value) else { return false };
        let is_named = self.facts.keys().any(|fact| {
            matches!(fact, Fact::Manifest(here, manifest)
                if here == repository && goods.names(manifest, digest))
        });
        let promised = self.promises.get(fact);
        !is_named && promised.is_none_or(|asked| asked.at + GRACE <= now.at + TOLERANCE)
    }
}

fn changed(before: &Facts, after: &Facts) -> Vec<(Fact, Option<Digest>)> {
    let gone = before.keys().filter(|fact| !after.contains_key(fact));
    let gone = gone.map(|fact| (fact.clone(), None));
    let made = after.iter().filter(|(fact, digest)| before.get(fact) != Some(digest));
    gone.chain(made.map(|(fact, digest)| (fact.clone(), Some(*digest)))).collect()
}
