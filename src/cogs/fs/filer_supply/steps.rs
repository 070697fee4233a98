//! What is done next: look at the directory, take files, send what was read. Each step begins the next as soon as there is room for it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::claims::Claims;
use super::clear::{Cleared, Due, Fate, clear};
use super::queue::{Scan, Scanned};
use super::take::{Taken, Took, take};
use super::{FilerSupply, Open, Recover};
use crate::cog::Ctx;
use crate::cogs::fs::filer::{answered, offload};
use crate::cogs::fs::whole::Content;
use crate::datum::Datum;
use crate::error::{Error, Result, plain, shorten};
use crate::escapement::{Changed, Wake};
use crate::log::Priority;

/// Files that are taken and whose end is not seen to yet, at most: so many are repeated after a crash.
pub(super) const WINDOW: usize = 64;
/// Files taken by one job: while they go their way the next ones are read.
const AT_ONCE: usize = 32;
/// Dead readers are looked for so often.
const RECOVER: Duration = Duration::from_secs(60);
/// Letters of a name in a message.
const LONGEST: usize = 100;

impl FilerSupply {
    /// Files that were taken and whose end is not seen to yet, without those whose events rest in pools: nothing of those is stored.
    pub(super) fn taken(&mut self, ctx: &mut Ctx<'_>) -> usize {
        // Of the open ones the engine knows which are at rest.
        let moving = self.open.len().min(self.max_in_flight.saturating_sub(ctx.room()));
        let jobs = self.jobs.take.map_or(0, |(_, count)| count) + self.jobs.clear.map_or(0, |(_, count)| count);
        moving + self.ready.len() + self.stored.len() + self.syncing.as_ref().map_or(0, Vec::len) + self.due.len() + jobs
    }

    /// Answers one of its bindings.
    pub(super) fn woken(&mut self, ctx: &mut Ctx<'_>, wake: Wake) {
        let token = ctx.token();
        let is = |bound: Option<crate::escapement::Token>| bound.is_some() && bound == token;
        match wake {
            Wake::Synced => self.synced(),
            Wake::Changed(changed) if is(self.watch) => self.changed(&changed, ctx.wall()),
            Wake::Signal(_) => self.wants_scan = true,
            Wake::Due { .. } if is(self.look) => {
                self.look = None;
                self.wants_scan = true;
            }
            Wake::Due { .. } if is(self.ask) => self.ask = None,
            Wake::Due { .. } => {
                self.blind.answers(token);
                self.stuck.answers(token);
            }
            Wake::Answer(answer) if is(self.jobs.scan) => {
                self.jobs.scan = None;
                self.scanned(ctx, answered(answer));
            }
            Wake::Answer(answer) if is(self.jobs.take.map(|(token, _)| token)) => {
                self.jobs.take = None;
                self.took(ctx, answered(answer));
            }
            Wake::Answer(answer) if is(self.jobs.clear.map(|(token, _)| token)) => {
                self.jobs.clear = None;
                self.cleared(ctx, answered(answer));
            }
            Wake::GiveUp => {
                (self.jobs.take, self.jobs.clear) = (None, None);
            }
            _ => {}
        }
    }

    /// Begins whatever can be begun.
    pub(super) fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        self.clear(ctx)?;
        self.take(ctx)?;
        self.ask_drains(ctx)?;
        self.wants_scan |= self.jobs.scan.is_none() && self.queue.takes_more();
        self.scan(ctx)
    }

    /// Something was told of the directory.
    fn changed(&mut self, changed: &Changed, now: SystemTime) {
        match &changed.name {
            Some(name) if !changed.what.rescan && !changed.what.gone => {
                // One that was made and is still being written has not been closed.
                if changed.what.closed_after_write {
                    self.queue.add(name.clone(), &self.choice, now);
                }
            }
            _ => self.wants_scan = true,
        }
    }

    /// Lists the directory, and looks for dead readers where that is due.
    fn scan(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.wants_scan || self.jobs.scan.is_some() || self.blind.waits() {
            return Ok(());
        }
        self.wants_scan = false;
        self.queue.looks();
        let dead = self.recover != Recover::None && self.recovered.is_none_or(|last| ctx.now().since(last) >= RECOVER);
        let scan = Scan {
            incoming: self.places.incoming.clone(),
            pending: self.pending.clone(),
            choice: self.choice.clone(),
            dead,
            loose: dead && self.recovered.is_none() && self.recover == Recover::All,
            now: ctx.wall(),
        };
        if dead {
            self.recovered = Some(ctx.now());
        }
        let (disk, claims) = (Arc::clone(&self.disk), self.claims.clone());
        self.jobs.scan = Some(offload(ctx, move || scan.run(&*disk, claims.as_deref().map(Claims::path)))?);
        Ok(())
    }

    fn scanned(&mut self, ctx: &mut Ctx<'_>, scanned: Option<Scanned>) {
        let Some(mut scanned) = scanned else {
            self.wants_scan = true;
            return self.blind.met(ctx, "the look at the directory failed; tries again");
        };
        if scanned.returned > 0 {
            ctx.say(Priority::Notice, &format!("put {} files back that a reader had taken which lives no more", scanned.returned));
        }
        if let Some((path, error)) = scanned.trouble.take() {
            self.wants_scan = true;
            // What was put back halfway is looked for again.
            self.recovered = None;
            self.blind.met(ctx, &format!("cannot use `{}`: {}; tries again", path.display(), plain(&error)));
        } else {
            let path = &self.places.incoming;
            self.blind.over(ctx, || format!("`{}` can be used again", path.display()));
            if self.look.is_none() && !self.ended {
                let told = self.watch.is_some_and(|watch| !ctx.is_polled(watch));
                self.look = ctx.after(if told { self.periods.0 } else { self.periods.1 }).ok();
                // The watch keeps the program alive.
                self.look.into_iter().for_each(|look| ctx.weaken(look));
            }
        }
        self.queue.set(scanned);
    }

    /// Takes the next files, as many as there is room for.
    fn take(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.queue.is_empty() || self.jobs.take.is_some() || !self.ready.is_empty() || self.stuck.waits() {
            return Ok(());
        }
        let count = WINDOW.saturating_sub(self.taken(ctx)).min(ctx.room()).min(AT_ONCE);
        if count == 0 {
            return Ok(());
        }
        if self.claims.is_none() {
            match Claims::make(&*self.disk, &self.pending, ctx.wall()) {
                Ok(claims) => self.claims = Some(Arc::new(claims)),
                Err(error) => {
                    let text = format!("cannot make a directory in `{}`: {}; tries again", self.pending.display(), plain(&error));
                    self.stuck.met(ctx, &text);
                    return Ok(());
                }
            }
        }
        let Some(claims) = self.claims.clone() else { return Ok(()) };
        let names = self.queue.next(count);
        let count = names.len();
        let (disk, incoming, reading) = (Arc::clone(&self.disk), self.places.incoming.clone(), self.reading);
        let token = offload(ctx, move || take(&*disk, &claims, &incoming, names, reading))?;
        self.jobs.take = Some((token, count));
        Ok(())
    }

    fn took(&mut self, ctx: &mut Ctx<'_>, took: Option<Took>) {
        let Some(took) = took else {
            self.wants_scan = true;
            return self.stuck.met(ctx, "the helper failed; tries again");
        };
        self.ready.extend(took.taken);
        self.busy.extend(took.busy);
        self.due.extend(took.stuck.into_iter().map(|name| Due { name, fate: Fate::Back }));
        if !self.ended {
            took.left.into_iter().for_each(|name| self.queue.put_back(name));
            took.refused.into_iter().for_each(|name| self.queue.put_last(name));
        }
        for name in took.odd {
            if self.odd.insert(name.clone()) {
                let name = shown(name.as_ref());
                ctx.say(
                    Priority::Warning,
                    &format!("`{name}` in `{}` is no regular file: leaves it there", self.places.incoming.display()),
                );
            }
        }
        if took.lost {
            self.lose_claims(ctx);
        } else if let Some((path, error)) = took.trouble {
            self.stuck.met(ctx, &format!("cannot take `{}`: {}; tries again", path.display(), plain(&error)));
        } else if !self.ready.is_empty() {
            self.tell_well(ctx);
        }
        if self.ended {
            // They are put back at the very end.
            self.put_back_ready();
        }
    }

    /// The directory of its own is gone, and all that was in it.
    fn lose_claims(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(claims) = self.claims.take() {
            self.wants_scan = true;
            self.stuck.met(ctx, &format!("`{}` is gone, with the files that were taken; makes another", claims.path().display()));
        }
    }

    pub(super) fn tell_well(&mut self, ctx: &mut Ctx<'_>) {
        let path = &self.places.incoming;
        self.stuck.over(ctx, || format!("files of `{}` can be moved again", path.display()));
    }

    /// Sends what was read, as far as there is room.
    pub(super) fn send(&mut self, ctx: &mut Ctx<'_>) {
        if self.ended {
            return;
        }
        let mut room = if self.ready.is_empty() { 0 } else { ctx.room() };
        while room > 0
            && let Some(taken) = self.ready.pop_front()
        {
            room -= 1;
            self.send_one(ctx, taken);
        }
    }

    fn send_one(&mut self, ctx: &mut Ctx<'_>, taken: Taken) {
        let number = ctx.next_origin();
        let Taken { name, what, mended } = taken;
        if mended > 0 {
            let text = format!("`{}` is not all text in {} ({mended} places)", shown(&name), self.reading.coding.name());
            ctx.say(Priority::Warning, &text);
        }
        let mut fault = None;
        match what {
            Ok(content) => {
                let payload = match content {
                    Content::Text(text) => Datum::from(text),
                    Content::Bytes(bytes) => Datum::Bytes(bytes.into()),
                };
                let setter = &self.name_setter;
                if setter.is_null() {
                    ctx.emit_new(payload, number);
                } else {
                    let called = name.to_str().map_or_else(|| Datum::Bytes(name.as_encoded_bytes().into()), Datum::from);
                    ctx.emit_new_with(payload, number, |datum| setter.set(datum, called));
                }
            }
            Err(unfit) => {
                let text = format!("`{}` {}", shown(&name), unfit.text);
                let begin = String::from_utf8(unfit.begin).map_or_else(|error| Datum::Bytes(error.into_bytes().into()), Datum::from);
                fault = Some(text.clone());
                ctx.fail_new(begin, number, &Error::Refused { reason: unfit.reason, text });
            }
        }
        self.open.insert(number, Open { name, fault });
    }

    /// What was read and not sent goes back.
    pub(super) fn put_back_ready(&mut self) {
        self.due.extend(self.ready.drain(..).map(|taken| Due { name: taken.name, fate: Fate::Back }));
    }

    /// Has done what is due.
    pub(super) fn clear(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.due.is_empty() || self.jobs.clear.is_some() || self.stuck.waits() {
            return Ok(());
        }
        let Some(claims) = self.claims.clone() else {
            // They are gone with their directory.
            self.due.clear();
            return Ok(());
        };
        let due = std::mem::take(&mut self.due);
        let count = due.len();
        let (disk, places) = (Arc::clone(&self.disk), self.places.clone());
        let token = offload(ctx, move || clear(&*disk, &claims, &places, due))?;
        self.jobs.clear = Some((token, count));
        Ok(())
    }

    fn cleared(&mut self, ctx: &mut Ctx<'_>, cleared: Option<Cleared>) {
        let Some(Cleared { left, trouble }) = cleared else { return self.stuck.met(ctx, "the helper failed; tries again") };
        self.due.extend(left);
        if !self.ended {
            self.busy.drain(..).for_each(|name| self.queue.put_back(name));
        }
        match trouble {
            Some((path, error)) => {
                self.stuck.met(ctx, &format!("cannot move or remove `{}`: {}; tries again", path.display(), plain(&error)));
            }
            None => self.tell_well(ctx),
        }
    }
}

/// A name as messages show it.
fn shown(name: &std::ffi::OsStr) -> String {
    shorten(&Path::new(name).to_string_lossy(), LONGEST)
}
