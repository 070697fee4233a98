//! Where lines gather until they are written: their bytes, the events whose lines they are, and the time of writing.
//!
//! Written when nothing more waits, when much is there, each line at once, or at a certain age. An event ends well when its
//! line is written, or synced where `fsync` says so, and not before. What cannot be written now is kept and tried again where the
//! outlet says that this may help; nothing is written twice but after a failed sync, and no line follows half a one. `pieces` is
//! where the bytes lie, `syncing` brings them to the disk, `outlet` is what it writes to.

mod copy;
mod pieces;
mod syncing;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use self::copy::copy;
use self::pieces::{PIECE, Pieces};
use self::syncing::Syncing;
pub(super) use self::syncing::{FSYNC, Policy};
use super::outlet::Outlet;
use crate::cog::{Args, Backlog, Batch, Ctx, Lit, Origins, Outcome, Param, Shelf, Texts, Ty};
use crate::datum::Datum;
use crate::disk::{self, Disk};
use crate::error::{Error, Result, plain};
use crate::escapement::{Interest, Moment, Token, Wake};
use crate::log::Priority;

/// `flush`.
pub(super) const FLUSH: Param = Param::new("flush", Ty::Either(&[Ty::Bool, Ty::Seconds]))
    .default(Lit::Bool(false))
    .about("when lines are written: false, when the buffer is full or nothing more waits; true, each at once; a number, when they are that many seconds old");
/// `separator`.
pub(super) const SEPARATOR: Param = Param::new("separator", Ty::Separator).or("\n").about("what is written after each line");
/// `data_getter`.
pub(super) const DATA_GETTER: Param =
    Param::getter("data_getter").or("selfgetter").about("the line in the datum: a string, or a blob that is written as it is");

/// All is written when this much waits.
const FULL: u64 = PIECE as u64;
/// With `flush` in seconds it is also written when this many events wait in it, as their supplies stop at some number.
const MANY: usize = 500;
/// The first and the longest pause after an error.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);

/// When to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flush {
    Idle,
    Each,
    Age(Duration),
}

impl Flush {
    /// From the option.
    pub(super) fn of(args: &Args) -> Self {
        match args.datum("flush") {
            Datum::Bool(true) => Self::Each,
            Datum::Float(seconds) => Self::Age(Duration::from_secs_f64(seconds)),
            _ => Self::Idle,
        }
    }
}

/// Why nothing can be written just now.
#[derive(Debug)]
enum Wait {
    /// The outlet tells when it takes more.
    Ready(Token),
    /// After an error.
    Pause(Token),
    /// After too many failed syncs, until it is told to open the file anew.
    Failed,
}

#[derive(Debug)]
struct Trouble {
    pause: Duration,
    told: bool,
}

/// The lines with all that belongs to them. Places are counted from the first byte ever put in.
pub(super) struct Sink {
    outlet: Box<dyn Outlet>,
    disk: Arc<dyn Disk>,
    flush: Flush,
    pieces: Pieces,
    /// All before this is written.
    written: u64,
    /// The last line's end before `written`.
    line_end: u64,
    /// Each line's end, until its event has ended.
    ends: VecDeque<u64>,
    /// Their events.
    events: Shelf,
    /// The last of the ends that are no more there.
    settled: u64,
    syncing: Syncing,
    idle: Option<Token>,
    age: Option<Token>,
    wait: Option<Wait>,
    trouble: Option<Trouble>,
    /// When some was told last.
    told: Option<Moment>,
    /// Nothing will ever be written any more; whether that is no fault.
    broken: Option<bool>,
}

impl Sink {
    pub(super) fn new(outlet: Box<dyn Outlet>, flush: Flush, policy: Policy) -> Self {
        Self {
            outlet,
            disk: disk::real(),
            flush,
            pieces: Pieces::default(),
            written: 0,
            line_end: 0,
            ends: VecDeque::new(),
            events: Shelf::default(),
            settled: 0,
            syncing: Syncing::new(policy),
            idle: None,
            age: None,
            wait: None,
            trouble: None,
            told: None,
            broken: None,
        }
    }

    /// Opens what it writes to.
    pub(super) fn open(&mut self, ctx: &Ctx<'_>) -> Result<()> {
        self.disk = Arc::clone(ctx.disk());
        let opened = self.outlet.prepare(&*self.disk, ctx.wall(), true);
        opened.map(drop).map_err(|error| Error::os("open", self.outlet.path(), error))
    }

    pub(super) fn outlet(&mut self) -> &mut dyn Outlet {
        &mut *self.outlet
    }

    /// Puts in a line for the event that is being turned. `write` must append the whole line or fail. Nothing is written
    /// before the batch is over, as no part of an event may end before the event's turn does.
    #[inline]
    pub(super) fn put(&mut self, ctx: &mut Ctx<'_>, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let (piece, base) = self.pieces.room();
        let before = piece.len();
        if let Err(error) = write(piece) {
            piece.truncate(before);
            return Err(error);
        }
        self.ends.push_back(base + piece.len() as u64);
        ctx.put_on(&mut self.events);
        Ok(())
    }

    /// Puts in a line for each event of a batch, which goes on to the drain's successors where it has some. `plain_end`: what ends
    /// the lines, where a text is its own line.
    ///
    /// # Errors
    /// A wake-up cannot be bound.
    pub(super) fn put_batch(
        &mut self,
        ctx: &mut Ctx<'_>,
        batch: Batch,
        plain_end: Option<&[u8]>,
        mut line: impl FnMut(&Datum, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let batch = match plain_end {
            Some(end) => {
                let ((piece, base), ends) = (self.pieces.room(), &mut self.ends);
                let put = |texts: Texts<'_>| copy(texts, end, piece, |length| ends.push_back(base + length as u64));
                match batch.put_texts(ctx, &mut self.events, put) {
                    Some(batch) => batch,
                    None => return self.put_all(ctx),
                }
            }
            None => batch,
        };
        if ctx.has_successors() {
            batch.each(ctx, |ctx, datum| {
                self.put(ctx, |into| line(&datum, into))?;
                ctx.emit(datum);
                Ok(())
            })?;
        } else {
            batch.each_shown(ctx, |ctx, datum| self.put(ctx, |into| line(datum, into)))?;
        }
        self.put_all(ctx)
    }

    /// A batch has been put in: writes, or sees to it that it will be written.
    fn put_all(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(expected) = self.broken {
            self.drop_all(expected);
        }
        if !self.may_write() || self.ends.is_empty() {
            return Ok(());
        }
        let full = self.pieces.end() - self.written >= FULL;
        let now = match self.flush {
            // A line that came alone need not wait to be told that it did.
            Flush::Idle => full || ctx.is_at_rest(),
            Flush::Each => true,
            Flush::Age(_) => full || self.ends.len() >= MANY,
        };
        match self.flush {
            _ if now => self.write(ctx),
            Flush::Idle if self.idle.is_none() => self.idle = Some(ctx.idle()?),
            Flush::Age(age) if self.age.is_none() => self.age = Some(ctx.after(age)?),
            Flush::Idle | Flush::Each | Flush::Age(_) => {}
        }
        Ok(())
    }

    /// Answers one of its bindings; gives the wake-up back when it is none of its own.
    pub(super) fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Option<Wake> {
        let token = ctx.token();
        let own = |bound: &Option<Token>| bound.is_some() && *bound == token;
        if own(&self.idle) {
            self.idle = None;
        } else if own(&self.age) {
            self.age = None;
        } else {
            match (&self.wait, wake) {
                (_, Wake::GiveUp) => {
                    self.give_up(ctx);
                    return None;
                }
                (Some(Wait::Ready(bound)), _) if token == Some(*bound) => {
                    ctx.unbind(*bound);
                    self.wait = None;
                }
                (Some(Wait::Pause(bound)), _) if token == Some(*bound) => self.wait = None,
                (_, Wake::Answer(answer)) if self.syncing.waits_for(token) => self.sync_answered(ctx, answer),
                (_, wake) => return Some(wake),
            }
        }
        if self.may_write() {
            self.write(ctx);
        }
        None
    }

    /// For the cog's `finish`: writes what there is, and from now on each line at once, as a broadcast may still bring some.
    pub(super) fn finish(&mut self, ctx: &mut Ctx<'_>) {
        self.flush = Flush::Each;
        self.syncing.ends();
        self.write_now(ctx);
        // Also when it could not write.
        self.begin_sync(ctx);
    }

    /// Writes what there is, whether its time has come or not; also after the outlet was changed.
    pub(super) fn write_now(&mut self, ctx: &mut Ctx<'_>) {
        match self.wait {
            Some(Wait::Pause(_)) => self.set_wait(ctx, None),
            Some(Wait::Failed) => {
                self.syncing.try_again();
                self.wait = None;
            }
            _ => {}
        }
        if self.may_write() {
            self.write(ctx);
        }
    }

    /// What it keeps.
    pub(super) fn backlog(&self) -> Backlog {
        Backlog { held: self.ends.len(), stalled: self.wait.is_some() }
    }

    /// Of which supplies that is.
    pub(super) fn kept_origins(&self) -> Origins {
        self.events.origins()
    }

    /// Whether anything is not stored yet.
    pub(super) fn is_busy(&self) -> bool {
        !self.ends.is_empty() || self.is_ending_sync()
    }

    /// Whether nothing hinders a write.
    fn may_write(&self) -> bool {
        self.wait.is_none() && !self.syncing.holds_writes()
    }

    fn set_wait(&mut self, ctx: &mut Ctx<'_>, wait: Option<Wait>) {
        if let Some(Wait::Ready(token) | Wait::Pause(token)) = std::mem::replace(&mut self.wait, wait) {
            ctx.unbind(token);
        }
    }

    /// Writes until all is written or something hinders it; then `wait` says what.
    fn write(&mut self, ctx: &mut Ctx<'_>) {
        for token in [self.idle.take(), self.age.take()].into_iter().flatten() {
            ctx.unbind(token);
        }
        let end = self.pieces.end();
        if self.written == end
            && self.outlet.is_stale()
            && let Err(error) = self.outlet.prepare(&*self.disk, ctx.wall(), true)
        {
            return self.pause(ctx, &error, true);
        }
        while self.written < end {
            match self.outlet.prepare(&*self.disk, ctx.wall(), self.written == self.line_end) {
                Ok(true) => {}
                Ok(false) => self.written = self.line_end,
                Err(error) => return self.pause(ctx, &error, true),
            }
            let line = self.line_at(self.written);
            let rest = (line - self.written) as usize;
            let mut bytes = self.pieces.at(self.written);
            if self.written > self.line_end {
                // The line's end first: what comes behind may go to another file.
                bytes = &bytes[..rest];
            }
            match self.outlet.write(&*self.disk, bytes, rest) {
                Ok(count) => self.advance(count, line),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return self.wait_ready(ctx),
                    io::ErrorKind::BrokenPipe if self.outlet.is_stream() => return self.broken(ctx),
                    _ if self.outlet.may_pass(&error) => return self.pause(ctx, &error, false),
                    _ => return self.fatal(ctx, &error),
                },
            }
        }
        if self.trouble.take().is_some_and(|trouble| trouble.told) {
            ctx.say(Priority::Notice, &format!("`{}` takes data again", self.outlet.path().display()));
        }
        self.begin_sync(ctx);
    }

    /// The end of the line in which that place is. Of lines that have ended well and are written again only those ends are known
    /// where a piece ends.
    fn line_at(&self, place: u64) -> u64 {
        if place < self.settled {
            return self.settled.min(place + self.pieces.at(place).len() as u64);
        }
        self.ends.get(self.ends.partition_point(|end| *end <= place)).map_or_else(|| self.pieces.end(), |end| *end)
    }

    /// `count` more bytes are written, of a line that ends at `line` and of those behind it.
    fn advance(&mut self, count: usize, line: u64) {
        self.written += count as u64;
        let done = self.ends.partition_point(|end| *end <= self.written);
        match done.checked_sub(1) {
            Some(last) => self.line_end = self.ends[last],
            None if self.written >= line => self.line_end = line,
            None => {}
        }
        if !self.syncing.is_awaited() {
            self.settle(done, Outcome::Delivered);
        }
        self.pieces.forget(self.syncing.keeps_from(self.line_end));
    }

    /// The events of the first `count` lines ended in this way.
    fn settle(&mut self, count: usize, outcome: Outcome) {
        if let Some(last) = count.checked_sub(1) {
            self.settled = self.ends[last];
            self.ends.drain(..count);
            self.events.settle(count, outcome);
        }
    }

    fn wait_ready(&mut self, ctx: &mut Ctx<'_>) {
        let bound = self.outlet.fd().ok_or_else(|| Error::Other("nothing is open".into())).and_then(|fd| ctx.fd(&fd, Interest::WRITE));
        match bound {
            Ok(token) => self.wait = Some(Wait::Ready(token)),
            Err(error) => self.pause(ctx, &io::Error::other(error.to_string()), false),
        }
    }

    /// Something failed: tries again later, and tells it now and then.
    fn pause(&mut self, ctx: &mut Ctx<'_>, error: &io::Error, opening: bool) {
        let now = ctx.now();
        let doing = if opening { "open" } else { "write" };
        let before = self.trouble.take();
        let pause = before.as_ref().map_or(PAUSES.0, |trouble| (trouble.pause * 2).min(PAUSES.1));
        // What comes and goes is not told each time.
        let tell = self.told.is_none_or(|told| now.since(told) >= TELL);
        self.trouble = Some(Trouble { pause, told: tell || before.is_some_and(|trouble| trouble.told) });
        if tell {
            self.told = Some(now);
            let text = format!(
                "cannot {doing} `{}`: {}; keeps {} lines and tries again",
                self.outlet.path().display(),
                plain(error),
                self.ends.len()
            );
            ctx.say(Priority::Error, &text);
        }
        if !opening && !is_full(error) && self.written == self.line_end {
            self.outlet.reopen();
        }
        // Refused only after the end of life, when nothing can be done any more.
        self.wait = ctx.after(pause).ok().map(Wait::Pause);
    }

    /// The reader has gone: what is not written never will be.
    fn broken(&mut self, ctx: &mut Ctx<'_>) {
        self.broken = Some(true);
        self.drop_all(true);
        ctx.say(Priority::Info, "nobody reads any more: ending in order");
        ctx.stop(0);
    }

    /// An error that will not pass: what is not written never will be.
    fn fatal(&mut self, ctx: &mut Ctx<'_>, error: &io::Error) {
        let text = format!("cannot write `{}`: {}; {} lines are not stored", self.outlet.path().display(), plain(error), self.ends.len());
        ctx.say(Priority::Error, &text);
        self.broken = Some(false);
        self.drop_all(false);
        ctx.stop(1);
    }

    /// The time is over: what is not stored stays open, so that a supply that can gives it again.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        if !self.ends.is_empty() {
            ctx.say(Priority::Error, &format!("{} lines could not be written to `{}`", self.ends.len(), self.outlet.path().display()));
            ctx.stop(1);
        }
        self.drop_all(false);
    }
}

/// There is no room at present, which may change without our doing: the file itself is sound.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
