//! Rows under PostgreSQL's READ COMMITTED: committed and pending values, and who locked what.
//!
//! From the PostgreSQL manual, "Row-Level Locks" and "Read Committed Isolation Level": a foreign
//! key check takes KEY SHARE on the row it points at, which goes together with an update of other
//! columns and not with a delete; a writer waits for the row's lock, then asks its condition again
//! of the row as it has become, while sub-queries still see the statement's own snapshot.

/// A transaction's place among those under way.
pub(crate) type Slot = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Strength {
    /// Update of columns no foreign key uses, or an insert.
    NoKeyUpdate,
    /// Delete, or SELECT … FOR UPDATE.
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row<T> {
    committed: Option<T>,
    /// What the holder of the lock has made of it; `Some(None)` is a delete.
    pending: Option<Option<T>>,
    lock: Option<(Slot, Strength)>,
    /// Holders of KEY SHARE, a bit each.
    shares: u8,
}

impl<T> Default for Row<T> {
    fn default() -> Self {
        Self { committed: None, pending: None, lock: None, shares: 0 }
    }
}

// === impl Row ===

impl<T: Copy + PartialEq> Row<T> {
    /// What a new snapshot shows everyone.
    pub(crate) fn committed(&self) -> Option<T> {
        self.committed
    }

    /// What a new snapshot shows the transaction: its own writes too.
    pub(crate) fn seen_by(&self, slot: Slot) -> Option<T> {
        match (self.lock, self.pending) {
            (Some((holder, _)), Some(value)) if holder == slot => value,
            _ => self.committed,
        }
    }

    /// Takes KEY SHARE. False when the transaction has to wait.
    #[must_use]
    pub(crate) fn share(&mut self, slot: Slot) -> bool {
        if matches!(self.lock, Some((holder, Strength::Update)) if holder != slot) {
            return false;
        }
        // A row that another is only just inserting can't be pointed at: as good as absent.
        self.shares |= 1 << slot;
        true
    }

    /// Writes the row, or deletes it. False when the transaction has to wait.
    #[must_use]
    pub(crate) fn write(&mut self, slot: Slot, value: Option<T>) -> bool {
        let strength = if value.is_some() { Strength::NoKeyUpdate } else { Strength::Update };
        if !self.lock(slot, strength) {
            return false;
        }
        self.pending = Some(value);
        true
    }

    /// SELECT … FOR UPDATE. False when the transaction has to wait.
    #[must_use]
    pub(crate) fn lock_for_update(&mut self, slot: Slot) -> bool {
        self.lock(slot, Strength::Update)
    }

    /// Whether a writer that isn't `slot` has to be waited for before the row's fate is known.
    pub(crate) fn is_held_by_another(&self, slot: Slot) -> bool {
        matches!(self.lock, Some((holder, _)) if holder != slot)
    }

    fn lock(&mut self, slot: Slot, strength: Strength) -> bool {
        let shared = self.shares & !(1 << slot) != 0;
        if self.is_held_by_another(slot) || (strength == Strength::Update && shared) {
            return false;
        }
        let kept = self.lock.is_some_and(|(_, held)| held == Strength::Update);
        self.lock = Some((slot, if kept { Strength::Update } else { strength }));
        true
    }

    pub(crate) fn end(&mut self, slot: Slot, commit: bool) {
        self.shares &= !(1 << slot);
        if matches!(self.lock, Some((holder, _)) if holder == slot) {
            self.lock = None;
            if let Some(value) = self.pending.take()
                && commit
            {
                self.committed = value;
            }
        }
    }

    /// Changes the committed value in place, as time does.
    pub(crate) fn age(&mut self, change: impl Fn(T) -> T) {
        self.committed = self.committed.map(change);
    }
}
