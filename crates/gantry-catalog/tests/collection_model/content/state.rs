//! What the tables, the blob store and the clients hold between two transactions.

/// Repositories of the one registry that is modelled.
pub(crate) const REPOSITORIES: usize = 2;
/// Blobs that clients push; a run may use fewer.
pub(crate) const BLOBS: usize = 2;
/// Manifests each repository may hold; which blobs each names is the run's choice.
pub(crate) const MANIFESTS: usize = 2;

/// Ticks since something happened. Saturates just past the last value anyone compares with,
/// so that time may go on for ever in a finite space.
pub(crate) type Age = u8;

/// A row of `repository_blob`, or its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Link {
    Absent,
    /// `unreferenced_since` is null.
    Named,
    /// `unreferenced_since` lies this far back.
    Since(Age),
}

/// All that exists about one storage key. A key is made for one upload and never used again, so
/// one about which nothing exists any more is forgotten, and a new upload gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) blob: usize,
    pub(crate) bytes: bool,
    /// The `blob` row of its digest points here.
    pub(crate) row: bool,
    /// Its upload session's row exists.
    pub(crate) session: bool,
    /// It stands in `trash`.
    pub(crate) trash: bool,
    /// A request is about to complete the session in this repository.
    pub(crate) completing: Option<usize>,
    pub(crate) reader: Option<Reader>,
}

/// A GET that has resolved a digest to this key and has yet to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Reader {
    pub(crate) repository: usize,
    pub(crate) manifest: usize,
    /// The manifest it pulls has stood all the time since it resolved.
    pub(crate) stood: bool,
}

/// A HEAD of an unreferenced blob between its read and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Renewal {
    pub(crate) repository: usize,
    pub(crate) blob: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) links: [[Link; BLOBS]; REPOSITORIES],
    pub(crate) manifests: [[bool; MANIFESTS]; REPOSITORIES],
    /// How long ago a client was last told that it needn't upload; `None` when never or too
    /// long ago to rely on. The latest promise is the strictest, so one per link is enough.
    pub(crate) promised: [[Option<Age>; BLOBS]; REPOSITORIES],
    /// Sorted, so that states which differ only in the names of keys are one.
    pub(crate) keys: Vec<Key>,
    pub(crate) renewals: Vec<Renewal>,
    /// Links a collector has read as garbage and not yet removed: only a broken one waits.
    pub(crate) picked: Option<(usize, usize)>,
}

// === impl State ===

impl State {
    pub(crate) fn empty() -> Self {
        Self {
            links: [[Link::Absent; BLOBS]; REPOSITORIES],
            manifests: [[false; MANIFESTS]; REPOSITORIES],
            promised: [[None; BLOBS]; REPOSITORIES],
            keys: Vec::new(),
            renewals: Vec::new(),
            picked: None,
        }
    }

    /// The key the blob's row points at.
    pub(crate) fn row(&self, blob: usize) -> Option<&Key> {
        self.keys.iter().find(|key| key.blob == blob && key.row)
    }

    /// Everything a manifest needs of a blob in a repository: link, row and bytes.
    pub(crate) fn holds(&self, repository: usize, blob: usize) -> bool {
        self.links[repository][blob] != Link::Absent && self.row(blob).is_some_and(|key| key.bytes)
    }

    /// Operations of clients that are between two of their steps.
    pub(crate) fn in_flight(&self) -> usize {
        let keys = self.keys.iter();
        let on_keys =
            keys.map(|k| usize::from(k.completing.is_some()) + usize::from(k.reader.is_some()));
        on_keys.sum::<usize>() + self.renewals.len()
    }

    /// Forgets keys that left no trace and puts the rest in their one order.
    pub(crate) fn settle(&mut self) {
        self.keys.retain(|key| {
            key.bytes
                || key.row
                || key.session
                || key.trash
                || key.completing.is_some()
                || key.reader.is_some()
        });
        self.keys.sort_unstable();
        self.renewals.sort_unstable();
    }
}
