//! From hints to messages on their way: folders are watched and listed, messages that are due are taken and sent.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::scan::{Found, Note, Notes, Place, Scanned, scan};
use super::take::{AT_ONCE, Mail, Taken};
use super::{AHEAD, Key, Maildir, SCAN};
use crate::cog::Ctx;
use crate::cogs::email::name::{Name, is_message};
use crate::cogs::email::pool;
use crate::datum::Datum;
use crate::error::{Error, Result, plain};
use crate::escapement::{Changed, Moment, Token, Wake};
use crate::log::Priority;

/// The first and the longest pause after something could not be read.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);
/// So many hints and messages wait at most; more than that are found by listing.
const MANY: usize = 65_536;

/// A folder of the Maildir.
#[derive(Debug)]
pub(super) struct Folder {
    name: String,
    pub(super) path: PathBuf,
    /// Of `new` and `cur`, while the system tells of them.
    watches: [Option<Token>; 2],
    pub(super) wants_scan: bool,
    /// It is not there, and that has been told.
    missing: bool,
    pub(super) notes: Notes,
    /// What was told of while the notes were lent to the helper.
    hints: Vec<(Place, OsString)>,
}

/// A message that was due when it was found.
#[derive(Debug)]
pub(super) struct Queued {
    folder: u32,
    found: Found,
}

const PLACES: [Place; 2] = [Place::New, Place::Cur];

impl Folder {
    pub(super) fn new(name: &str, path: PathBuf) -> Self {
        let prefix = if name == "." { String::new() } else { format!("{name}/") };
        Self { name: prefix, path, watches: [None; 2], wants_scan: false, missing: false, notes: Notes::new(), hints: Vec::new() }
    }

    pub(super) fn take_watches(&mut self) -> impl Iterator<Item = Token> + use<> {
        std::mem::take(&mut self.watches).into_iter().flatten()
    }
}

impl Maildir {
    /// Watches what can be watched, and sees to it that the rest is looked at in time.
    pub(super) fn watch(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        for folder in &mut self.folders {
            for (place, watch) in PLACES.into_iter().zip(&mut folder.watches) {
                if watch.is_some() {
                    continue;
                }
                match ctx.watch(&folder.path.join(place.name()), self.poll) {
                    // Looking is the helper's work.
                    Ok(token) if ctx.is_polled(token) => {
                        ctx.unbind(token);
                    }
                    Ok(token) => {
                        *watch = Some(token);
                        folder.wants_scan = true;
                    }
                    Err(Error::Finished) => return Err(Error::Finished),
                    // It is not there, or must not be looked into; listing it tells.
                    Err(_) => {}
                }
            }
        }
        let told = self.folders.iter().all(|folder| folder.watches.iter().all(Option::is_some));
        let period = if told { SCAN } else { self.poll.min(SCAN) };
        if self.beat.is_none_or(|(_, beat)| beat != period) {
            if let Some((token, _)) = self.beat.take() {
                ctx.unbind(token);
            }
            self.beat = Some((ctx.every(period)?, period));
        }
        Ok(())
    }

    /// Something has come that is not about marks.
    pub(super) fn woken(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let token = ctx.token();
        match wake {
            Wake::Answer(answer) if self.scanning.is_some_and(|(scanning, _)| Some(scanning) == token) => {
                if let Some((_, number)) = self.scanning.take() {
                    self.scanned(ctx, number, pool::answer(answer));
                }
            }
            Wake::Answer(answer) if self.reading.as_ref().is_some_and(|(reading, _)| Some(*reading) == token) => {
                if let Some((_, keys)) = self.reading.take() {
                    self.taken(ctx, keys, pool::answer(answer));
                }
            }
            Wake::Changed(changed) => self.changed(token, &changed),
            Wake::Due { .. } if token == self.again => {
                self.again = None;
                self.look_at_all();
            }
            Wake::Due { .. } | Wake::Signal(_) if !self.ending => {
                self.look_at_all();
                self.watch(ctx)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn look_at_all(&mut self) {
        self.folders.iter_mut().for_each(|folder| folder.wants_scan = true);
    }

    /// Something was told of a directory.
    fn changed(&mut self, token: Option<Token>, changed: &Changed) {
        let watches = |folder: &Folder| PLACES.into_iter().zip(folder.watches).find(|(_, watch)| token.is_some() && *watch == token);
        let Some((number, place)) = self.folders.iter().enumerate().find_map(|(n, folder)| Some((n, watches(folder)?.0))) else { return };
        let what = changed.what;
        let folder = &mut self.folders[number];
        let Some(file) = changed.name.as_ref().filter(|_| !what.gone && !what.rescan) else {
            folder.wants_scan = true;
            return;
        };
        // A message is whole when it comes. What is written where it lies is none of ours to wait for.
        let ours = || self.open.contains(&(number as u32, Name::of(file).unique));
        if what.created && is_message(file) && !ours() {
            if folder.hints.len() + self.queue.len() < MANY {
                folder.hints.push((place, file.clone()));
            } else {
                folder.wants_scan = true;
            }
        }
    }

    /// Does all that can be done now.
    pub(super) fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.ending {
            return Ok(());
        }
        self.heed_hints();
        self.begin_scan(ctx)?;
        self.begin_reading(ctx)?;
        self.marks.go_on(ctx)
    }

    /// Puts those into the queue that were told of and are due as far as is known.
    fn heed_hints(&mut self) {
        let lent = self.scanning.map(|(_, number)| number as usize);
        for (number, folder) in self.folders.iter_mut().enumerate().filter(|(number, _)| Some(*number) != lent) {
            for (place, file) in std::mem::take(&mut folder.hints) {
                let name = Name::of(&file);
                let known = (number as u32, name.unique.clone());
                if !self.open.contains(&known) && self.taking.rules.is_due(place, &name, &mut folder.notes) {
                    self.queue.push_back(Queued { folder: number as u32, found: Found { place, file, twin: None } });
                }
            }
        }
    }

    /// Has the helper list a folder that is to be looked at, one at a time.
    fn begin_scan(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.scanning.is_some() || self.again.is_some() {
            return Ok(());
        }
        let Some(number) = self.folders.iter().position(|folder| folder.wants_scan) else { return Ok(()) };
        let folder = &mut self.folders[number];
        folder.wants_scan = false;
        let (disk, path, rules) = (Arc::clone(&self.disk), folder.path.clone(), self.taking.rules.clone());
        let notes = std::mem::take(&mut folder.notes);
        let token = ctx.offload(pool::job(move || scan(&*disk, &path, &rules, notes)))?;
        self.scanning = Some((token, number as u32));
        Ok(())
    }

    fn scanned(&mut self, ctx: &mut Ctx<'_>, number: u32, scanned: Option<Scanned>) {
        let folder = &mut self.folders[number as usize];
        let Some(Scanned { mut notes, due }) = scanned else {
            return self.trouble(ctx, &io::Error::other("the helper failed"));
        };
        // What was noted meanwhile is newer.
        notes.extend(folder.notes.drain());
        folder.notes = notes;
        match due {
            Ok(due) => {
                if std::mem::take(&mut folder.missing) {
                    ctx.say(Priority::Notice, &format!("`{}` is there now", folder.path.display()));
                }
                // What was found before and is still due is among them, as hints had to wait meanwhile.
                self.queue.retain(|queued| queued.folder != number);
                self.queue.extend(due.into_iter().map(|found| Queued { folder: number, found }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.is_missing(ctx, number),
            Err(error) => self.trouble(ctx, &error),
        }
    }

    fn is_missing(&mut self, ctx: &mut Ctx<'_>, number: u32) {
        let folder = &mut self.folders[number as usize];
        if std::mem::replace(&mut folder.missing, true) {
            return;
        }
        if self.tail {
            ctx.say(Priority::Warning, &format!("`{}` is no Maildir folder yet: waits for its `new` and `cur`", folder.path.display()));
        } else {
            ctx.trouble(&format!("`{}` is no Maildir folder: it has not both `new` and `cur`", folder.path.display()));
        }
    }

    /// Has the helper read the next messages, as far as there is room.
    fn begin_reading(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.reading.is_some() || self.queue.is_empty() || self.open.len() >= AHEAD {
            return Ok(());
        }
        let most = AT_ONCE.min(AHEAD - self.open.len()).min(ctx.room());
        let (mut group, mut keys): (Vec<Found>, Vec<Key>) = (Vec::new(), Vec::new());
        // They are of one folder.
        let mut of = None;
        while group.len() < most
            && let Some(next) = self.queue.front()
            && of.is_none_or(|folder| folder == next.folder)
            && let Some(Queued { folder, found }) = self.queue.pop_front()
        {
            let key = (folder, Name::of(&found.file).unique);
            // One of two with the same name gets another one; it is not the one that is known by this.
            if found.twin.is_none() {
                if self.open.contains(&key) || self.folders[folder as usize].notes.contains_key(&key.1) {
                    continue;
                }
                self.open.insert(key.clone());
            }
            of = Some(folder);
            keys.push(key);
            group.push(found);
        }
        let Some(number) = of else { return Ok(()) };
        let (disk, path, taking) = (Arc::clone(&self.disk), self.folders[number as usize].path.clone(), self.taking.clone());
        let token = ctx.offload(pool::job(move || taking.take(&*disk, number, &path, group)))?;
        self.reading = Some((token, keys));
        Ok(())
    }

    /// Messages have been read: sends them.
    fn taken(&mut self, ctx: &mut Ctx<'_>, keys: Vec<Key>, taken: Option<Vec<Taken>>) {
        let Some(taken) = taken else {
            for key in &keys {
                self.open.remove(key);
            }
            return self.trouble(ctx, &io::Error::other("the helper failed"));
        };
        let (mut failed, mut read, mut left) = (None, false, Vec::new());
        for (key, taken) in keys.into_iter().zip(taken) {
            match taken {
                Taken::Read(mail, bytes) => {
                    read = true;
                    self.send(ctx, mail, |name, ctx, number, setter| {
                        ctx.emit_new_with(Datum::Bytes(bytes.into()), number, |datum| {
                            if setter.is_null() { Ok(()) } else { setter.set(datum, name.into()) }
                        });
                    });
                }
                Taken::TooLong(mail, size, beginning) => {
                    let most = self.taking.max_size;
                    self.send(ctx, mail, |name, ctx, number, _| {
                        let text = format!("message `{name}` has {size} bytes, more than the {most} of `max_size`");
                        ctx.fail_new(Datum::Bytes(beginning.into()), number, &Error::Refused { reason: "long_mail", text });
                    });
                }
                Taken::NotDue => {
                    self.open.remove(&key);
                }
                Taken::NoFile => {
                    let folder = &mut self.folders[key.0 as usize];
                    ctx.say(
                        Priority::Warning,
                        &format!("`{}` in `{}` is no file: it is left alone", key.1.display(), folder.path.display()),
                    );
                    folder.notes.insert(key.1.clone(), Note::default());
                    self.open.remove(&key);
                }
                Taken::Failed(error) => {
                    self.open.remove(&key);
                    failed = Some(error);
                }
                Taken::Left(found) => {
                    self.open.remove(&key);
                    left.push(Queued { folder: key.0, found });
                }
            }
        }
        left.into_iter().rev().for_each(|queued| self.queue.push_front(queued));
        match failed {
            Some(error) => self.trouble(ctx, &error),
            None if read && self.trouble.take().is_some() => {
                ctx.say(Priority::Notice, &format!("`{}` can be read again", self.root.display()));
            }
            None => {}
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, mail: Mail, send: impl FnOnce(String, &mut Ctx<'_>, u64, &crate::getset::Setter)) {
        let number = ctx.next_origin();
        let name = format!("{}{}", self.folders[mail.folder as usize].name, mail.name.unique.display());
        // A twin has got a name of its own.
        self.open.insert((mail.folder, mail.name.unique.clone()));
        self.flying.insert(number, mail);
        send(name, ctx, number, &self.name_setter);
    }

    /// Something could not be read: looks at all again later, and tells it now and then.
    fn trouble(&mut self, ctx: &mut Ctx<'_>, error: &io::Error) {
        let text = format!("cannot read messages in `{}`: {}", self.root.display(), plain(error));
        if !self.tail {
            return ctx.trouble(&text);
        }
        let pause = self.trouble.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1));
        self.trouble = Some(pause);
        let now: Moment = ctx.now();
        if self.told.is_none_or(|told| now.since(told) >= TELL) {
            self.told = Some(now);
            ctx.say(Priority::Error, &format!("{text}; tries again"));
        }
        if self.again.is_none() {
            // Refused only after the end of life.
            self.again = ctx.after(pause).ok();
        }
    }
}
