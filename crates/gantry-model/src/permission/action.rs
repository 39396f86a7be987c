//! What can be done to a repository.

use std::fmt;

/// Something an actor may be allowed to do to a repository: one for each data action that ACR has on
/// repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read manifests, referrers and blobs: `content/read`.
    Pull,
    /// Write manifests, tags and blobs: `content/write`.
    Push,
    /// Delete manifests, tags and blobs: `content/delete`.
    Delete,
    /// List tags and manifests, read attributes: `metadata/read`.
    MetadataRead,
    /// Change attributes: `metadata/write`.
    MetadataWrite,
}

impl Action {
    /// All of them, in the order in which they are written.
    pub const EACH: [Self; 5] =
        [Self::Pull, Self::Push, Self::Delete, Self::MetadataRead, Self::MetadataWrite];

    /// The action's word in a token's scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::MetadataRead => "metadata_read",
            Self::MetadataWrite => "metadata_write",
        }
    }

    /// What follows the repository's name in an action of a scope map.
    pub fn in_scope_map(self) -> &'static str {
        match self {
            Self::Pull => "content/read",
            Self::Push => "content/write",
            Self::Delete => "content/delete",
            Self::MetadataRead => "metadata/read",
            Self::MetadataWrite => "metadata/write",
        }
    }

    /// The data action in role definitions.
    pub fn data_action(self) -> &'static str {
        match self {
            Self::Pull => "Microsoft.ContainerRegistry/registries/repositories/content/read",
            Self::Push => "Microsoft.ContainerRegistry/registries/repositories/content/write",
            Self::Delete => "Microsoft.ContainerRegistry/registries/repositories/content/delete",
            Self::MetadataRead => {
                "Microsoft.ContainerRegistry/registries/repositories/metadata/read"
            }
            Self::MetadataWrite => {
                "Microsoft.ContainerRegistry/registries/repositories/metadata/write"
            }
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A type that stands for one [`Action`], so that a [`Permit`](super::Permit) says in its type what
/// it permits.
pub trait RepositoryAction {
    /// The action it stands for.
    const ACTION: Action;
}

macro_rules! markers {
    ($($name:ident)+) => {$(
        #[doc = concat!("[`Action::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub enum $name {}

        impl RepositoryAction for $name {
            const ACTION: Action = Action::$name;
        }
    )+};
}

markers! { Pull Push Delete MetadataRead MetadataWrite }

/// A set of actions on repositories.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Actions(u8);

impl Actions {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self::of(&Action::EACH);
    /// What it takes to pull an image and to see which there are.
    pub const READ: Self = Self::of(&[Action::Pull, Action::MetadataRead]);

    /// The set of these.
    pub const fn of(actions: &[Action]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < actions.len() {
            set |= actions[at].bit();
            at += 1;
        }
        Self(set)
    }

    /// Whether `action` is in the set.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    /// The actions in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The actions in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// No action at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions, in the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::EACH.into_iter().filter(move |action| self.contains(*action))
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        actions.into_iter().fold(Self::NONE, |set, action| Self(set.0 | action.bit()))
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
