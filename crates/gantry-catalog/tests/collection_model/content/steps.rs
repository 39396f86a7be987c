//! The protocol's steps: each is one transaction, one call of the blob store, or a mishap.

use super::state::{Key, Link, Reader, Renewal, State};
use super::{Content, Flaw};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// POST, PATCH…: the session's row, then bytes under a new key.
    Upload {
        repository: usize,
        blob: usize,
    },
    /// PUT: the transaction that publishes the upload.
    Complete {
        key: usize,
    },
    Mount {
        from: usize,
        to: usize,
        blob: usize,
    },
    Head {
        repository: usize,
        blob: usize,
    },
    /// The renewing transaction of a HEAD, and its answer.
    Renew {
        renewal: usize,
    },
    PutManifest {
        repository: usize,
        manifest: usize,
    },
    DeleteManifest {
        repository: usize,
        manifest: usize,
    },
    DeleteBlob {
        repository: usize,
        blob: usize,
    },
    /// A GET finds the key.
    Resolve {
        repository: usize,
        manifest: usize,
        blob: usize,
    },
    /// The GET is over.
    Read {
        key: usize,
    },
    /// A broken collector reads first and removes in another transaction.
    Pick {
        repository: usize,
        blob: usize,
    },
    Collect {
        repository: usize,
        blob: usize,
    },
    SweepSession {
        key: usize,
    },
    EraseBytes {
        key: usize,
    },
    ForgetTrash {
        key: usize,
    },
    Tick,
    /// Every process dies; what is committed or stored stays.
    Crash,
}

impl Content {
    /// The state after a step that is possible, `None` when it changes nothing.
    pub(super) fn after(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        self.take(&mut next, step);
        (next != *last).then_some(next)
    }

    pub(super) fn take(&self, state: &mut State, step: Step) {
        match step {
            Step::Upload { repository, blob } => self.upload(state, repository, blob),
            Step::Complete { key } => self.complete(state, key),
            Step::Mount { from, to, blob } => self.mount(state, from, to, blob),
            Step::Head { repository, blob } => self.head(state, repository, blob),
            Step::Renew { renewal } => self.renew(state, renewal),
            Step::PutManifest { repository, manifest } => {
                self.put_manifest(state, repository, manifest);
            }
            Step::DeleteManifest { repository, manifest } => {
                self.delete_manifest(state, repository, manifest);
            }
            Step::DeleteBlob { repository, blob } => self.delete_blob(state, repository, blob),
            Step::Resolve { repository, manifest, blob } => {
                let reader = Reader { repository, manifest, stood: true };
                let row = state.keys.iter_mut().find(|key| key.blob == blob && key.row);
                row.expect("resolves only what has a row").reader = Some(reader);
            }
            Step::Read { key } => state.keys[key].reader = None,
            Step::Pick { repository, blob } => state.picked = Some((repository, blob)),
            Step::Collect { repository, blob } => {
                state.picked = None;
                self.drop_link(state, repository, blob);
            }
            Step::SweepSession { key } => {
                state.keys[key].session = false;
                state.keys[key].trash = true;
            }
            Step::EraseBytes { key } => state.keys[key].bytes = false,
            Step::ForgetTrash { key } => state.keys[key].trash = false,
            Step::Tick => self.tick(state),
            Step::Crash => crash(state),
        }
        state.settle();
    }

    fn upload(&self, state: &mut State, repository: usize, blob: usize) {
        let old = state.keys.iter_mut().find(|key| key.blob == blob);
        match old {
            Some(key) if self.flaw == Some(Flaw::KeyIsTheDigest) => {
                key.bytes = true;
                key.session = true;
                key.completing = Some(repository);
            }
            _ => state.keys.push(Key {
                blob,
                bytes: true,
                row: false,
                session: true,
                trash: false,
                completing: Some(repository),
                reader: None,
            }),
        }
    }

    fn complete(&self, state: &mut State, index: usize) {
        let Key { blob, completing: Some(repository), .. } = state.keys[index] else { return };
        let known = state.row(blob).is_some();
        let key = &mut state.keys[index];
        key.completing = None;
        key.session = false;
        if known {
            // The digest has its row and its bytes: the new ones are dropped.
            key.trash = !key.row && self.flaw != Some(Flaw::DuplicateIsNotTrashed);
        } else {
            key.row = true;
        }
        if !(known && self.flaw == Some(Flaw::DuplicateDoesNotStamp)) {
            stamp(state, repository, blob);
        }
        state.promised[repository][blob] = Some(0);
    }

    fn mount(&self, state: &mut State, from: usize, to: usize, blob: usize) {
        if state.links[from][blob] == Link::Absent {
            return;
        }
        if state.links[to][blob] == Link::Absent || self.flaw != Some(Flaw::MountDoesNotStamp) {
            stamp(state, to, blob);
        }
        state.promised[to][blob] = Some(0);
    }

    fn head(&self, state: &mut State, repository: usize, blob: usize) {
        let lasting = match state.links[repository][blob] {
            Link::Absent => return,
            Link::Named => true,
            Link::Since(age) => age <= self.renewal || self.flaw == Some(Flaw::HeadDoesNotRenew),
        };
        if !lasting {
            state.renewals.push(Renewal { repository, blob });
        }
        if lasting || self.flaw == Some(Flaw::HeadAnswersBeforeRenewing) {
            state.promised[repository][blob] = Some(0);
        }
    }

    fn renew(&self, state: &mut State, index: usize) {
        let Renewal { repository, blob } = state.renewals.remove(index);
        match state.links[repository][blob] {
            // No row was updated: a second look tells a blob that has gone (404) from one that a
            // manifest has come to name (200).
            Link::Absent if self.flaw != Some(Flaw::HeadIgnoresLostRow) => return,
            Link::Absent | Link::Named => {}
            Link::Since(_) => stamp(state, repository, blob),
        }
        if self.flaw != Some(Flaw::HeadAnswersBeforeRenewing) {
            state.promised[repository][blob] = Some(0);
        }
    }

    fn put_manifest(&self, state: &mut State, repository: usize, manifest: usize) {
        for &blob in self.names[manifest] {
            if state.links[repository][blob] == Link::Absent {
                return;
            }
        }
        state.manifests[repository][manifest] = true;
        for &blob in self.names[manifest] {
            state.links[repository][blob] = Link::Named;
        }
    }

    fn delete_manifest(&self, state: &mut State, repository: usize, manifest: usize) {
        state.manifests[repository][manifest] = false;
        for key in &mut state.keys {
            if let Some(reader) = &mut key.reader
                && (reader.repository, reader.manifest) == (repository, manifest)
            {
                reader.stood = false;
            }
        }
        for &blob in self.names[manifest] {
            if !self.is_named(state, repository, blob)
                && self.flaw != Some(Flaw::DeleteDoesNotStamp)
            {
                state.links[repository][blob] = Link::Since(0);
            }
        }
    }

    /// DELETE of a blob: refused while a manifest of the repository names it. The one who asked
    /// for it takes back what others were told.
    fn delete_blob(&self, state: &mut State, repository: usize, blob: usize) {
        if self.is_named(state, repository, blob) {
            return;
        }
        state.promised[repository][blob] = None;
        if self.flaw == Some(Flaw::DeleteBlobLeavesRow) {
            state.links[repository][blob] = Link::Absent;
        } else {
            self.drop_link(state, repository, blob);
        }
    }

    /// Removes a link and, with the digest's last one, its row, whose key goes to the trash.
    fn drop_link(&self, state: &mut State, repository: usize, blob: usize) {
        state.links[repository][blob] = Link::Absent;
        let held_elsewhere = state.links.iter().any(|links| links[blob] != Link::Absent);
        if held_elsewhere && self.flaw != Some(Flaw::RowGoesWithAnyLink) {
            return;
        }
        for key in state.keys.iter_mut().filter(|key| key.blob == blob && key.row) {
            key.row = false;
            key.trash = self.flaw != Some(Flaw::RowGoesWithoutTrash);
        }
    }

    fn tick(&self, state: &mut State) {
        let oldest = self.oldest();
        for link in state.links.iter_mut().flatten() {
            if let Link::Since(age) = link {
                *age = oldest.min(*age + 1);
            }
        }
        for promise in state.promised.iter_mut().flatten() {
            *promise = promise.map(|age| age + 1).filter(|&age| age <= self.grace);
        }
    }

    pub(super) fn is_named(&self, state: &State, repository: usize, blob: usize) -> bool {
        let standing = state.manifests[repository].iter().zip(&self.names);
        standing.filter(|(stands, _)| **stands).any(|(_, names)| names.contains(&blob))
    }
}

/// `unreferenced_since = now`, unless a manifest names the blob.
fn stamp(state: &mut State, repository: usize, blob: usize) {
    let link = &mut state.links[repository][blob];
    if *link != Link::Named {
        *link = Link::Since(0);
    }
}

fn crash(state: &mut State) {
    state.renewals.clear();
    state.picked = None;
    for key in &mut state.keys {
        key.completing = None;
        key.reader = None;
    }
}
