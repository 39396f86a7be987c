//! What clients do, and what that explains.

use gantry_oci::Digest;

use crate::facts::{Fact, Moment, Timeline};
use crate::goods::Goods;

/// Something that changes what a repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// By an upload or a mount.
    PushBlob(String, Digest),
    PutManifest(String, Digest, Option<String>),
    DeleteTag(String, String),
    DeleteManifest(String, Digest),
    DeleteBlob(String, Digest),
}

/// How a deed ended, as its doer heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// Nothing was done.
    Refused,
    /// Nobody knows, and it may yet be done.
    Unclear,
}

/// Names a deed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeedId(usize);

/// All deeds so far.
#[derive(Debug, Default)]
pub(crate) struct Deeds(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    deed: Deed,
    began: Moment,
    end: Option<(End, Moment)>,
}

impl Deeds {
    pub(crate) fn begin(&mut self, deed: Deed, began: Moment) -> DeedId {
        self.0.push(Entry { deed, began, end: None });
        DeedId(self.0.len() - 1)
    }

    /// Answers the deed, and when it began.
    pub(crate) fn end(&mut self, id: DeedId, end: End, at: Moment) -> (Deed, Moment) {
        let entry = &mut self.0[id.0];
        entry.end = Some((end, at));
        (entry.deed.clone(), entry.began)
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.0.iter().filter(|entry| matches!(entry.end, Some((End::Done, _)))).count()
    }

    /// Whether a deed that was under way at `at` makes the fact become `value`.
    pub(crate) fn explain(
        &self,
        fact: &Fact,
        value: Option<Digest>,
        at: Moment,
        goods: &Goods,
    ) -> bool {
        self.0.iter().any(|entry| {
            let over = entry.end.is_some_and(|(end, ended)| end != End::Unclear && ended < at);
            entry.began <= at && !over && entry.deed.makes(fact, value, goods)
        })
    }

    /// Whether whoever ended the fact at `ended` was told so before `asked`. Of several ends during
    /// one deed nobody knows which was its own.
    pub(crate) fn acknowledged_end(
        &self,
        fact: &Fact,
        timeline: &Timeline,
        ended: Moment,
        asked: Moment,
        goods: &Goods,
    ) -> bool {
        self.0.iter().any(|entry| {
            matches!(entry.end, Some((End::Done, at))
                if entry.began <= ended
                    && ended <= at
                    && at < asked
                    && timeline.ends(entry.began, at) == 1)
                && entry.deed.makes(fact, None, goods)
        })
    }
}

impl Deed {
    /// What is so once it is done.
    pub(crate) fn made_true(&self) -> Vec<(Fact, Option<Digest>)> {
        match self.clone() {
            Self::PushBlob(repository, digest) => {
                vec![(Fact::Blob(repository, digest), Some(digest))]
            }
            Self::PutManifest(repository, digest, tag) => {
                let manifest = (Fact::Manifest(repository.clone(), digest), Some(digest));
                let tag = tag.map(|tag| (Fact::Tag(repository, tag), Some(digest)));
                std::iter::once(manifest).chain(tag).collect()
            }
            Self::DeleteTag(repository, tag) => vec![(Fact::Tag(repository, tag), None)],
            Self::DeleteManifest(repository, digest) => {
                vec![(Fact::Manifest(repository, digest), None)]
            }
            Self::DeleteBlob(repository, digest) => vec![(Fact::Blob(repository, digest), None)],
        }
    }

    /// What it is, in few words.
    pub(crate) fn tell(&self, goods: &Goods) -> String {
        match self {
            Self::PushBlob(repository, digest) => {
                format!("to push {} to {repository}", goods.name(digest))
            }
            Self::PutManifest(repository, digest, tag) => {
                format!("to put {} into {repository} as {tag:?}", goods.name(digest))
            }
            Self::DeleteTag(repository, tag) => format!("to delete {repository}:{tag}"),
            Self::DeleteManifest(repository, digest) | Self::DeleteBlob(repository, digest) => {
                format!("to delete {} from {repository}", goods.name(digest))
            }
        }
    }

    /// Whether it may make the fact become `value`.
    fn makes(&self, fact: &Fact, value: Option<Digest>, goods: &Goods) -> bool {
        if self.made_true().iter().any(|(made, of)| made == fact && *of == value) {
            return true;
        }
        // Tags and referrers go with their manifest.
        match (self, fact, value) {
            (Self::DeleteManifest(here, _), Fact::Tag(repository, _), None) => here == repository,
            (Self::DeleteManifest(here, gone), Fact::Manifest(repository, digest), None) => {
                here == repository && goods.goes_with(digest, gone)
            }
            _ => false,
        }
    }
}
