//! Which files there are: what stands at a path, what stood there, and what has come to another name.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::follow::{Follow, OPEN};
use super::names::spots;
use super::outlook::User;
use super::siblings::{self, Listing};
use super::stream::{self, Id, Start, Stream, id};
use super::{Bound, FileWatcher, Number};
use crate::cog::Ctx;
use crate::cogs::fs::paths::{is_missing, may_be_meant};
use crate::disk::retry;
use crate::error::Result;
use crate::escapement::Interest;

/// What was renamed while we looked is looked for once more after this.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

impl FileWatcher {
    /// The number under which `path` is followed, from now on if it was not.
    pub(super) fn follow(&mut self, path: &Path, found: bool) -> Number {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.by_path.insert(path.to_owned(), number);
        let mut follow = Follow::new(path.to_owned(), found);
        if let Some(memory) = &mut self.memory {
            follow.fresh = !memory.lost && !memory.ledger.has(path);
            if !found {
                memory.ledger.name(path);
            }
        }
        self.follows.insert(number, follow);
        number
    }

    /// Watches the directories on which a named path depends.
    pub(super) fn look_around(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get(&number) else { return Ok(()) };
        if follow.found {
            return Ok(());
        }
        let path = follow.path.clone();
        self.outlook.depend(ctx, User::Follow(number), || spots(&path))
    }

    /// Looks what a pattern means now, and watches where that may change.
    pub(super) fn expand(&mut self, ctx: &mut Ctx<'_>, at: usize, from_end: bool) -> Result<()> {
        let base = self.globs[at].base.clone();
        self.outlook.depend(ctx, User::Glob(at), || if base.as_os_str().is_empty() { BTreeSet::new() } else { spots(&base) })?;
        // Watched first, listed then: so that nothing slips through between the two.
        self.outlook.search(ctx, at, self.globs[at].directories())?;
        for path in self.globs[at].files() {
            if !self.by_path.contains_key(&path) && may_be_meant(&*self.settings.disk, &path) {
                let number = self.follow(&path, true);
                self.check(ctx, number, from_end)?;
            }
        }
        Ok(())
    }

    /// Looks what stands at a path, and opens it if it is another file than before.
    pub(super) fn check(&mut self, ctx: &mut Ctx<'_>, number: Number, from_end: bool) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        match retry(|| self.settings.disk.about(&follow.path)) {
            Ok(about) => {
                if let Some(stream) = follow.at_path().filter(|stream| stream.id == id(&about)) {
                    stream.dirty |= !stream.is_read(&about);
                    self.watch(ctx, number);
                } else if follow.streams.len() >= OPEN {
                    follow.postpone(ctx);
                } else if !(follow.postponed && self.find_postponed(ctx, number)?) {
                    self.retire(ctx, number);
                    if !self.take_over(ctx, number, id(&about))? {
                        self.open(ctx, number, from_end)?;
                    }
                }
            }
            Err(error) if is_missing(&error) => {
                follow.told = false;
                self.retire(ctx, number);
            }
            // What is open goes on being read.
            Err(error) => follow.trouble(ctx, &error, true),
        }
        let fresh = self.follows.get(&number).is_some_and(|follow| follow.fresh);
        if let Some(memory) = self.memory.as_mut().filter(|memory| fresh || memory.starting) {
            let mut listing = std::mem::take(&mut memory.listing);
            let found = self.find_rotated(ctx, number, &mut listing);
            if let Some(memory) = self.memory.as_mut().filter(|memory| memory.starting) {
                memory.listing = listing;
            }
            found?;
        }
        self.enqueue(number);
        if self.follows.get(&number).is_some_and(Follow::is_forgotten) {
            self.forget(ctx, number);
            return Ok(());
        }
        self.set_alarm(ctx, number)
    }

    /// The file at a path is not its file any more; what is unread of it still is read.
    fn retire(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        let Some(follow) = self.follows.get_mut(&number) else { return };
        if follow.current {
            follow.retire(ctx.now() + self.settings.rotate_wait);
        }
        if let Some(token) = follow.ready.take() {
            self.bound.remove(&token);
            ctx.unbind(token);
        }
        // A link may lead elsewhere, of which the old file's watch knows nothing. Where nothing stands now, its directory tells
        // when that changes.
        self.unwatch(ctx, number);
    }

    /// Takes up files that were not opened while too many waited, as far as there is room. True when more of them are left.
    fn find_postponed(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<bool> {
        self.retire(ctx, number);
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(false) };
        let after = follow.born;
        let more = self.find_missed(ctx, number, after, None)?;
        if let Some(follow) = self.follows.get_mut(&number) {
            follow.postponed = more;
        }
        Ok(more)
    }

    /// Files that stood at the path for so short a time that they were renamed again before we looked. True when there are more of them
    /// than may be open.
    pub(super) fn find_missed(
        &mut self,
        ctx: &mut Ctx<'_>,
        number: Number,
        after: Option<SystemTime>,
        before: Option<SystemTime>,
    ) -> Result<bool> {
        if self.memory.is_some() {
            return self.find_rotated(ctx, number, &mut Listing::default());
        }
        let closes = ctx.now() + self.settings.rotate_wait;
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(false) };
        let Some(after) = after else { return Ok(false) };
        let (readers, disk) = (&self.readers, &*self.settings.disk);
        let known = |id: &Id| readers.contains_key(id) || follow.closed.iter().any(|closed| closed.id == *id);
        let mut missed = siblings::between(disk, &follow.path, after, before, known);
        let room = OPEN.saturating_sub(follow.streams.len());
        let more = missed.len() > room;
        missed.truncate(room);
        for mut stream in siblings::open(disk, &missed, &self.settings.lines, |print| follow.knows(print)) {
            stream.closes = Some(closes);
            self.readers.insert(stream.id, number);
            // What stands at the path stays last.
            let at = follow.streams.len() - usize::from(follow.current);
            // What comes after it is looked for later.
            follow.born = if more { stream.born } else { follow.born };
            follow.streams.insert(at, stream);
        }
        if more {
            follow.postpone(ctx);
        }
        Ok(more)
    }

    /// A file that is read already has come to another name: it is read on under that, from where it was. True when `path`'s
    /// file is being read, by whomever.
    fn take_over(&mut self, ctx: &mut Ctx<'_>, number: Number, id: Id) -> Result<bool> {
        let Some(reader) = self.readers.get(&id).copied() else { return Ok(false) };
        let Some(other) = self.follows.get_mut(&reader) else { return Ok(false) };
        let Some(at) = other.streams.iter().position(|stream| stream.id == id) else { return Ok(false) };
        let was_current = other.current && at + 1 == other.streams.len();
        if was_current && self.settings.disk.about(&other.path).is_ok_and(|about| stream::id(&about) == id) {
            // Two names of one file.
            return Ok(true);
        }
        let Some(mut stream) = other.streams.remove(at) else { return Ok(false) };
        stream.closes = None;
        stream.copy = false;
        stream.dirty = true;
        if reader != number {
            // Its last line will hardly be completed.
            stream.renamed = true;
            stream.partial_due = Some(ctx.now() + self.settings.rotate_wait);
        }
        other.current &= !was_current;
        if was_current && let Some(token) = other.ready.take() {
            self.bound.remove(&token);
            ctx.unbind(token);
        }
        self.stand(ctx, number, stream, true)?;
        self.watch(ctx, number);
        if was_current {
            self.check(ctx, reader, false)?;
        }
        Ok(true)
    }

    fn open(&mut self, ctx: &mut Ctx<'_>, number: Number, from_end: bool) -> Result<()> {
        // Watched first, opened then: so that nothing slips through between the two.
        self.watch(ctx, number);
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        let start = if from_end { Start::End } else { Start::Begin };
        let path = follow.path.clone();
        let opened = Stream::open(&*self.settings.disk, &path, &self.settings.lines, start, self.settings.tail);
        let recalled = opened.and_then(|mut stream| self.recall(&path, &mut stream).map(|()| stream));
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        match recalled {
            Ok(stream) => {
                follow.told = false;
                self.stand(ctx, number, stream, false)?;
            }
            Err(error) if is_missing(&error) => self.unwatch(ctx, number),
            Err(error) => follow.trouble(ctx, &error, true),
        }
        Ok(())
    }

    /// This is the file at the path from now on. One that nobody has read yet is not, when too many are missed before it.
    fn stand(&mut self, ctx: &mut Ctx<'_>, number: Number, stream: Stream, is_read: bool) -> Result<()> {
        // With the file in hand: it need not be the one that stood there when the path was looked at, nor stand there still.
        self.readers.insert(stream.id, number);
        let (after, before) = (self.follows.get(&number).and_then(|follow| follow.born), stream.born);
        if after.is_some() && self.find_missed(ctx, number, after, before)? && !is_read {
            self.readers.remove(&stream.id);
            return Ok(());
        }
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        // Names may have moved while they were listed.
        if after.is_some() {
            follow.again = Some((ctx.now() + AGAIN, after, before));
        }
        if stream.flows && follow.ready.is_none() {
            let token = ctx.fd(&stream.fd(), Interest::READ)?;
            follow.ready = Some(token);
            self.bound.insert(token, Bound::Pipe(number));
        }
        follow.stand(stream);
        self.register(ctx, number)
    }

    /// Watches the file at a path for changes.
    fn watch(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        let Some(follow) = self.follows.get_mut(&number) else { return };
        // What cannot be watched will be found by the scan, and what is not there by its directory.
        if follow.watch.is_none()
            && let Ok(token) = ctx.watch(&follow.path, self.settings.poll)
        {
            follow.watch = Some(token);
            self.bound.insert(token, Bound::File(number));
        }
    }

    /// Nothing stands there: its directory tells when that changes.
    pub(super) fn unwatch(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        if let Some(token) = self.follows.get_mut(&number).and_then(|follow| follow.watch.take()) {
            self.bound.remove(&token);
            ctx.unbind(token);
        }
    }
}
