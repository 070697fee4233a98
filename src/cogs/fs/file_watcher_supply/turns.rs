//! Whose turn it is: one read of one file a turn, so that a busy one does not starve the rest.

use super::follow::{Follow, OPEN};
use super::stream::{Start, Stream};
use super::{Bound, FileWatcher, Number};
use crate::cog::Ctx;
use crate::cogs::fs::paths::may_be_meant;
use crate::error::{Result, plain};
use crate::escapement::Interest;

impl FileWatcher {
    pub(super) fn enqueue(&mut self, number: Number) {
        if let Some(follow) = self.follows.get_mut(&number)
            && follow.wants()
            && !std::mem::replace(&mut follow.queued, true)
        {
            self.queue.push_back(number);
        }
    }

    /// Something may be read of the file at a path: at once, when that does not stand in the queue.
    pub(super) fn changed_file(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        if let Some(stream) = self.follows.get_mut(&number).and_then(Follow::at_path) {
            stream.dirty = true;
        }
        self.touch(ctx, number)
    }

    /// As [`changed_file`](Self::changed_file), for any of a path's files.
    pub(super) fn touch(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        if self.follows.get(&number).is_some_and(|follow| !follow.queued) {
            self.step(ctx, number)?;
        }
        self.go_on(ctx)
    }

    pub(super) fn take_turn(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.wants_scan {
            self.rescan(ctx)?;
        }
        if self.queue.is_empty() && self.follows.is_empty() {
            self.next_todo(ctx);
        }
        if ctx.room() > 0
            && let Some(number) = self.queue.pop_front()
        {
            if let Some(follow) = self.follows.get_mut(&number) {
                follow.queued = false;
            }
            self.step(ctx, number)?;
        }
        self.go_on(ctx)
    }

    /// Reads once, or gives what was read, as far as there is room.
    fn step(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let room = ctx.room();
        if self.memory.is_some() {
            self.register(ctx, number)?;
        }
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        if room > 0
            && let Err(error) = follow.step(ctx, &self.settings, room, &self.readers, &mut self.scratch, self.memory.as_mut())
        {
            follow.trouble(ctx, &error, self.settings.tail);
            if !self.settings.tail {
                follow.streams.clear();
            }
        }
        // Nearly always there is but the one file, with no deadline.
        if follow.is_plain() {
            if follow.wants() && !std::mem::replace(&mut follow.queued, true) {
                self.queue.push_back(number);
            }
            return Ok(());
        }
        self.see_to(ctx, number)
    }

    /// After a step: files that are read to their end, copies, deadlines.
    #[inline(never)]
    fn see_to(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        // A copy of what was cut may have been opened.
        self.readers.extend(follow.streams.iter().filter(|stream| stream.copy).map(|stream| (stream.id, number)));
        follow.close_old(ctx, &self.settings, false);
        for stream in follow.ended.drain(..) {
            self.readers.remove(&stream.id);
            if let Some(memory) = &mut self.memory {
                memory.ledger.look_at(&*self.settings.disk, &stream);
            }
        }
        let takes_up = follow.postponed && follow.streams.len() <= OPEN / 2;
        let gone = follow.is_forgotten() || follow.streams.is_empty() && !self.settings.tail;
        self.enqueue(number);
        self.set_alarm(ctx, number)?;
        if gone {
            self.forget(ctx, number);
        } else if takes_up {
            self.check(ctx, number, false)?;
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        self.unwatch(ctx, number);
        if let Some(follow) = self.follows.remove(&number) {
            for stream in &follow.streams {
                self.readers.remove(&stream.id);
            }
            self.by_path.remove(&follow.path);
            for token in [follow.ready, follow.alarm.map(|(_, token)| token)].into_iter().flatten() {
                self.bound.remove(&token);
                ctx.unbind(token);
            }
        }
    }

    /// Lets the others come before the next turn.
    pub(super) fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let more = self.wants_scan || !self.queue.is_empty() || !self.todo.is_empty() && self.follows.is_empty();
        if more && self.soon.is_none() && (self.wants_scan || ctx.room() > 0) {
            self.soon = Some(ctx.soon()?);
        }
        Ok(())
    }

    pub(super) fn set_alarm(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        let deadline = follow.deadline(ctx.now(), &self.settings);
        match (follow.alarm, deadline) {
            (None, None) => return Ok(()),
            // Too early does no harm: it is worked out anew then.
            (Some((at, _)), Some(deadline)) if at <= deadline => return Ok(()),
            (Some((_, token)), _) => {
                follow.alarm = None;
                self.bound.remove(&token);
                ctx.unbind(token);
            }
            (None, Some(_)) => {}
        }
        if let Some(deadline) = deadline {
            let token = ctx.at(deadline)?;
            follow.alarm = Some((deadline, token));
            self.bound.insert(token, Bound::Alarm(number));
        }
        Ok(())
    }

    /// Without `tail`: opens the next file; one at a time, as they are read one after the other.
    fn next_todo(&mut self, ctx: &mut Ctx<'_>) {
        for name in std::mem::take(&mut self.names) {
            self.todo.push_back(name.into());
        }
        for glob in std::mem::take(&mut self.globs) {
            let files = glob.files();
            if files.is_empty() {
                ctx.trouble(&format!("nothing matches `{}`", glob.text()));
            }
            let meant: Vec<_> = files.into_iter().filter(|path| may_be_meant(&*self.settings.disk, path)).collect();
            self.todo.extend(meant);
        }
        while self.follows.is_empty()
            && let Some(path) = self.todo.pop_front()
        {
            let start = if self.settings.from_end { Start::End } else { Start::Begin };
            let opened = Stream::open(&*self.settings.disk, &path, &self.settings.lines, start, false);
            match opened.and_then(|mut stream| self.recall(&path, &mut stream).map(|()| stream)) {
                Ok(mut stream) => {
                    let number = self.follow(&path, false);
                    let Some(follow) = self.follows.get_mut(&number) else { return };
                    if stream.flows {
                        match ctx.fd(&stream.fd(), Interest::READ) {
                            Ok(token) => {
                                follow.ready = Some(token);
                                self.bound.insert(token, Bound::Pipe(number));
                            }
                            Err(_) => stream.dirty = true,
                        }
                    }
                    follow.streams.push_back(stream);
                    follow.current = true;
                    self.enqueue(number);
                }
                Err(error) => ctx.trouble(&format!("cannot read `{}`: {}", path.display(), plain(&error))),
            }
        }
    }
}
