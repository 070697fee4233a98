//! `fs::file_watcher_supply`: each line of files becomes a datum, as the files grow, are rotated, come and go.
//!
//! `names` tells which files are meant and which directories tell of new ones; `outlook` watches those; `follow` is one path
//! with the files that stand and stood there; `stream` is one open file. Here they are joined to what the escapement tells:
//! each event leads to its file by its token. All news are hints to look, so that the same code serves inotify, looking
//! again and again, and the scan each 30 s.

mod follow;
mod names;
mod outlook;
mod stream;

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;

use self::follow::{Follow, Settings};
use self::names::{Glob, spots};
use self::outlook::{Outlook, User};
use self::stream::{Id, Stream, id};
use super::lines::{self, Options};
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Lit, Param};
use crate::datum::Datum;
use crate::error::{Error, Result, plain};
use crate::escapement::{Changed, Interest, Token, Wake};
use crate::getset::Setter;
use crate::log::Priority;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "file_watcher_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each line of files, and follows them as they grow and are rotated.",
    params: &[
        Param::strs("filenames")
            .about("the files; names may have wildcards (* ? [..], ** for directories below), and files that match later are followed too"),
        Param::bool("tail")
            .default(Lit::Bool(true))
            .about("whether to stay and follow; false: to the end of each file, then this supply is over"),
        Param::str("start")
            .default(Lit::Worked("\"end\" when tail, else \"begin\""))
            .about("where files that are there at the start are read from: \"begin\" or \"end\"; later ones always from their beginning"),
        lines::SEPARATOR,
        lines::STRIP_CR,
        lines::ENCODING,
        lines::DECODE_ERRORS,
        lines::MAX_LINE,
        lines::LONG_LINE,
        Param::seconds("partial_timeout").optional().about("an unfinished last line is given out after this time; () waits for its end"),
        Param::seconds("poll_interval")
            .default(Lit::Float(1.0))
            .about("how often to look where the system does not tell, and at what cannot be read"),
        Param::seconds("rotate_wait")
            .default(Lit::Float(5.0))
            .about("how long a file that lost its name is still read, as its writer may not know yet"),
        Param::setter("path_setter")
            .or("nullsetter")
            .about("where the file's path goes; the datum must be a map then, so give data_setter too"),
        Param::size("max_read")
            .default(Lit::Int(64 * 1024))
            .about("bytes read of one file before it is the turn of the others, at most 256 KiB"),
    ],
    first: Some("filenames"),
    global: false,
    examples: &[],
    build: |args| FileWatcher::build(args).map(|supply| Box::new(supply) as Box<dyn Cog>),
};

/// Bounds of `max_read`.
const READ: (usize, usize) = (512, 256 * 1024);
/// Whatever was told or not, all is looked at so often.
const SCAN: Duration = Duration::from_secs(30);

/// The number of a followed path.
type Number = u32;

/// What a binding is for.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// The file at a path may have changed, or be another one.
    File(Number),
    /// A pipe may have something to read.
    Pipe(Number),
    /// A deadline of a path.
    Alarm(Number),
}

struct FileWatcher {
    settings: Settings,
    names: Vec<String>,
    globs: Vec<Glob>,
    follows: HashMap<Number, Follow>,
    next: Number,
    by_path: HashMap<PathBuf, Number>,
    /// Who reads an open file.
    readers: HashMap<Id, Number>,
    bound: HashMap<Token, Bound>,
    outlook: Outlook,
    /// Those with something to read, in the order of their turns.
    queue: VecDeque<Number>,
    soon: Option<Token>,
    scan: Option<Token>,
    signal: Option<Token>,
    /// Without `tail`: files whose turn has not come.
    todo: VecDeque<PathBuf>,
}

impl FileWatcher {
    fn build(args: &Args) -> Result<Self> {
        let names = args.strs("filenames");
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(Error::option("filenames", "must name a file"));
        }
        let globs = names.iter().filter_map(|name| Glob::new(name).transpose()).collect::<Result<Vec<_>>>()?;
        let tail = args.bool("tail");
        let from_end = match args.opt_str("start").as_deref() {
            None => tail,
            Some("end") => true,
            Some("begin") => false,
            Some(other) => return Err(Error::option("start", format!("takes \"begin\" or \"end\", but is given \"{other}\""))),
        };
        let path_setter = args.setter("path_setter");
        let wants_map = matches!(path_setter, Setter::Item(_) | Setter::Path(_) | Setter::Update(_) | Setter::Lowered { .. });
        if wants_map && args.common().data_setter.is_none() {
            return Err(Error::Option {
                option: "path_setter".into(),
                text: "has no map to put the path into: each datum is the line itself".into(),
                hint: Some("give `data_setter: \"line\"` too".into()),
            });
        }
        let settings = Settings {
            tail,
            from_end,
            lines: Rc::new(Options::of(args)?),
            partial_timeout: args.opt_seconds("partial_timeout"),
            poll: args.seconds("poll_interval").max(Duration::from_millis(1)),
            rotate_wait: args.seconds("rotate_wait"),
            max_read: args.size("max_read").clamp(READ.0, READ.1),
            path_setter,
        };
        Ok(Self {
            outlook: Outlook::new(settings.poll),
            settings,
            names: names.into_iter().filter(|name| !globs.iter().any(|glob| glob.text() == name)).collect(),
            globs,
            follows: HashMap::new(),
            next: 0,
            by_path: HashMap::new(),
            readers: HashMap::new(),
            bound: HashMap::new(),
            queue: VecDeque::new(),
            soon: None,
            scan: None,
            signal: None,
            todo: VecDeque::new(),
        })
    }
}

impl Cog for FileWatcher {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.settings.tail {
            self.soon = Some(ctx.soon()?);
            return Ok(());
        }
        let scan = ctx.every(SCAN)?;
        ctx.weaken(scan);
        self.scan = Some(scan);
        self.signal = Some(ctx.signal(Signal::HUP.as_raw())?);
        for name in self.names.clone() {
            let number = self.follow(Path::new(&name), false);
            self.look_around(ctx, number)?;
            self.check(ctx, number, self.settings.from_end)?;
            if self.follows.get(&number).is_some_and(|follow| follow.streams.is_empty() && !follow.told) {
                ctx.say(Priority::Notice, &format!("`{name}` is not there yet: waits for it"));
            }
        }
        for glob in 0..self.globs.len() {
            self.expand(ctx, glob, self.settings.from_end)?;
        }
        self.go_on(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let token = ctx.token();
        match wake {
            Wake::Room => self.take_turn(ctx),
            Wake::Soon => {
                self.soon = None;
                self.take_turn(ctx)
            }
            Wake::Signal(_) => self.rescan(ctx),
            Wake::Due { .. } if token == self.scan => self.rescan(ctx),
            Wake::Changed(changed) => self.changed(ctx, token, &changed),
            Wake::Ready { .. } | Wake::Due { .. } => match token.and_then(|token| self.bound.get(&token).copied()) {
                Some(Bound::Pipe(number)) => {
                    if let Some(stream) = self.follows.get_mut(&number).and_then(Follow::at_path) {
                        stream.dirty = true;
                    }
                    self.touch(ctx, number)
                }
                Some(Bound::Alarm(number)) => self.alarm(ctx, number),
                _ => Ok(()),
            },
            Wake::Idle | Wake::Answer(_) | Wake::GiveUp => Ok(()),
        }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        for follow in self.follows.values_mut() {
            // A file that lost its name will not be read again by a next run.
            follow.close_old(ctx, &self.settings, true);
        }
        for token in self.bound.drain().map(|(token, _)| token) {
            ctx.unbind(token);
        }
        for token in [self.soon.take(), self.scan.take(), self.signal.take()].into_iter().flatten() {
            ctx.unbind(token);
        }
        self.outlook.close(ctx);
        self.todo.clear();
        self.queue.clear();
        self.follows.clear();
        Ok(())
    }
}

/// What is told.
impl FileWatcher {
    fn changed(&mut self, ctx: &mut Ctx<'_>, token: Option<Token>, changed: &Changed) -> Result<()> {
        let Some(token) = token else { return Ok(()) };
        let what = changed.what;
        if let Some(Bound::File(number)) = self.bound.get(&token).copied() {
            if what.gone || what.created || what.rescan {
                return self.check(ctx, number, false).and_then(|()| self.go_on(ctx));
            }
            if let Some(stream) = self.follows.get_mut(&number).and_then(Follow::at_path) {
                stream.dirty = true;
            }
            return self.touch(ctx, number);
        }
        let Some(directory) = self.outlook.directory(token) else { return Ok(()) };
        if what.gone || what.rescan || changed.name.is_none() {
            return self.rescan(ctx);
        }
        let Some(name) = &changed.name else { return Ok(()) };
        if what.created || what.removed {
            let (users, searchers) = self.outlook.concerned(&directory, name);
            for user in users {
                match user {
                    User::Follow(number) => {
                        self.look_around(ctx, number)?;
                        self.check(ctx, number, false)?;
                    }
                    User::Glob(glob) => self.expand(ctx, glob, false)?,
                }
            }
            if what.created {
                self.appeared(ctx, &outlook::join(&directory, name), &searchers)?;
            }
        }
        self.go_on(ctx)
    }

    /// Something new is called `path`, where these patterns search.
    fn appeared(&mut self, ctx: &mut Ctx<'_>, path: &Path, searchers: &[usize]) -> Result<()> {
        for &at in searchers {
            let glob = &self.globs[at];
            if glob.matches(path) && !path.is_dir() {
                let number = self.follow(path, true);
                self.check(ctx, number, false)?;
            } else if glob.is_deep() && path.is_dir() {
                self.expand(ctx, at, false)?;
            }
        }
        Ok(())
    }

    /// Looks at everything.
    fn rescan(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.settings.tail {
            return Ok(());
        }
        for glob in 0..self.globs.len() {
            self.expand(ctx, glob, false)?;
        }
        for number in self.follows.keys().copied().collect::<Vec<_>>() {
            if self.follows.get(&number).is_some_and(|follow| !follow.found) {
                self.look_around(ctx, number)?;
            }
            self.check(ctx, number, false)?;
        }
        self.go_on(ctx)
    }

    fn alarm(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        if let Some((_, token)) = follow.alarm.take() {
            self.bound.remove(&token);
        }
        follow.due(ctx, &self.settings);
        if follow.told {
            self.look_around(ctx, number)?;
            self.check(ctx, number, false)?;
        }
        self.touch(ctx, number)
    }
}

/// Which files there are.
impl FileWatcher {
    /// The number under which `path` is followed, from now on if it was not.
    fn follow(&mut self, path: &Path, found: bool) -> Number {
        if let Some(number) = self.by_path.get(path) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.by_path.insert(path.to_owned(), number);
        self.follows.insert(number, Follow::new(path.to_owned(), found));
        number
    }

    /// Watches the directories on which a named path depends.
    fn look_around(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let Some(follow) = self.follows.get(&number) else { return Ok(()) };
        if follow.found {
            return Ok(());
        }
        let path = follow.path.clone();
        self.outlook.depend(ctx, User::Follow(number), || spots(&path))
    }

    /// Looks what a pattern means now, and watches where that may change.
    fn expand(&mut self, ctx: &mut Ctx<'_>, at: usize, from_end: bool) -> Result<()> {
        let base = self.globs[at].base.clone();
        self.outlook.depend(ctx, User::Glob(at), || if base.as_os_str().is_empty() { Default::default() } else { spots(&base) })?;
        // Watched first, listed then: so that nothing slips through between the two.
        self.outlook.search(ctx, at, self.globs[at].directories())?;
        for path in self.globs[at].files() {
            if !self.by_path.contains_key(&path) && !path.is_dir() {
                let number = self.follow(&path, true);
                self.check(ctx, number, from_end)?;
            }
        }
        Ok(())
    }

    /// Looks what stands at a path, and opens it if it is another file than before.
    fn check(&mut self, ctx: &mut Ctx<'_>, number: Number, from_end: bool) -> Result<()> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        let path = follow.path.clone();
        match fs::metadata(&path) {
            Ok(about) => {
                if let Some(stream) = follow.at_path() {
                    if stream.id == id(&about) {
                        stream.dirty |= !stream.is_read(&about);
                        follow.told = false;
                        self.enqueue(number);
                        return Ok(());
                    }
                    self.retire(ctx, number);
                }
                if !self.take_over(ctx, number, id(&about)) {
                    self.open(ctx, number, from_end)?;
                }
            }
            Err(error) if is_missing(&error) => {
                follow.told = false;
                if follow.current {
                    self.retire(ctx, number);
                }
                self.unwatch(ctx, number);
            }
            // What is open goes on being read.
            Err(error) => follow.trouble(ctx, &error),
        }
        self.enqueue(number);
        self.set_alarm(ctx, number)
    }

    /// The file at a path is not its file any more; what is unread of it still is read.
    fn retire(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        let Some(follow) = self.follows.get_mut(&number) else { return };
        follow.retire(ctx.now() + self.settings.rotate_wait);
        if let Some(token) = follow.ready.take() {
            self.bound.remove(&token);
            ctx.unbind(token);
        }
        // A link may lead elsewhere, of which the old file's watch knows nothing.
        self.unwatch(ctx, number);
    }

    /// A file that is read already has come to another name: it is read on under that, from where it was. True when `path`'s
    /// file is being read, by whomever.
    fn take_over(&mut self, ctx: &mut Ctx<'_>, number: Number, id: Id) -> bool {
        let Some(reader) = self.readers.get(&id).copied() else { return false };
        let Some(other) = self.follows.get_mut(&reader) else { return false };
        let Some(at) = other.streams.iter().position(|stream| stream.id == id) else { return false };
        let is_current = other.current && at + 1 == other.streams.len();
        if is_current && reader != number && fs::metadata(&other.path).is_ok_and(|about| stream::id(&about) == id) {
            // Two names of one file.
            return true;
        }
        let Some(mut stream) = other.streams.remove(at) else { return false };
        if is_current {
            other.current = false;
        }
        // Its last line will hardly be completed, but its new name does not tell that.
        let gives_up = stream.closes.take().unwrap_or(ctx.now() + self.settings.rotate_wait);
        stream.partial_due = Some(gives_up).filter(|_| reader != number);
        stream.dirty = true;
        if let Some(follow) = self.follows.get_mut(&number) {
            follow.streams.push_back(stream);
            follow.current = true;
            self.readers.insert(id, number);
        }
        if reader != number {
            self.unwatch(ctx, reader);
        }
        self.watch(ctx, number);
        true
    }

    fn open(&mut self, ctx: &mut Ctx<'_>, number: Number, from_end: bool) -> Result<()> {
        // Watched first, opened then: so that nothing slips through between the two.
        self.watch(ctx, number);
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        match Stream::open(&follow.path, &self.settings.lines, from_end, self.settings.tail) {
            Ok(stream) => {
                follow.told = false;
                self.readers.insert(stream.id, number);
                if stream.flows {
                    let token = ctx.fd(&stream.fd(), Interest::READ)?;
                    follow.ready = Some(token);
                    self.bound.insert(token, Bound::Pipe(number));
                }
                follow.streams.push_back(stream);
                follow.current = true;
            }
            Err(error) if is_missing(&error) => self.unwatch(ctx, number),
            Err(error) => follow.trouble(ctx, &error),
        }
        Ok(())
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
    fn unwatch(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        if let Some(token) = self.follows.get_mut(&number).and_then(|follow| follow.watch.take()) {
            self.bound.remove(&token);
            ctx.unbind(token);
        }
    }
}

/// Whose turn it is.
impl FileWatcher {
    fn enqueue(&mut self, number: Number) {
        if let Some(follow) = self.follows.get_mut(&number)
            && follow.wants()
            && !std::mem::replace(&mut follow.queued, true)
        {
            self.queue.push_back(number);
        }
    }

    /// Something may be read of a path: at once, when it does not stand in the queue.
    fn touch(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
        let queued = self.follows.get(&number).is_none_or(|follow| follow.queued);
        if !queued {
            self.step(ctx, number)?;
        }
        self.go_on(ctx)
    }

    fn take_turn(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
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
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        if room > 0
            && let Err(error) = follow.step(ctx, &self.settings, room)
        {
            follow.trouble(ctx, &error);
        }
        for id in follow.close_old(ctx, &self.settings, false) {
            self.readers.remove(&id);
        }
        let gone = follow.streams.is_empty() && (follow.found && !follow.told || !self.settings.tail);
        self.enqueue(number);
        self.set_alarm(ctx, number)?;
        if gone {
            self.forget(ctx, number);
        }
        Ok(())
    }

    fn forget(&mut self, ctx: &mut Ctx<'_>, number: Number) {
        self.unwatch(ctx, number);
        if let Some(follow) = self.follows.remove(&number) {
            self.by_path.remove(&follow.path);
            for token in [follow.ready, follow.alarm.map(|(_, token)| token)].into_iter().flatten() {
                self.bound.remove(&token);
                ctx.unbind(token);
            }
        }
        self.readers.retain(|_, reader| *reader != number);
    }

    /// Lets the others come before the next turn.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let more = !self.queue.is_empty() || !self.todo.is_empty() && self.follows.is_empty();
        if more && self.soon.is_none() && ctx.room() > 0 {
            self.soon = Some(ctx.soon()?);
        }
        Ok(())
    }

    fn set_alarm(&mut self, ctx: &mut Ctx<'_>, number: Number) -> Result<()> {
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
                ctx.say(Priority::Error, &format!("nothing matches `{}`", glob.text()));
            }
            self.todo.extend(files.into_iter().filter(|path| !path.is_dir()));
        }
        while self.follows.is_empty()
            && let Some(path) = self.todo.pop_front()
        {
            match Stream::open(&path, &self.settings.lines, self.settings.from_end, false) {
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
                Err(error) => ctx.say(Priority::Error, &format!("cannot read `{}`: {}", path.display(), plain(&error))),
            }
        }
    }
}

/// Nothing stands there, which may change; all other errors are worth a word.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
