//! Where lines gather until they are written: one buffer, the events whose lines are in it, and the time of writing.
//!
//! Written when nothing more waits, when the buffer is full, each line at once, or at a certain age. An event ends well when
//! its line is written (or synced), not before. What cannot be written now is kept and tried again where the outlet says that
//! this may help; nothing is written twice, and no line follows half a one. `outlet` is what it writes to.

mod copy;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::time::Duration;

use self::copy::copy;
use super::outlet::Outlet;
use crate::cog::{Args, Backlog, Batch, Ctx, Lit, Outcome, Param, Shelf, Texts, Ty};
use crate::datum::Datum;
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

/// The buffer is written when this much is in it.
const FULL: usize = 256 * 1024;
/// With `flush` in seconds it is also written when this many events wait in it, as their supplies stop at some number.
const MANY: usize = 500;
/// The first and the longest pause after an error.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Lasting trouble is told again after this.
const TELL: Duration = Duration::from_secs(60);
/// After this many failures of syncing in a row it is told as critical.
const SYNCS: u32 = 3;

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
    /// What is written is being synced.
    Sync(Token),
}

#[derive(Debug)]
struct Trouble {
    pause: Duration,
    told: Moment,
}

/// The buffer with all that belongs to it. Places in it are counted from the first byte ever put in.
pub(super) struct Sink {
    outlet: Box<dyn Outlet>,
    flush: Flush,
    fsync: bool,
    buffer: Vec<u8>,
    /// The place of the buffer's first byte.
    start: u64,
    /// All before this is written.
    written: u64,
    /// The last line's end before `written`.
    line_end: u64,
    /// Each line's end, until it is stored.
    ends: VecDeque<u64>,
    /// Their events.
    events: Shelf,
    idle: Option<Token>,
    age: Option<Token>,
    wait: Option<Wait>,
    trouble: Option<Trouble>,
    failed_syncs: u32,
    /// Nothing will ever be written any more; whether that is no fault.
    broken: Option<bool>,
}

impl Sink {
    pub(super) fn new(outlet: Box<dyn Outlet>, flush: Flush, fsync: bool) -> Self {
        Self {
            outlet,
            flush,
            fsync,
            buffer: Vec::new(),
            start: 0,
            written: 0,
            line_end: 0,
            ends: VecDeque::new(),
            events: Shelf::default(),
            idle: None,
            age: None,
            wait: None,
            trouble: None,
            failed_syncs: 0,
            broken: None,
        }
    }

    /// Opens what it writes to.
    pub(super) fn open(&mut self, ctx: &Ctx<'_>) -> Result<()> {
        self.outlet.prepare(ctx.wall(), true).map_err(|error| Error::os("open", self.outlet.path(), error))
    }

    pub(super) fn outlet(&mut self) -> &mut dyn Outlet {
        &mut *self.outlet
    }

    fn end(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    /// Puts in a line for the event that is being turned. `write` must append the whole line or fail. Nothing is written
    /// before the batch is over, as no part of an event may end before the event's turn does.
    #[inline]
    pub(super) fn put(&mut self, ctx: &mut Ctx<'_>, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let before = self.buffer.len();
        if let Err(error) = write(&mut self.buffer) {
            self.buffer.truncate(before);
            return Err(error);
        }
        self.ends.push_back(self.end());
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
                let (buffer, ends, start) = (&mut self.buffer, &mut self.ends, self.start);
                let put = |texts: Texts<'_>| copy(texts, end, buffer, |length| ends.push_back(start + length as u64));
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
        if self.wait.is_some() || self.ends.is_empty() {
            return Ok(());
        }
        let full = self.buffer.len() >= FULL;
        match self.flush {
            _ if full => self.write(ctx),
            Flush::Idle if self.idle.is_none() => self.idle = Some(ctx.idle()?),
            Flush::Each => self.write(ctx),
            Flush::Age(_) if self.ends.len() >= MANY => self.write(ctx),
            Flush::Age(age) if self.age.is_none() => self.age = Some(ctx.after(age)?),
            Flush::Idle | Flush::Age(_) => {}
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
                (Some(Wait::Sync(bound)), Wake::Answer(answer)) if token == Some(*bound) => {
                    self.wait = None;
                    let synced =
                        answer.downcast::<io::Result<()>>().map_or_else(|_| Err(io::Error::other("the helper failed")), |done| *done);
                    self.synced(ctx, synced);
                }
                (_, wake) => return Some(wake),
            }
        }
        if self.wait.is_none() {
            self.write(ctx);
        }
        None
    }

    /// For the cog's `finish`: writes what there is, and from now on each line at once, as a broadcast may still bring some.
    pub(super) fn finish(&mut self, ctx: &mut Ctx<'_>) {
        self.flush = Flush::Each;
        self.write_now(ctx);
    }

    /// Writes what there is, whether its time has come or not; also after the outlet was changed.
    pub(super) fn write_now(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(Wait::Pause(token)) = self.wait {
            ctx.unbind(token);
            self.wait = None;
        }
        if self.wait.is_none() {
            self.write(ctx);
        }
    }

    /// What it keeps.
    pub(super) fn backlog(&self) -> Backlog {
        Backlog { held: self.ends.len(), stalled: matches!(self.wait, Some(Wait::Ready(_) | Wait::Pause(_))) }
    }

    /// Whether anything is not stored yet.
    pub(super) fn is_busy(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Writes until all is written or something hinders it; then `wait` says what.
    fn write(&mut self, ctx: &mut Ctx<'_>) {
        for token in [self.idle.take(), self.age.take()].into_iter().flatten() {
            ctx.unbind(token);
        }
        if self.written < self.end() || self.outlet.is_stale() {
            let at_line = self.written == self.line_end;
            if let Err(error) = self.outlet.prepare(ctx.wall(), at_line) {
                return self.pause(ctx, &error, true);
            }
        }
        while self.written < self.end() {
            let from = (self.written - self.start) as usize;
            let line = self.ends.get(self.ends.partition_point(|end| *end <= self.written)).map_or(self.end(), |end| *end);
            match self.outlet.write(&self.buffer[from..], (line - self.written) as usize) {
                Ok(count) => self.advance(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return self.wait_ready(ctx),
                    io::ErrorKind::BrokenPipe if self.outlet.is_stream() => return self.broken(ctx),
                    _ if self.outlet.may_pass(&error) => return self.pause(ctx, &error, false),
                    _ => return self.fatal(ctx, &error),
                },
            }
        }
        self.tidy();
        if self.trouble.take().is_some() {
            ctx.say(Priority::Notice, &format!("`{}` takes data again", self.outlet.path().display()));
        }
        if self.fsync && !self.ends.is_empty() {
            self.sync(ctx);
        }
    }

    /// `count` more bytes are written.
    fn advance(&mut self, count: usize) {
        self.written += count as u64;
        let done = self.ends.partition_point(|end| *end <= self.written);
        self.line_end = done.checked_sub(1).map_or(self.line_end, |last| self.ends[last]);
        if !self.fsync {
            self.settle(done, Outcome::Delivered);
        }
    }

    /// The events of the first `count` lines ended in this way.
    fn settle(&mut self, count: usize, outcome: Outcome) {
        self.ends.drain(..count);
        self.events.settle(count, outcome);
    }

    /// Forgets bytes that are stored.
    fn tidy(&mut self) {
        let keep = if self.fsync { self.ends.front().map_or(self.end(), |_| self.start) } else { self.written };
        if keep == self.end() {
            self.buffer.clear();
            // A burst leaves a large buffer behind.
            self.buffer.shrink_to(2 * FULL);
            self.start = keep;
        } else if (keep - self.start) as usize > self.buffer.len() / 2 {
            // Not each time: what is left is moved to the front.
            self.buffer.drain(..(keep - self.start) as usize);
            self.start = keep;
        }
    }

    fn wait_ready(&mut self, ctx: &mut Ctx<'_>) {
        self.tidy();
        let bound = self.outlet.fd().ok_or_else(|| Error::Other("nothing is open".into())).and_then(|fd| ctx.fd(&fd, Interest::WRITE));
        match bound {
            Ok(token) => self.wait = Some(Wait::Ready(token)),
            Err(error) => self.pause(ctx, &io::Error::other(error.to_string()), false),
        }
    }

    /// Something failed: tries again later, and tells it now and then.
    fn pause(&mut self, ctx: &mut Ctx<'_>, error: &io::Error, opening: bool) {
        self.tidy();
        let now = ctx.now();
        let doing = if opening { "open" } else { "write" };
        let (pause, tell) = match &self.trouble {
            Some(trouble) => ((trouble.pause * 2).min(PAUSES.1), now.since(trouble.told) >= TELL),
            None => (PAUSES.0, true),
        };
        let told = self.trouble.as_ref().map_or(now, |trouble| if tell { now } else { trouble.told });
        self.trouble = Some(Trouble { pause, told });
        if tell {
            let text = format!(
                "cannot {doing} `{}`: {}; keeps {} lines and tries again",
                self.outlet.path().display(),
                plain(error),
                self.ends.len()
            );
            ctx.say(Priority::Error, &text);
        }
        if !opening && !is_full(error) {
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

    fn sync(&mut self, ctx: &mut Ctx<'_>) {
        let file = match self.outlet.file().map(File::try_clone) {
            Some(Ok(file)) => file,
            Some(Err(error)) => return self.synced(ctx, Err(error)),
            None => return self.synced(ctx, Ok(())),
        };
        let job = async move {
            let done = tokio::task::spawn_blocking(move || file.sync_data()).await;
            let done: io::Result<()> = done.unwrap_or_else(|_| Err(io::Error::other("the helper failed")));
            Box::new(done) as Box<dyn std::any::Any + Send>
        };
        match ctx.offload(Box::pin(job)) {
            Ok(token) => self.wait = Some(Wait::Sync(token)),
            Err(error) => self.synced(ctx, Err(io::Error::other(error.to_string()))),
        }
    }

    /// All that was written has been synced, or must be written again, as nobody knows what is stored of it.
    fn synced(&mut self, ctx: &mut Ctx<'_>, done: io::Result<()>) {
        match done {
            Ok(()) => {
                self.failed_syncs = 0;
                self.settle(self.ends.partition_point(|end| *end <= self.written), Outcome::Delivered);
                self.buffer.drain(..(self.written - self.start) as usize);
                self.start = self.written;
            }
            // Pipes and some devices cannot be synced.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.synced(ctx, Ok(())),
            Err(error) => {
                self.failed_syncs += 1;
                let priority = if self.failed_syncs < SYNCS { Priority::Error } else { Priority::Crit };
                ctx.say(priority, &format!("cannot sync `{}`: {}; writes it again", self.outlet.path().display(), plain(&error)));
                (self.written, self.line_end) = (self.start, self.start);
                self.outlet.reopen();
                self.wait = ctx.after(PAUSES.1.min(PAUSES.0 * 2_u32.pow(self.failed_syncs.min(8)))).ok().map(Wait::Pause);
            }
        }
    }

    /// The time is over: what is not stored stays open, so that a supply that can gives it again.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        if !self.ends.is_empty() {
            ctx.say(Priority::Error, &format!("{} lines could not be written to `{}`", self.ends.len(), self.outlet.path().display()));
            ctx.stop(1);
        }
        self.drop_all(false);
    }

    /// What is not stored will not be in this run.
    fn drop_all(&mut self, expected: bool) {
        self.start = self.end();
        (self.written, self.line_end) = (self.start, self.start);
        self.buffer = Vec::new();
        self.ends.clear();
        self.events.abandon(expected);
    }
}

/// There is no room at present, which may change without our doing: the file itself is sound.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
