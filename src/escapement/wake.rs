//! What the escapement gives out: who is woken, by which binding, and why.

use std::any::Any;
use std::ffi::OsString;

use super::slots::Token;

/// Who bound something: the index of a cog in the train, or [`Escapement::RUNTIME`](super::Escapement::RUNTIME).
pub type Owner = u32;

/// An event that has come.
#[derive(Debug)]
pub struct Fired {
    /// Who bound it.
    pub owner: Owner,
    /// Which of the owner's bindings it is. For a one-shot the token is dead by now.
    pub token: Token,
    /// What has happened.
    pub wake: Wake,
}

/// What has happened.
#[derive(Debug)]
pub enum Wake {
    /// Queued by [`soon`](super::Escapement::soon). One-shot.
    Soon,
    /// Nothing else waits. One-shot.
    Idle,
    /// A timer's deadline has come. One-shot, but for `every`.
    Due {
        /// Beats of an `every` that went by unnoticed and are answered by this one.
        missed: u64,
    },
    /// A hint that a descriptor may be ready. Edge-triggered: read or write until `WouldBlock`, or [`rearm`](super::Escapement::rearm).
    Ready {
        /// Reading gives data, the end or an error.
        readable: bool,
        /// Writing takes data or gives an error.
        writable: bool,
    },
    /// Something about a watched path is not as it was.
    Changed(Changed),
    /// A signal came, perhaps more than once.
    Signal(i32),
    /// What an offloaded job gave, or a [`JobPanicked`](super::JobPanicked). One-shot.
    Answer(Box<dyn Any + Send>),
    /// There is room again for more data. Never made by the escapement: the train uses it.
    Room,
    /// All drains have brought to the disk what they had written when this was asked for. Never made by the escapement: the train
    /// uses it.
    Synced,
    /// No datum can reach the cog before it does something itself, as it [asked](crate::cog::Ctx::ask_for_more). Never made by the
    /// escapement: the train uses it.
    NoMore {
        /// Some may come afterwards: a supply before it waits for room, or a cog before it keeps data or hears of ends.
        later: bool,
    },
    /// Time to stop waiting for what has not come. Never made by the escapement: the train uses it.
    GiveUp,
}

/// What changed, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// The entry inside a watched directory; nothing when it is about the watched path itself.
    pub name: Option<OsString>,
    /// What happened to it.
    pub what: What,
}

/// What happened to a watched path or to an entry of a watched directory. Several may be true at once; all are hints to look again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts that come in any combination, read by name")]
pub struct What {
    /// The watched file's content or attributes changed. Never told of a directory's entries: watch them, or wait for
    /// `closed_after_write`.
    pub modified: bool,
    /// The entry, or the watched path after it was `gone`, is there now: created or moved in.
    pub created: bool,
    /// The entry left its directory: deleted or moved away.
    pub removed: bool,
    /// The file is probably whole: a writer closed it, or it was moved in. When polling: it did not change for one period.
    pub closed_after_write: bool,
    /// What stood at the watched path was deleted, moved away or unmounted. The watch stays and waits for the path to be there again;
    /// together with `created` it already is, with another thing in place.
    pub gone: bool,
    /// Something happened that cannot be named, as the system dropped events: look again at all of it.
    pub rescan: bool,
}

impl What {
    /// Nothing happened after all.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Both at once.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            modified: self.modified || other.modified,
            created: self.created || other.created,
            removed: self.removed || other.removed,
            closed_after_write: self.closed_after_write || other.closed_after_write,
            gone: self.gone || other.gone,
            rescan: self.rescan || other.rescan,
        }
    }
}

/// What a descriptor's owner wants to know of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interest {
    /// Wake when reading may give something.
    pub readable: bool,
    /// Wake when writing may take something.
    pub writable: bool,
    /// Wake, as readable, when something urgent is there (`POLLPRI`), and, as for all, when the other side has gone.
    pub urgent: bool,
}

impl Interest {
    /// Reading only.
    pub const READ: Self = Self { readable: true, writable: false, urgent: false };
    /// Writing only.
    pub const WRITE: Self = Self { readable: false, writable: true, urgent: false };
    /// Reading and writing.
    pub const BOTH: Self = Self { readable: true, writable: true, urgent: false };
}
