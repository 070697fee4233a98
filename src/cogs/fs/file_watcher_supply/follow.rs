//! One path that is followed: the file that stands there now, and those that stood there before and may still grow.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::files::AGAIN;
use super::ledger::Ticket;
use super::resume::Memory;
use super::siblings;
use super::stream::{Got, Id, Stream};
use crate::cog::Ctx;
use crate::datum::{Datum, Text};
use crate::disk::Disk;
use crate::error::{Error, plain};
use crate::escapement::{Moment, Token};
use crate::getset::Setter;
use crate::lines::{Line, Options, Unfit};
use crate::log::Priority;

/// Files without a name that are kept open for late writers.
const KEPT: usize = 16;

/// Files of one path that are open at once, be it that nothing of them can be sent.
pub(super) const OPEN: usize = 64;

/// What holds for all paths of a supply.
pub(super) struct Settings {
    pub(super) tail: bool,
    pub(super) from_end: bool,
    pub(super) lines: Rc<Options>,
    pub(super) partial_timeout: Option<Duration>,
    pub(super) poll: Duration,
    pub(super) rotate_wait: Duration,
    pub(super) max_read: usize,
    pub(super) path_setter: Setter,
    pub(super) disk: Arc<dyn Disk>,
}

/// Who reads an open file.
pub(super) type Readers = HashMap<Id, u32>;

/// A followed path.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub(super) struct Follow {
    pub(super) path: PathBuf,
    /// The path as a datum.
    label: Text,
    /// Those that are not read any more since this was looked at last.
    pub(super) ended: Vec<Stream>,
    /// Oldest first.
    pub(super) streams: VecDeque<Stream>,
    /// The last of the streams is what stands at the path.
    pub(super) current: bool,
    /// Tells of changes of the file.
    pub(super) watch: Option<Token>,
    /// Tells when the pipe at the path can be read.
    pub(super) ready: Option<Token>,
    /// Wakes for the earliest of its deadlines.
    pub(super) alarm: Option<(Moment, Token)>,
    /// Stands in the queue of those with something to read.
    pub(super) queued: bool,
    /// That it cannot be read has been told.
    pub(super) told: bool,
    /// Found by a pattern: forgotten when nothing is there.
    pub(super) found: bool,
    /// Nothing of it was known before it was followed, so that rotated files that are there already are none of ours.
    pub(super) fresh: bool,
    /// When renamed files are looked for once more, and between which times of birth.
    pub(super) again: Option<(Moment, Option<SystemTime>, Option<SystemTime>)>,
    /// So many files wait that no more are opened: those that stand and stood at the path since are looked for later.
    pub(super) postponed: bool,
    /// When the latest of the files was born, where that is known.
    pub(super) born: Option<SystemTime>,
    /// Files that were closed: the last ones, and all that are no older than the latest.
    pub(super) closed: VecDeque<Closed>,
}

/// What is remembered of a file that was read.
pub(super) struct Closed {
    pub(super) id: Id,
    born: Option<SystemTime>,
    print: Vec<u8>,
}

impl Follow {
    pub(super) fn new(path: PathBuf, found: bool) -> Self {
        Self {
            label: Text::from(path.to_string_lossy().into_owned()).into_span(),
            path,
            ended: Vec::new(),
            streams: VecDeque::new(),
            current: false,
            watch: None,
            ready: None,
            alarm: None,
            queued: false,
            told: false,
            found,
            fresh: false,
            again: None,
            postponed: false,
            born: None,
            closed: VecDeque::new(),
        }
    }

    /// Whether it need not be kept.
    pub(super) fn is_forgotten(&self) -> bool {
        self.found && self.streams.is_empty() && !self.told
    }

    /// Whether the file at the path is all there is, and nothing is due: not now, nor later.
    pub(super) fn is_plain(&self) -> bool {
        let quiet = self.alarm.is_none() && self.again.is_none() && !self.told && self.ended.is_empty();
        let one = self.streams.len() == 1 && self.streams.front().is_some_and(Stream::is_plain);
        quiet && one
    }

    /// Whether a file that begins like this has been read, or is being read.
    pub(super) fn knows(&self, print: &[u8]) -> bool {
        let begins_alike = |other: &[u8]| {
            let both = print.len().min(other.len());
            both > 0 && print[..both] == other[..both]
        };
        self.streams.iter().any(|stream| begins_alike(stream.print())) || self.closed.iter().any(|closed| begins_alike(&closed.print))
    }

    /// The file at the path.
    pub(super) fn at_path(&mut self) -> Option<&mut Stream> {
        if self.current { self.streams.back_mut() } else { None }
    }

    /// This file stands at the path now.
    pub(super) fn stand(&mut self, stream: Stream) {
        self.born = stream.born;
        self.current = true;
        self.streams.push_back(stream);
        // Times of birth are coarse: many files may share the latest one.
        while self.closed.len() > KEPT && self.closed.front().is_some_and(|closed| closed.born < self.born) {
            self.closed.pop_front();
        }
    }

    /// No more files are opened for now: tells it once.
    pub(super) fn postpone(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::replace(&mut self.postponed, true) {
            let path = self.path.display();
            let text = format!("{OPEN} files of `{path}` wait to be read: opens no more until they are; what is removed before is lost");
            ctx.say(Priority::Error, &text);
        }
    }

    /// The file that stood at the path does so no more.
    pub(super) fn retire(&mut self, closes: Moment) {
        self.current = false;
        if let Some(stream) = self.streams.back_mut() {
            stream.dirty = true;
            stream.caught_up = false;
            stream.closes = Some(closes);
        }
    }

    /// Whether there is something to read or to give.
    pub(super) fn wants(&self) -> bool {
        self.streams.iter().any(Stream::wants)
    }

    /// The first file with something to read or to give: mostly there is but one.
    fn first_wanting(&self) -> Option<usize> {
        match self.streams.front() {
            Some(first) if first.wants() => Some(0),
            _ => self.later_wanting(),
        }
    }

    #[inline(never)]
    fn later_wanting(&self) -> Option<usize> {
        self.streams.iter().position(Stream::wants)
    }

    /// Gives at most `room` lines of the first file that has some, with one read at most.
    ///
    /// # Errors
    /// The file cannot be read just now.
    pub(super) fn step(
        &mut self,
        ctx: &mut Ctx<'_>,
        settings: &Settings,
        room: usize,
        readers: &Readers,
        scratch: &mut Vec<u8>,
        memory: Option<&mut Memory>,
    ) -> io::Result<()> {
        // A later file waits until the earlier ones have been read to their end.
        let Some(at) = self.first_wanting() else { return Ok(()) };
        let stream = &mut self.streams[at];
        if !stream.lines.has_lines() {
            match stream.read(&*settings.disk, settings.max_read, !settings.tail, ctx.now(), scratch) {
                Ok(Got::End) => {
                    let sender = Sender { path: &self.label, setter: &settings.path_setter, ticket: stream.ticket.as_deref() };
                    stream.lines.end(|line| sender.send(ctx, line));
                    self.ended.extend(self.streams.remove(at));
                    return Ok(());
                }
                Ok(Got::Anew) => {
                    let cut = self.was_cut(ctx, settings, at, readers);
                    if cut.is_err() {
                        // Tried again after a while.
                        self.streams[at].dirty = false;
                    }
                    return cut;
                }
                Ok(Got::More | Got::All) => {}
                Err(error) => {
                    stream.caught_up |= stream.closes.is_some_and(|closes| closes <= ctx.now());
                    return Err(error);
                }
            }
            self.told = false;
            let timeout = settings.partial_timeout.or(stream.renamed.then_some(settings.rotate_wait));
            stream.partial_due = timeout.filter(|_| stream.lines.has_unfinished()).map(|timeout| ctx.now() + timeout);
        }
        let sender = Sender { path: &self.label, setter: &settings.path_setter, ticket: stream.ticket.as_deref() };
        match memory.filter(|memory| memory.guard.is_careful() && sender.ticket.is_some()) {
            None => {
                let plain = sender.setter.is_null();
                let left = if plain { stream.lines.give_plain(room, |datum, end| ctx.emit_new(datum, sender.place(end))) } else { room };
                if stream.lines.has_lines() {
                    stream.lines.give(left, &mut |line| sender.send(ctx, line));
                }
            }
            Some(Memory { guard, keeper, .. }) => {
                stream.lines.give(1, &mut |line: Line| match guard.blames(keeper, stream.id, line.end) {
                    None => sender.send(ctx, line),
                    Some(times) => sender.fail(ctx, line, &Error::Crashed { times }),
                });
                // Woken again, it knows that the line did not kill; at the end nobody needs to know.
                let _ = ctx.soon();
            }
        }
        if stream.lines.mended > 0 && !std::mem::replace(&mut stream.told, true) {
            ctx.say(Priority::Warning, &format!("`{}` is not all text in its encoding (told once a file)", self.path.display()));
        }
        Ok(())
    }

    /// Another content stands in the file with that number: it is read from the beginning, after what was unread of the former
    /// content where that was copied before the cut.
    ///
    /// # Errors
    /// It cannot be found out just now whether there is a copy; then nothing has happened yet.
    #[cold]
    fn was_cut(&mut self, ctx: &mut Ctx<'_>, settings: &Settings, at: usize, readers: &Readers) -> io::Result<()> {
        let path = self.path.display();
        // It may have been cut more than once.
        self.again.get_or_insert((ctx.now() + AGAIN, None, None));
        let stream = &self.streams[at];
        if stream.copy {
            let text = format!("a copy of `{path}` was written over while it was read: what was not read of it yet is lost");
            ctx.say(Priority::Warning, &text);
            self.streams.remove(at);
            return Ok(());
        }
        let begins_alike = |other: &[u8]| other.starts_with(stream.print()) || stream.print().starts_with(other);
        let known = |id: &Id| readers.contains_key(id) || self.closed.iter().any(|closed| closed.id == *id && begins_alike(&closed.print));
        let found =
            if stream.closes.is_none() && !stream.flows { siblings::copy(&*settings.disk, &self.path, stream, known)? } else { None };
        let stream = &mut self.streams[at];
        let unfinished = stream.lines.unfinished();
        let copied = |(name, file)| Ok::<_, io::Error>((name, stream.copied(&*settings.disk, file, &settings.lines, ctx.now())?));
        let copy = found.map(copied).transpose()?;
        if let Some((name, mut copy)) = copy {
            // The line that had begun goes on in the copy, and what is known of the content with it.
            copy.ticket = stream.ticket.take();
            copy.lines = stream.begin_anew(&settings.lines);
            let text = format!("`{path}` was truncated: reads the rest of its copy `{}` first", name.display());
            ctx.say(Priority::Notice, &text);
            self.streams.insert(at, copy);
            return Ok(());
        }
        stream.begin_anew(&settings.lines);
        let dropped = if unfinished > 0 { format!("; drops {unfinished} bytes of an unfinished line") } else { String::new() };
        let text = format!("`{path}` was truncated and no copy of it is found: what was unread may be lost{dropped}");
        ctx.say(Priority::Warning, &text);
        Ok(())
    }

    /// Does what is due, and what is due next.
    pub(super) fn due(&mut self, ctx: &mut Ctx<'_>, settings: &Settings) {
        let now = ctx.now();
        for stream in &mut self.streams {
            let sender = Sender { path: &self.label, setter: &settings.path_setter, ticket: stream.ticket.as_deref() };
            if stream.partial_due.is_some_and(|due| due <= now) && !stream.wants() {
                stream.partial_due = None;
                stream.lines.give_unfinished(|line| sender.send(ctx, line));
            }
            // Its writer may not have noticed yet that it has another name; or it could not be read.
            stream.dirty |= stream.closes.is_some() || self.told && !stream.flows;
        }
    }

    /// Closes the files without a name that are read and whose time is over; all of them at the end (`all`).
    pub(super) fn close_old(&mut self, ctx: &mut Ctx<'_>, settings: &Settings, all: bool) {
        if self.streams.iter().all(|stream| stream.closes.is_none()) {
            return;
        }
        let now = ctx.now();
        let mut extra = self.streams.len().saturating_sub(KEPT);
        for mut stream in std::mem::take(&mut self.streams) {
            let over = |deadline| all || deadline <= now || extra > 0;
            if !stream.closes.is_some_and(over) || !stream.caught_up || stream.wants() {
                self.streams.push_back(stream);
                continue;
            }
            extra = extra.saturating_sub(1);
            // Nothing will complete it, and it must not be joined to another file's.
            let sender = Sender { path: &self.label, setter: &settings.path_setter, ticket: stream.ticket.as_deref() };
            stream.lines.end(|line| sender.send(ctx, line));
            self.closed.push_back(Closed { id: stream.id, born: stream.born, print: stream.print().to_vec() });
            self.ended.push(stream);
        }
    }

    /// The earliest of its deadlines. Those of files that wait for their turn, or for room, are seen to in that turn.
    pub(super) fn deadline(&self, now: Moment, settings: &Settings) -> Option<Moment> {
        let next = now + settings.poll;
        let retry = (self.told && settings.tail).then_some(next);
        let resting = || self.streams.iter().filter(|stream| !stream.wants());
        let looks = resting().filter_map(|stream| stream.closes).map(|closes| if closes > now { closes.min(next) } else { next });
        let partials = resting().filter_map(|stream| stream.partial_due);
        looks.chain(partials).chain(retry).chain(self.again.map(|(at, ..)| at)).min()
    }

    /// It cannot be read: tells it once.
    pub(super) fn trouble(&mut self, ctx: &mut Ctx<'_>, error: &io::Error, again: bool) {
        if !std::mem::replace(&mut self.told, true) {
            let again = if again { "; tries again" } else { "" };
            ctx.trouble(&format!("cannot read `{}`: {}{again}", self.path.display(), plain(error)));
        }
    }
}

/// Sends the lines of one path.
struct Sender<'a> {
    path: &'a Text,
    setter: &'a Setter,
    /// Of the file that is read, where a ledger is kept.
    ticket: Option<&'a Ticket>,
}

impl Sender<'_> {
    fn send(&self, ctx: &mut Ctx<'_>, line: Line) {
        let place = self.place(line.end);
        match line.what {
            Ok(datum) if self.setter.is_null() => ctx.emit_new(datum, place),
            what => self.send_with_path(ctx, what, place),
        }
    }

    /// What stands for the line in the ledger.
    #[inline]
    fn place(&self, end: u64) -> u64 {
        self.ticket.map_or(end, |ticket| ticket.place(end))
    }

    /// The line is not sent: it fails.
    fn fail(&self, ctx: &mut Ctx<'_>, line: Line, error: &Error) {
        let datum = line.what.unwrap_or_else(|unfit| unfit.datum);
        ctx.fail_new(datum, self.place(line.end), error);
    }

    #[inline(never)]
    fn send_with_path(&self, ctx: &mut Ctx<'_>, what: Result<Datum, Box<Unfit>>, place: u64) {
        match what {
            Ok(datum) => ctx.emit_new_with(datum, place, |datum| self.setter.set(datum, Datum::Str(self.path.clone()))),
            Err(unfit) => {
                let unfit = unfit.naming(self.path.as_str());
                ctx.fail_new(unfit.datum, place, &unfit.error);
            }
        }
    }
}
