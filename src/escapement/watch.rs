//! Watched paths: told by the kernel where it can, looked at again and again where it cannot, with the same words for both.
//!
//! A watch belongs to a *path*. When what stands there goes away its owner is told `gone`, and the watch looks out for the path
//! until it is there again (`created`). What happens to the thing under its new name is not told.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mio::Registry;

use super::inotify::{Notice, Notices, Wd};
use super::poll::{Identity, Look, is_missing};
use super::slots::Token;
use super::wake::{Changed, What};

/// Attempts to name a thing and to watch it before another takes its place.
const ATTEMPTS: usize = 3;

/// What a watch's binding remembers.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    /// How long between two looks, when it must look.
    pub(super) period: Duration,
    /// Place in the order of binding.
    pub(super) order: u64,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// The kernel tells.
    Told { wd: Wd, identity: Identity },
    /// We look.
    Looking(Look),
    /// Nothing is there; we look whether that changes.
    Missing,
}

impl Watch {
    /// True when it needs a timer to look again.
    pub(super) const fn looks(&self) -> bool {
        !matches!(self.mode, Mode::Told { .. })
    }
}

/// The source of news about paths.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// Nothing while nobody has asked, or when the system refuses it.
    notices: Option<Notices>,
    refused: bool,
}

impl Watching {
    /// From here on all new watches look for themselves.
    pub(super) const fn without_inotify(&mut self) {
        self.refused = true;
    }

    /// Opens inotify when it was not yet tried. True when it works.
    pub(super) fn open(&mut self, registry: &Registry, name: mio::Token) -> bool {
        if !self.refused && self.notices.is_none() {
            self.notices = Notices::new(registry, name).ok();
            self.refused = self.notices.is_none();
        }
        !self.refused
    }

    pub(super) fn bind(&mut self, path: &Path, period: Duration, order: u64, token: Token) -> io::Result<Watch> {
        let mode = self.attach(path, token)?;
        Ok(Watch { path: path.to_owned(), period, order, mode })
    }

    pub(super) fn unbind(&mut self, watch: &Watch, token: Token) {
        if let (Mode::Told { wd, .. }, Some(notices)) = (&watch.mode, &mut self.notices) {
            notices.remove(*wd, token);
        }
    }

    /// Tells of a thing that is there, by the kernel or by looking.
    fn attach(&mut self, path: &Path, token: Token) -> io::Result<Mode> {
        for _ in 0..ATTEMPTS {
            let identity = Identity::at(path)?;
            let Some(notices) = self.notices.as_mut().filter(|_| !self.refused) else { break };
            // No more watches, or none of this thing.
            let Ok(wd) = notices.add(path, identity.directory, token) else { break };
            // Another thing may have been put there between naming and watching.
            if Identity::at(path).is_ok_and(|now| now == identity) {
                return Ok(Mode::Told { wd, identity });
            }
            notices.remove(wd, token);
        }
        Look::at(path).map(Mode::Looking)
    }

    /// Puts the watch on what stands at its path now, after what stood there is gone.
    fn follow(&mut self, watch: &mut Watch, token: Token) -> What {
        self.unbind(watch, token);
        watch.mode = self.attach(&watch.path, token).unwrap_or(Mode::Missing);
        What { gone: true, created: !matches!(watch.mode, Mode::Missing), ..What::default() }
    }

    /// What the kernel told since the last time.
    pub(super) fn take(&mut self) -> io::Result<Vec<Notice>> {
        self.notices.as_mut().map_or_else(|| Ok(Vec::new()), Notices::take)
    }

    /// True when the last [`take`](Self::take) had enough before all was taken.
    pub(super) fn has_more(&self) -> bool {
        self.notices.as_ref().is_some_and(Notices::has_more)
    }

    /// Whom a plain notice concerns.
    pub(super) fn listeners(&self, notice: &Notice) -> &[Token] {
        self.notices.as_ref().zip(notice.wd).map_or(&[], |(notices, wd)| notices.listeners(wd))
    }

    /// Whom a notice concerns. Those of a watch that has ended are let go with it.
    pub(super) fn audience(&mut self, notice: &Notice) -> Vec<Token> {
        match (&mut self.notices, notice.wd) {
            (Some(notices), Some(wd)) if notice.ended => notices.forget(wd),
            (Some(notices), Some(wd)) => notices.listeners(wd).to_vec(),
            (Some(notices), None) => notices.everybody(),
            (None, _) => Vec::new(),
        }
    }

    /// What a notice means to one of its audience.
    pub(super) fn hear(&mut self, watch: &mut Watch, token: Token, notice: &Notice) -> Changed {
        let mut what = notice.what;
        if let Mode::Told { wd, identity } = watch.mode {
            let look = notice.look || notice.wd.is_none();
            if notice.ended || look && Identity::at(&watch.path).ok() != Some(identity) {
                what = what.and(self.follow(watch, token));
            } else if notice.look {
                what.modified = true;
            } else if notice.wd.is_none() {
                self.renew(watch, token, wd);
            }
        }
        Changed { name: notice.name.clone(), what }
    }

    /// The kernel's watch may have ended unheard when its queue overflowed. Adding it again changes nothing if it has not.
    fn renew(&mut self, watch: &mut Watch, token: Token, old: Wd) {
        watch.mode = self.attach(&watch.path, token).unwrap_or(Mode::Missing);
        if !matches!(watch.mode, Mode::Told { wd, .. } if wd == old)
            && let Some(notices) = &mut self.notices
        {
            notices.remove(old, token);
        }
    }

    /// Looks again.
    pub(super) fn look(&mut self, watch: &mut Watch, token: Token) -> Vec<Changed> {
        let what = match (&mut watch.mode, Look::at(&watch.path)) {
            (Mode::Looking(look), Ok(new)) if new.identity() == look.identity() => return look.turn_into(new),
            (Mode::Looking(_), Ok(_)) => self.follow(watch, token),
            (Mode::Looking(_), Err(error)) if is_missing(&error) => {
                watch.mode = Mode::Missing;
                What { gone: true, ..What::default() }
            }
            (Mode::Missing, Ok(_)) => What { gone: false, ..self.follow(watch, token) },
            // Told by the kernel meanwhile, still missing, or out of descriptors for a while: nothing new is known.
            _ => What::default(),
        };
        if what.is_nothing() { Vec::new() } else { vec![Changed { name: None, what }] }
    }
}
