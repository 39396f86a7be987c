//! Locks: what nobody may do to a repository, a tag or a manifest until it is unlocked, whatever they
//! are allowed otherwise. ACR calls them changeable attributes, and writes each as what is enabled.
//!
//! <https://learn.microsoft.com/azure/container-registry/container-registry-image-lock>

use std::fmt;

/// One thing that can be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// It isn't deleted.
    Delete,
    /// It isn't overwritten, and isn't deleted either.
    Write,
    /// It isn't in any list.
    List,
    /// It isn't pulled.
    Read,
}

impl Lock {
    /// All of them, in the order in which they are written.
    pub const EACH: [Self; 4] = [Self::Delete, Self::Write, Self::List, Self::Read];

    /// The attribute that is false while this is locked.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Delete => "deleteEnabled",
            Self::Write => "writeEnabled",
            Self::List => "listEnabled",
            Self::Read => "readEnabled",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What is locked of one thing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Locks(u8);

impl Locks {
    /// Nothing is.
    pub const NONE: Self = Self(0);

    /// Whether `lock` is among them.
    pub const fn has(self, lock: Lock) -> bool {
        self.0 & lock.bit() != 0
    }

    /// The same, with `lock` among them or not.
    #[must_use]
    pub const fn with(self, lock: Lock, locked: bool) -> Self {
        if locked { Self(self.0 | lock.bit()) } else { Self(self.0 & !lock.bit()) }
    }

    /// What is locked in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The lock that keeps it from being deleted, if one does.
    pub fn against_delete(self) -> Option<Lock> {
        [Lock::Delete, Lock::Write].into_iter().find(|lock| self.has(*lock))
    }

    /// As a column holds them: a bit for each, in the order of [`Lock::EACH`].
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// What a column holds. Bits of a later release are left out.
    pub fn from_bits(bits: i64) -> Self {
        let has = |lock: &Lock| bits & i64::from(lock.bit()) != 0;
        Lock::EACH
            .iter()
            .filter(|lock| has(lock))
            .fold(Self::NONE, |all, lock| all.with(*lock, true))
    }
}

impl fmt::Debug for Locks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Lock::EACH.iter().filter(|lock| self.has(**lock))).finish()
    }
}

/// What someone wants locked or unlocked; the rest stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockChange {
    lock: Locks,
    unlock: Locks,
}

impl LockChange {
    /// The same, and `lock` is locked or unlocked.
    #[must_use]
    pub const fn and(self, lock: Lock, locked: bool) -> Self {
        Self { lock: self.lock.with(lock, locked), unlock: self.unlock.with(lock, !locked) }
    }

    /// What `locks` are after it.
    pub fn applied_to(self, locks: Locks) -> Locks {
        Locks((locks.0 | self.lock.0) & !self.unlock.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let locks = Locks::NONE.with(Lock::Write, true).with(Lock::Read, true);
        let change = LockChange::default().and(Lock::Write, false).and(Lock::Delete, true);
        let changed = change.applied_to(locks);
        assert_eq!(changed, Locks::NONE.with(Lock::Delete, true).with(Lock::Read, true));
        assert_eq!(LockChange::default().applied_to(changed), changed);
        assert_eq!(change.applied_to(changed), changed);
    }

    #[test]
    fn a_column_holds_them() {
        for bits in 0..16 {
            assert_eq!(Locks::from_bits(bits).bits(), bits);
        }
        assert_eq!(Locks::from_bits(0x30), Locks::NONE);
        assert_eq!(Locks::from_bits(2), Locks::NONE.with(Lock::Write, true));
    }

    #[test]
    fn what_may_not_be_written_may_not_be_deleted() {
        assert_eq!(Locks::NONE.against_delete(), None);
        assert_eq!(Locks::NONE.with(Lock::Read, true).against_delete(), None);
        for lock in [Lock::Delete, Lock::Write] {
            assert_eq!(Locks::NONE.with(lock, true).against_delete(), Some(lock));
        }
    }
}
