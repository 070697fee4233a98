//! What the kernel tells about paths: inotify(7), one watch for each inode, shared by all bindings that look at it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};
use mio::unix::SourceFd;
use mio::{Interest, Registry};

use super::slots::Token;
use super::wake::What;

/// Room for some thousand events of one read.
const READ: usize = 64 * 1024;
/// One event at most, in bytes (inotify(7)): `NAME_MAX` and a zero byte behind the fixed part.
const LARGEST: usize = 16 + 256;
/// Reads of one round; the rest waits for the next one.
const READS: usize = 8;

/// Names a kernel watch.
pub(super) type Wd = i32;

/// The instance and who listens to which of its watches.
#[derive(Debug)]
pub(super) struct Notices {
    inotify: Inotify,
    watches: BTreeMap<Wd, Listened>,
    buffer: Vec<u8>,
    more: bool,
}

#[derive(Debug)]
struct Listened {
    descriptor: WatchDescriptor,
    tokens: Vec<Token>,
}

/// Something told about one watch, repeated equal ones put together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Notice {
    /// Which watch; nothing when the kernel's queue overflowed and any may be meant.
    pub(super) wd: Option<Wd>,
    pub(super) name: Option<OsString>,
    pub(super) what: What,
    /// Links or attributes of the watched thing changed, or it was moved: is it still the one at its path?
    pub(super) look: bool,
    /// The kernel has let go of the watch: deleted or unmounted.
    pub(super) ended: bool,
}

impl Notice {
    /// Whether it tells of a known watch and leaves that as it is.
    pub(super) const fn is_plain(&self) -> bool {
        self.wd.is_some() && !self.look && !self.ended
    }
}

impl Notices {
    pub(super) fn new(registry: &Registry, name: mio::Token) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        registry.register(&mut SourceFd(&inotify.as_raw_fd()), name, Interest::READABLE)?;
        Ok(Self { inotify, watches: BTreeMap::new(), buffer: vec![0; READ], more: false })
    }

    /// Lets `token` listen to the thing at `path`. The same thing gives the same watch, whoever asks and by whichever name.
    pub(super) fn add(&mut self, path: &Path, directory: bool, token: Token) -> io::Result<Wd> {
        // Masks follow the kind of thing, so adding a watch twice never changes its mask.
        let mask = if directory {
            // Not MODIFY: a directory of busy files would wake its watcher for each line. Whoever follows a file watches the file.
            WatchMask::CREATE
                | WatchMask::MOVED_TO
                | WatchMask::MOVED_FROM
                | WatchMask::DELETE
                | WatchMask::CLOSE_WRITE
                | WatchMask::DELETE_SELF
                | WatchMask::MOVE_SELF
                | WatchMask::ONLYDIR
        } else {
            // ATTRIB: a file that is unlinked while somebody has it open, perhaps our owner, loses a link now, but is deleted much later.
            WatchMask::MODIFY | WatchMask::CLOSE_WRITE | WatchMask::ATTRIB | WatchMask::DELETE_SELF | WatchMask::MOVE_SELF
        };
        let descriptor = self.inotify.watches().add(path, mask)?;
        let wd = descriptor.get_watch_descriptor_id();
        let listened = self.watches.entry(wd).or_insert(Listened { descriptor, tokens: Vec::new() });
        if !listened.tokens.contains(&token) {
            listened.tokens.push(token);
        }
        Ok(wd)
    }

    /// Takes one listener away; the kernel's watch goes with the last.
    pub(super) fn remove(&mut self, wd: Wd, token: Token) {
        let Some(listened) = self.watches.get_mut(&wd) else { return };
        listened.tokens.retain(|listener| *listener != token);
        if listened.tokens.is_empty()
            && let Some(listened) = self.watches.remove(&wd)
        {
            // Refused when the kernel has let go by itself; its IN_IGNORED, on the way, will find no listeners.
            let _ = self.inotify.watches().remove(listened.descriptor);
        }
    }

    /// The listeners of a watch that the kernel has let go.
    pub(super) fn forget(&mut self, wd: Wd) -> Vec<Token> {
        self.watches.remove(&wd).map(|listened| listened.tokens).unwrap_or_default()
    }

    /// The listeners of a watch, in the order in which they came.
    pub(super) fn listeners(&self, wd: Wd) -> &[Token] {
        self.watches.get(&wd).map_or(&[], |listened| &listened.tokens)
    }

    /// All listeners.
    pub(super) fn everybody(&self) -> Vec<Token> {
        self.watches.values().flat_map(|listened| listened.tokens.iter().copied()).collect()
    }

    /// True when the last [`take`](Self::take) had enough before all was read.
    pub(super) const fn has_more(&self) -> bool {
        self.more
    }

    /// Reads what was told since, equal news put together.
    #[inline(never)]
    pub(super) fn take(&mut self) -> io::Result<Vec<Notice>> {
        let mut news = Sum::default();
        self.more = false;
        for _ in 0..READS {
            match self.inotify.read_events(&mut self.buffer) {
                Ok(events) => {
                    let mut count = 0;
                    for event in events {
                        news.add(read(event.wd.get_watch_descriptor_id(), event.mask, event.name));
                        count += 1;
                    }
                    // Had there been more, it would have stood in the room that is left.
                    if (count + 1) * LARGEST <= self.buffer.len() {
                        return Ok(news.notices);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(news.notices),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.more = true;
        Ok(news.notices)
    }
}

/// One event in our words.
fn read(wd: Wd, mask: EventMask, name: Option<&OsStr>) -> Notice {
    let is = |bits| mask.intersects(bits);
    if is(EventMask::Q_OVERFLOW) {
        return Notice { what: What { rescan: true, ..What::default() }, ..Notice::default() };
    }
    let what = What {
        modified: is(EventMask::MODIFY),
        created: is(EventMask::CREATE | EventMask::MOVED_TO),
        removed: is(EventMask::DELETE | EventMask::MOVED_FROM),
        // What is moved in was closed before.
        closed_after_write: is(EventMask::CLOSE_WRITE) || is(EventMask::MOVED_TO) && !is(EventMask::ISDIR),
        ..What::default()
    };
    let name = name.filter(|name| !name.is_empty()).map(OsStr::to_owned);
    // DELETE_SELF and UNMOUNT need no word: IN_IGNORED follows them.
    Notice { wd: Some(wd), name, what, look: is(EventMask::ATTRIB | EventMask::MOVE_SELF), ended: is(EventMask::IGNORED) }
}

/// What a notice is about.
type Named = (Option<Wd>, Option<OsString>);

/// News in order of arrival, where a later one joins an earlier one of the same name unless the order of the two means something.
#[derive(Default)]
struct Sum {
    notices: Vec<Notice>,
    /// Where the latest of each name stands, of so many of them.
    placed: usize,
    latest: Option<BTreeMap<Named, usize>>,
}

/// So few news are looked through one by one.
const FEW: usize = 8;

impl Sum {
    fn add(&mut self, new: Notice) {
        if let Some(old) = self.known(&new).map(|place| &mut self.notices[place]) {
            let crossed = old.what.created && new.what.removed || old.what.removed && new.what.created;
            if !crossed {
                old.what = old.what.and(new.what);
                old.look |= new.look;
                old.ended |= new.ended;
                return;
            }
        }
        if new.what.is_nothing() && !new.look && !new.ended {
            return;
        }
        self.notices.push(new);
    }

    /// The latest one of the same name.
    fn known(&mut self, new: &Notice) -> Option<usize> {
        if self.notices.len() <= FEW {
            return self.notices.iter().rposition(|old| old.wd == new.wd && old.name == new.name);
        }
        self.known_of_many(new)
    }

    #[inline(never)]
    fn known_of_many(&mut self, new: &Notice) -> Option<usize> {
        let latest = self.latest.get_or_insert_default();
        while self.placed < self.notices.len() {
            let old = &self.notices[self.placed];
            latest.insert((old.wd, old.name.clone()), self.placed);
            self.placed += 1;
        }
        latest.get(&(new.wd, new.name.clone())).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use inotify::EventMask;

    use super::{Sum, read};

    #[test]
    fn repeated_news_are_one_but_coming_and_going_keep_their_order() {
        let mut sum = Sum::default();
        let name = Some(OsStr::new("a"));
        for mask in [EventMask::CREATE, EventMask::CLOSE_WRITE, EventMask::DELETE, EventMask::CREATE] {
            sum.add(read(1, mask, name));
        }
        for _ in 0..100 {
            sum.add(read(2, EventMask::MODIFY, None));
        }
        sum.add(read(2, EventMask::DELETE_SELF, None));
        let told: Vec<_> = sum.notices.iter().map(|notice| (notice.wd, notice.what.created, notice.what.removed)).collect();
        assert_eq!(told, [(Some(1), true, false), (Some(1), false, true), (Some(1), true, false), (Some(2), false, false)]);
        assert!(sum.notices[0].what.closed_after_write);
    }

    #[test]
    fn an_overflow_may_mean_any_watch() {
        let notice = read(-1, EventMask::Q_OVERFLOW, None);
        assert!(notice.wd.is_none() && notice.what.rescan);
    }

    #[test]
    fn a_file_moved_in_counts_as_closed_and_a_directory_does_not() {
        assert!(read(1, EventMask::MOVED_TO, None).what.closed_after_write);
        assert!(!read(1, EventMask::MOVED_TO | EventMask::ISDIR, None).what.closed_after_write);
    }
}
