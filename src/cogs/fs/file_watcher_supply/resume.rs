//! What the supply remembers over its end: opening it, finding files again, letting go of those that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::AGAIN;
use super::follow::{Follow, OPEN};
use super::guard::Guard;
use super::ledger::{Copied, Ledger, There};
use super::siblings::{Listing, is_packed};
use super::stream::{Start, Stream, id};
use super::{FileWatcher, Number};
use crate::cog::Ctx;
use crate::disk::{Disk, retry};
use crate::error::{Error, Result};
use crate::escapement::Wake;
use crate::log::Priority;
use crate::state::{self, Found, Keeper};

/// Rotated files that are opened at once; what is left is found by the next look.
const AT_ONCE: usize = 256;

/// What is remembered, and how.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub(super) struct Memory {
    pub(super) keeper: Keeper,
    pub(super) ledger: Ledger,
    pub(super) guard: Guard,
    /// There was no run before.
    pub(super) first: bool,
    /// Something was remembered of former runs, but it is lost: nothing that is there now is known.
    pub(super) lost: bool,
    /// It is being found out what has become of the files that are remembered.
    pub(super) starting: bool,
    /// What stands in the directories, meanwhile.
    pub(super) listing: Listing,
    /// The run has ended in order.
    pub(super) clean: bool,
}

impl Memory {
    pub(super) fn open(ctx: &Ctx<'_>, options: &state::Options) -> Result<Self> {
        let (keeper, found) = Keeper::open(ctx, options, "fs::file_watcher_supply")?;
        let (first, lost, mut guard) = (found == Found::First, found == Found::Lost, Guard::default());
        let mut ledger = match found {
            Found::Kept { body, clean } => {
                if !clean {
                    guard = Guard::after_crash(&keeper.marked());
                }
                Ledger::read(&body).ok_or_else(|| Error::State {
                    path: options.path.clone(),
                    text: "does not say what a state of this cog says".into(),
                    hint: Some("move it away; everything is read again then".into()),
                })?
            }
            Found::Lost => {
                ctx.say(Priority::Warning, "what was remembered is lost: reads everything again");
                Ledger::default()
            }
            Found::First => Ledger::default(),
        };
        ledger.count_from(ctx.next_origin());
        Ok(Self { keeper, ledger, guard, first, lost, starting: true, listing: Listing::default(), clean: false })
    }
}

impl FileWatcher {
    /// Every file that is read has its entry in the ledger, and stands there under its present name.
    pub(super) fn register(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let (Some(memory), Some(follow)) = (&mut self.memory, self.follows.get_mut(&number)) else { return Ok(()) };
        let mut new = false;
        for stream in follow.streams.iter_mut().filter(|stream| !stream.flows) {
            if stream.ticket.is_none() {
                stream.ticket = Some(memory.ledger.begin(&follow.path, stream.id, stream.born, stream.offset));
                new = true;
            } else {
                memory.ledger.moved(stream, &follow.path);
            }
        }
        if new { memory.keeper.changed(ctx, 0) } else { Ok(()) }
    }

    /// A file that was just opened is read on where it was left, if it is known. At the start that is
    /// also done with a copy.
    pub(super) fn recall(&self, path: &Path, stream: &mut Stream) -> io::Result<()> {
        let Some(memory) = self.memory.as_ref().filter(|_| !stream.flows) else { return Ok(()) };
        let (disk, lines) = (&*self.settings.disk, &self.settings.lines);
        let size = retry(|| disk.about_open(stream.file()))?.len();
        let mut known = memory.ledger.same(disk, stream, size)?;
        if known.is_none()
            && memory.starting
            && let Copied::GoesOn(ticket, offset) = memory.ledger.copied(disk, stream, size, path, &There::default())?
        {
            known = Some((ticket, offset));
        }
        if let Some((ticket, offset)) = known {
            stream.go_to(disk, offset, size, lines);
            stream.ticket = Some(ticket);
        }
        Ok(())
    }

    /// Looks for files that stood at a path and were renamed or copied while nobody looked: those that are not read to their
    /// end, and those of which nothing is known, oldest first. True when there are more of them than may be open.
    pub(super) fn find_rotated(&mut self, ctx: &mut Ctx<'_>, number: Number, listing: &mut Listing) -> Result<bool> {
        let (Some(memory), Some(follow)) = (&mut self.memory, self.follows.get_mut(&number)) else { return Ok(false) };
        // Those that were there before the path was followed are none of ours.
        let fresh = std::mem::take(&mut follow.fresh);
        let (disk, path) = (Arc::clone(&self.settings.disk), follow.path.clone());
        let mut exists = There::default();
        follow.streams.iter().for_each(|stream| exists.add(stream.id, stream.born));
        if let Ok(about) = disk.about(&path) {
            exists.add(id(&about), about.created().ok());
        }
        let mut unknown = Vec::new();
        let mut found: Vec<(usize, Stream)> = Vec::new();
        let (siblings, mut again) = listing.rotated(&*disk, &path).map_or_else(|_| (Vec::new(), true), |all| (all, false));
        for (place, (about, name)) in siblings.iter().enumerate() {
            let id = id(about);
            let other = self.by_path.contains_key(name) || self.globs.iter().any(|glob| glob.matches(name));
            if other || self.readers.contains_key(&id) || about.len() == 0 {
                continue;
            }
            if found.len() + unknown.len() >= AT_ONCE {
                again = true;
                break;
            }
            let mut stream = match Stream::open(&*disk, name, &self.settings.lines, Start::Begin, true) {
                Ok(stream) => stream,
                Err(error) => {
                    again |= !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
                    continue;
                }
            };
            if stream.flows || stream.id != id {
                continue;
            }
            match memory.ledger.same(&*disk, &stream, about.len()) {
                Ok(Some((_, offset))) if offset == about.len() => {
                    exists.add(id, stream.born);
                }
                Ok(Some((ticket, offset))) => {
                    stream.go_to(&*disk, offset, about.len(), &self.settings.lines);
                    stream.ticket = Some(ticket);
                    exists.add(id, stream.born);
                    found.push((place, stream));
                }
                Ok(None) if fresh => {
                    // It was there before we came.
                    let ticket = memory.ledger.begin(&path, id, stream.born, about.len());
                    stream.ticket = Some(ticket);
                    memory.ledger.look_at(&*disk, &stream);
                }
                // However many there are, they must not keep others from being looked at.
                Ok(None) if is_packed(stream.print()) => {}
                Ok(None) => unknown.push((place, stream, about.len())),
                Err(_) => again = true,
            }
        }
        for (place, mut stream, size) in unknown {
            match memory.ledger.copied(&*disk, &stream, size, &path, &exists) {
                Ok(Copied::GoesOn(ticket, offset)) => {
                    stream.go_to(&*disk, offset, size, &self.settings.lines);
                    stream.ticket = Some(ticket);
                    found.push((place, stream));
                }
                Ok(Copied::Not) if !follow.streams.iter().any(|other| stream.begins(&*disk, size, other).unwrap_or(false)) => {
                    found.push((place, stream));
                }
                Ok(_) => {}
                Err(_) => again = true,
            }
        }
        if again {
            // Something could not be looked at just now.
            follow.fresh = fresh;
            follow.again = Some((ctx.now() + AGAIN, None, None));
        }
        found.sort_by_key(|(place, _)| *place);
        // At the start they come before what stands at the path, which is open already.
        let room = if memory.starting || fresh { AT_ONCE } else { OPEN.saturating_sub(follow.streams.len()) };
        let more = found.len() > room;
        found.truncate(room);
        if more {
            follow.postpone(ctx);
        }
        let closes = ctx.now() + self.settings.rotate_wait;
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(more) };
        for (_, mut stream) in found {
            ctx.say(Priority::Notice, &format!("reads `{}` on in a file that was renamed", path.display()));
            stream.closes = Some(closes);
            self.readers.insert(stream.id, number);
            // What stands at the path stays last.
            let at = follow.streams.len() - usize::from(follow.current);
            follow.streams.insert(at, stream);
        }
        self.register(ctx, number)?;
        self.enqueue(number);
        self.set_alarm(ctx, number)?;
        Ok(more)
    }

    /// Lets go of what is remembered of files that are gone for long.
    pub(super) fn sweep(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let disk = &*self.settings.disk;
        let mut listing = Listing::default();
        let mut there = There::default();
        let mut unknown = BTreeSet::new();
        let mut paths: BTreeSet<PathBuf> = memory.ledger.resting().into_iter().collect();
        paths.extend(self.by_path.keys().cloned());
        for path in paths {
            // What cannot be listed just now is not gone for that.
            let Ok(alike) = listing.alike(disk, &path) else { return Ok(()) };
            for other in alike {
                let Ok(about) = disk.about(&other) else { continue };
                let (id, born) = (id(&about), about.created().ok());
                there.add(id, born);
                if other != path && memory.ledger.offset_of(&id, born).is_none() {
                    unknown.extend(self.by_path.get(&path).copied());
                }
            }
        }
        let mut unread = Vec::new();
        let left = memory.ledger.sweep(ctx.now(), &there, |path| unread.push(path.to_owned()));
        for path in unread {
            ctx.say(Priority::Info, &format!("a file of `{}` is gone, and what was remembered of it", path.display()));
        }
        if left {
            memory.keeper.changed(ctx, 0)?;
        }
        for number in unknown {
            self.find_rotated(ctx, number, &mut listing)?;
        }
        Ok(())
    }

    /// Answers what concerns the checkpoint.
    pub(super) fn keep(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<Option<Wake>> {
        let Some(Memory { keeper, ledger, .. }) = &mut self.memory else { return Ok(Some(wake)) };
        let (follows, disk) = (&self.follows, &*self.settings.disk);
        keeper.wake(ctx, wake, || {
            look_at(ledger, follows, disk);
            ledger.write()
        })
    }

    /// Writes the checkpoint while the run waits.
    pub(super) fn keep_now(&mut self) {
        if let Some(Memory { keeper, ledger, clean, .. }) = &mut self.memory {
            look_at(ledger, &self.follows, &*self.settings.disk);
            keeper.write_now(ledger.write(), *clean);
            if *clean {
                keeper.mark("");
            }
        }
    }
}

/// Puts into the ledger what only the open files tell.
fn look_at(ledger: &mut Ledger, follows: &BTreeMap<Number, Follow>, disk: &dyn Disk) {
    follows.values().flat_map(|follow| follow.streams.iter().chain(&follow.ended)).for_each(|stream| ledger.look_at(disk, stream));
}
