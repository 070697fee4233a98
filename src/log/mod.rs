//! The log: lines for people, to a file or to syslog, and the graver ones to standard error.
//!
//! Process-wide and usable from any thread. Below all priorities a call costs one comparison. A line is masked ([`secrets`]),
//! made fit for a terminal (`line`), counted by its kind (`limit`) and handed to the `sinks`, none of which blocks. Before
//! [`configure`] runs, lines from `warning` on go to standard error.
//!
//! Must not know the train, cogs, scripts.

mod aside;
mod limit;
mod line;
mod priority;
mod settings;
mod sinks;

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Zoned;

pub use aside::aside;
pub use priority::{Facility, Priority};
pub use settings::{Kind, Settings};

use crate::error::{Error, Result};
use crate::secrets;
use limit::Limit;
use sinks::{LogFile, Standard, Syslog};

/// One more than the least important priority that goes anywhere; 0 when none does.
static LEVEL: AtomicU8 = AtomicU8::new(Priority::Warning as u8 + 1);
static LOGGER: LazyLock<Mutex<Logger>> = LazyLock::new(|| Mutex::new(Logger::new(Box::new(Standard))));

fn logger() -> MutexGuard<'static, Logger> {
    LOGGER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens what the settings name and writes there from now on. At an error all stays as it was.
///
/// # Errors
/// When the log file cannot be opened, or is wanted but not named. A syslog that does not answer is no error: it is tried
/// again with the messages.
pub fn configure(settings: &Settings) -> Result<()> {
    let mut logger = logger();
    logger.configure(settings)?;
    LEVEL.store(logger.level(), Ordering::Relaxed);
    Ok(())
}

/// Sets only what is shown on standard error and under which tag; for the time before [`configure`].
pub fn early(tag: &str, stderr: Option<Priority>, color: bool) {
    let mut logger = logger();
    tag.clone_into(&mut logger.settings.tag);
    logger.tag = logger.settings.clean_tag();
    logger.settings.stderr = stderr;
    logger.settings.color = color;
    LEVEL.store(logger.level(), Ordering::Relaxed);
}

/// Lines from now on are kept, and go to file and syslog too once the log is [configured](configure): for the time in which a
/// script that configures it is wound. [`begin`] ends this where it never is.
pub fn keep_early() {
    let mut logger = logger();
    logger.early = Some(Vec::new());
    LEVEL.store(logger.level(), Ordering::Relaxed);
}

/// The log will not be configured any more: what was [kept](keep_early) is let go.
pub fn begin() {
    let mut logger = logger();
    logger.early = None;
    LEVEL.store(logger.level(), Ordering::Relaxed);
}

/// The process has left its terminal: nothing more goes to standard error.
pub fn detached() {
    let mut logger = logger();
    logger.settings.detached = true;
    logger.settings.stderr = None;
    LEVEL.store(logger.level(), Ordering::Relaxed);
}

/// Whether a line of this priority goes anywhere; for who would compute much for it.
#[inline]
pub fn enabled(priority: Priority) -> bool {
    (priority as u8) < LEVEL.load(Ordering::Relaxed)
}

/// Writes a line. Its kind, for the rate limit, is the text up to the first backquote or colon.
pub fn write(priority: Priority, text: &str) {
    write_kind(priority, limit::kind(text), text);
}

/// Writes `id: text`, `id` being that of a datum or cog. The id does not count for the kind.
pub fn write_id(priority: Priority, id: &str, text: &str) {
    if enabled(priority) {
        write_kind(priority, limit::kind(text), &format!("{id}: {text}"));
    }
}

/// Writes a line whose kind, for the rate limit, the caller knows better: a format, a place in the program.
pub fn write_kind(priority: Priority, kind: &str, text: &str) {
    if enabled(priority) && !aside::take(text) {
        logger().write(Instant::now(), priority, kind, text);
    }
}

/// Writes a line that is output in its own right, such as a datum that the user wants to see: however many there are, the limit of
/// lines of a kind leaves none out. False when the log could not take it: neither file nor syslog nor standard error, as far as each wants
/// lines of that priority.
pub fn write_each(priority: Priority, text: &str) -> bool {
    !enabled(priority) || aside::take(text) || logger().put(Instant::now(), priority, text)
}

macro_rules! short {
    ($($name:ident $priority:ident $about:literal;)*) => {
        $(#[doc = $about]
        pub fn $name(text: impl Display) {
            if enabled(Priority::$priority) {
                write(Priority::$priority, &text.to_string());
            }
        })*
    };
}

short! {
    critical Crit "Writes a line of priority `crit`.";
    error Error "Writes a line of priority `error`.";
    warning Warning "Writes a line of priority `warning`.";
    notice Notice "Writes a line of priority `notice`.";
    info Info "Writes a line of priority `info`.";
    debug Debug "Writes a line of priority `debug`.";
}

/// Opens the log file anew, or connects to syslog anew: after a rotation, at `SIGHUP`. What fails is told on standard error,
/// and the old file stays in use.
pub fn reopen() {
    logger().reopen(Instant::now());
}

/// Sums up all that the rate limit left out; for the end.
pub fn flush_suppressed() {
    logger().sum_up(None);
}

/// Sums up what the rate limit left out and whose time has come. A next line does so too; this is for a timer.
pub fn sum_up() {
    logger().sum_up(Some(Instant::now()));
}

/// When there will be something to [sum up](sum_up); nothing when the rate limit left nothing out.
pub fn summary_due() -> Option<Instant> {
    logger().limit.due()
}

/// The process is about to become that user, who must be able to open the log file anew.
pub fn give_to(user: u32) {
    let given = logger().file.as_ref().map(|log| rustix::fs::fchown(log.file(), Some(rustix::fs::Uid::from_raw(user)), None));
    if let Some(Err(trouble)) = given {
        warning(format_args!("cannot give the log file to the user of the service: {trouble}"));
    }
}

/// Keeps lines from that priority on for who [hears](heard) them, or none any more. However few go anywhere else, these do.
pub fn listen(least: Option<Priority>) {
    let mut logger = logger();
    logger.heard = least.map(|least| (least, Vec::new()));
    LEVEL.store(logger.level(), Ordering::Relaxed);
}

/// Lines kept for listeners since this was asked last, some hundreds at most: time, priority, text.
pub fn heard() -> Vec<Line> {
    logger().heard.as_mut().map(|(_, lines)| std::mem::take(lines)).unwrap_or_default()
}

/// A line that was kept: when it was written, its priority, its text.
pub type Line = (Zoned, Priority, String);

struct Logger {
    settings: Settings,
    tag: String,
    file: Option<LogFile>,
    syslog: Option<Syslog>,
    stderr: Box<dyn Write + Send>,
    /// Lines that standard error did not take.
    unseen: u64,
    limit: Limit,
    /// Lines from before the log is configured, where it will be.
    early: Option<Vec<Line>>,
    /// Lines for who listens, and from which priority on.
    heard: Option<(Priority, Vec<Line>)>,
}

/// Lines kept for listeners at most.
const HEARD: usize = 500;
/// Early lines kept at most.
const EARLY: usize = 1000;

impl Logger {
    fn new(stderr: Box<dyn Write + Send>) -> Self {
        let settings = Settings::default();
        Self {
            tag: settings.clean_tag(),
            settings,
            file: None,
            syslog: None,
            stderr,
            unseen: 0,
            limit: Limit::default(),
            early: None,
            heard: None,
        }
    }

    fn configure(&mut self, settings: &Settings) -> Result<()> {
        let file = match (settings.place(), &settings.file) {
            (Kind::File, Some(path)) => Some(LogFile::open(path)?),
            (Kind::File, None) => {
                let (option, text) = ("log.file".to_owned(), "a log of type `file` needs a path".to_owned());
                return Err(Error::Option { option, text, hint: Some("set `file`, or `type` to `syslog` or `none`".to_owned()) });
            }
            _ => None,
        };
        self.file = file;
        self.syslog = (settings.place() == Kind::Syslog).then(|| Syslog::new(&settings.sockets));
        self.tag = settings.clean_tag();
        self.settings = settings.clone();
        if let Some(trouble) = self.syslog.as_mut().and_then(|syslog| syslog.connect(Instant::now())) {
            self.complain(&trouble);
        }
        for (time, priority, text) in self.early.take().unwrap_or_default() {
            self.file_away(Instant::now(), &time, priority, &text);
        }
        Ok(())
    }

    fn level(&self) -> u8 {
        let above = |priority: Priority| priority as u8 + 1;
        if self.early.is_some() {
            return above(Priority::Debug);
        }
        let written = if self.file.is_some() || self.syslog.is_some() { above(self.settings.priority) } else { 0 };
        let heard = self.heard.as_ref().map_or(0, |(least, _)| above(*least));
        written.max(self.settings.stderr.map_or(0, above)).max(heard)
    }

    fn write(&mut self, now: Instant, priority: Priority, kind: &str, text: &str) {
        self.sum_up(Some(now));
        if self.limit.pass(now, priority, kind) {
            self.put(now, priority, text);
        }
    }

    fn sum_up(&mut self, now: Option<Instant>) {
        for summary in self.limit.sum_up(now) {
            self.put(now.unwrap_or_else(Instant::now), summary.priority, &summary.text);
        }
    }

    /// Hands one line to each place that wants it. Whether one took it, or none wants it.
    fn put(&mut self, now: Instant, priority: Priority, text: &str) -> bool {
        let masked = secrets::mask(text);
        let text = line::clean(&masked);
        let is_shown = self.settings.stderr.is_some_and(|least| priority <= least);
        let shown = is_shown && self.show(priority, &text);
        if let Some((least, lines)) = &mut self.heard
            && priority <= *least
            && lines.len() < HEARD
        {
            lines.push((Zoned::now(), priority, text.clone().into_owned()));
        }
        let filed = match &mut self.early {
            Some(early) if early.len() < EARLY => {
                early.push((Zoned::now(), priority, text.into_owned()));
                Some(true)
            }
            Some(_) => Some(false),
            None => self.file_away(now, &Zoned::now(), priority, &text),
        };
        shown || filed.unwrap_or(!is_shown)
    }

    /// Hands a clean line to file and syslog. Whether one of them took it; none where neither wants it.
    fn file_away(&mut self, now: Instant, time: &Zoned, priority: Priority, text: &str) -> Option<bool> {
        if priority > self.settings.priority || self.file.is_none() && self.syslog.is_none() {
            return None;
        }
        let mut taken = false;
        // The process may have forked since the last line.
        let (pid, tag, facility) = (std::process::id(), &self.tag, self.settings.facility);
        let mut trouble = None;
        if let Some(file) = &mut self.file {
            let mut lines = String::new();
            if file.lost > 0 {
                lines = line::file(time, tag, pid, Priority::Warning, &format!("{} lines of this log were lost", file.lost));
            }
            lines.push_str(&line::file(time, tag, pid, priority, text));
            trouble = file.write(&lines);
            taken |= file.lost == 0;
        }
        if let Some(syslog) = &mut self.syslog {
            let render = |priority, text: &str| line::syslog(time, tag, pid, facility, priority, text);
            let before = syslog.lost;
            trouble = syslog.send(now, &render(priority, text), |n| render(Priority::Warning, &format!("{n} messages were lost")));
            taken |= syslog.lost <= before;
        }
        if let Some(trouble) = trouble {
            self.complain(&trouble);
        }
        Some(taken)
    }

    /// Tells of the log's own trouble, on the only place left.
    fn complain(&mut self, trouble: &Error) {
        self.show(Priority::Error, &trouble.to_string());
    }

    /// Whether standard error took it.
    fn show(&mut self, priority: Priority, text: &str) -> bool {
        let room = sinks::SURE - 200;
        let text = if text.len() > room { &format!("{}…", cut(text, room)) } else { text };
        let mut lines = line::stderr(&self.tag, priority, text, self.settings.color);
        if self.unseen > 0 {
            let note = line::stderr(&self.tag, Priority::Warning, &format!("{} lines were not shown", self.unseen), self.settings.color);
            lines.insert_str(0, &note);
        }
        let shown = self.stderr.write_all(lines.as_bytes()).is_ok();
        self.unseen = if shown { 0 } else { self.unseen + 1 };
        shown
    }

    fn reopen(&mut self, now: Instant) {
        if let Some(Err(trouble)) = self.file.as_mut().map(LogFile::reopen) {
            self.complain(&trouble);
            self.put(now, Priority::Error, &trouble.to_string());
        }
        if let Some(syslog) = &mut self.syslog {
            syslog.disconnect();
        }
    }
}

/// At most the first `room` bytes, ending between letters.
fn cut(text: &str, room: usize) -> &str {
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests;
