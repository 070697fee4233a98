//! `fs::file_watcher_supply`: each line of files becomes a datum, as the files grow, are rotated, come and go.
//!
//! `names` tells which files are meant and which directories tell of new ones; `outlook` watches those; `follow` is one path
//! with the files that stand and stood there; `stream` is one open file. `news`, `files` and `turns` join them to what the
//! escapement tells: all news are hints to look, so that the same code serves inotify, looking again and again, and the scan
//! each 30 s.

mod files;
mod follow;
mod guard;
mod ledger;
mod names;
mod news;
mod outlook;
mod resume;
mod siblings;
mod stream;
mod turns;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use self::files::AGAIN;
use self::follow::{Follow, Readers, Settings};
use self::outlook::Outlook;
use self::resume::Memory;
use self::siblings::Listing;
use super::paths::{Glob, PATH_SETTER, path_setter};
use crate::cog::{Args, Cog, CogSpec, Ctx, Kind, Lit, Page, Param, Settled, Ty};
use crate::datum::Datum;
use crate::disk;
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::lines::{self, Options};
use crate::log::Priority;
use crate::state;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "file_watcher_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each line of files, and follows them as they grow and are rotated.",
    page: Page {
        gives: "each line as a string (with encoding \"bytes\" as a blob), without its separator; an empty line is a datum too",
        fails: "a line that is too long (long_line: \"fail\") or no text (decode_errors: \"fail\"); a file that cannot be read is told once and tried again",
        uses: &[
            r#"fs::file_watcher_supply("/var/log/*.log", #{ state_file: "seen.state", path_setter: "file", data_setter: "line" })"#,
            r#"fs::file_watcher_supply(#{ filenames: ["a.csv", "b.csv"], tail: false })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        Param::strs("filenames")
            .about("the files; names may have wildcards (* ? [..], ** for directories below), and files that match later are followed too"),
        Param::bool("tail")
            .default(Lit::Bool(true))
            .about("whether to stay and follow; false: to the end of each file, then this supply is over"),
        Param::new("start", Ty::Choice(&["begin", "end"]))
            .default(Lit::Worked("\"end\" when tail, else \"begin\""))
            .about("where files that are there at the start are read from; later ones always from their beginning"),
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
        PATH_SETTER,
        Param::size("max_read")
            .default(Lit::Int(64 * 1024))
            .about("bytes read of one file before it is the turn of the others, at most 256 KiB"),
        state::STATE_FILE,
        state::STATE_INTERVAL,
        state::BAD_STATE,
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
    follows: BTreeMap<Number, Follow>,
    next: Number,
    by_path: HashMap<PathBuf, Number>,
    readers: Readers,
    bound: BTreeMap<Token, Bound>,
    outlook: Outlook,
    /// Those with something to read, in the order of their turns.
    queue: VecDeque<Number>,
    soon: Option<Token>,
    scan: Option<Token>,
    /// Looks once more for what was renamed while it was looked at the start.
    again: Option<Token>,
    signal: Option<Token>,
    /// Something was told that may mean any file.
    wants_scan: bool,
    /// Without `tail`: files whose turn has not come.
    todo: VecDeque<PathBuf>,
    /// Where to remember how far all has been done, and what is remembered since it was wound.
    state: Option<state::Options>,
    memory: Option<Memory>,
    /// Memory for small reads.
    scratch: Vec<u8>,
}

impl FileWatcher {
    fn build(args: &Args) -> Result<Self> {
        let names = args.strs("filenames");
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(Error::option("filenames", "must name a file"));
        }
        let globs = names.iter().filter_map(|name| Glob::new("filenames", name).transpose()).collect::<Result<Vec<_>>>()?;
        let tail = args.bool("tail");
        let from_end = args.opt_str("start").map_or(tail, |start| start == "end");
        let settings = Settings {
            tail,
            from_end,
            lines: Rc::new(Options::of(args)?),
            partial_timeout: args.opt_seconds("partial_timeout"),
            poll: args.seconds("poll_interval").max(Duration::from_millis(1)),
            rotate_wait: args.seconds("rotate_wait"),
            max_read: args.size("max_read").clamp(READ.0, READ.1),
            path_setter: path_setter(args, "line")?,
            disk: disk::real(),
        };
        let state = state::Options::of(args)?;
        if state.is_some() && !settings.lines.keeps_places() {
            return Err(Error::option(
                "state_file",
                "needs lines whose places in the file are known: `encoding` must be \"utf-8\" or \"bytes\"",
            ));
        }
        Ok(Self {
            outlook: Outlook::new(settings.poll),
            settings,
            names: names.into_iter().filter(|name| !globs.iter().any(|glob| glob.text() == name)).collect(),
            globs,
            follows: BTreeMap::new(),
            next: 0,
            by_path: HashMap::new(),
            readers: HashMap::new(),
            bound: BTreeMap::new(),
            queue: VecDeque::new(),
            soon: None,
            scan: None,
            again: None,
            signal: None,
            wants_scan: false,
            todo: VecDeque::new(),
            state,
            memory: None,
            scratch: Vec::new(),
        })
    }
}

impl Cog for FileWatcher {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.settings.disk = Arc::clone(ctx.disk());
        self.memory = self.state.as_ref().map(|state| Memory::open(ctx, state)).transpose()?;
        if self.memory.is_some() {
            // Lets the drains know that what they write will be vouched for.
            ctx.sync_drains();
        }
        self.find(ctx)?;
        if let Some(memory) = &mut self.memory {
            memory.starting &= !self.settings.tail;
            memory.listing = Listing::default();
        }
        // Before anything is read: what was there at the start must be known even when the first thing that comes is the end.
        self.keep_now();
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if let Some(memory) = &mut self.memory {
            memory.guard.survived(&memory.keeper);
        }
        let Some(wake) = self.keep(ctx, wake)? else { return Ok(()) };
        self.woken(ctx, wake)
    }

    fn wants_settled(&self) -> bool {
        self.memory.is_some()
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[Settled]) -> Result<()> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        memory.ledger.settled(done, |settled| !(settled.failed && ctx.gives_up()));
        let count = done.iter().map(|settled| settled.count as usize).sum();
        memory.guard.settled(&memory.keeper, count);
        if memory.clean { Ok(()) } else { memory.keeper.changed(ctx, count) }
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        for follow in self.follows.values_mut() {
            // A file that lost its name will not be read again by a next run.
            follow.close_old(ctx, &self.settings, true);
        }
        for token in std::mem::take(&mut self.bound).into_keys() {
            ctx.unbind(token);
        }
        for token in [self.soon.take(), self.scan.take(), self.again.take(), self.signal.take()].into_iter().flatten() {
            ctx.unbind(token);
        }
        self.outlook.close(ctx);
        self.todo.clear();
        self.queue.clear();
        match &mut self.memory {
            // Their last words are not settled yet.
            Some(memory) => memory.clean = true,
            None => self.follows.clear(),
        }
        Ok(())
    }

    fn freeze_checkpoint(&mut self) {
        self.memory = None;
    }

    fn done(&mut self) {
        self.keep_now();
        self.memory = None;
        self.follows.clear();
    }
}

impl FileWatcher {
    /// Finds the files and watches for others.
    fn find(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if !self.settings.tail {
            self.soon = Some(ctx.soon()?);
            return Ok(());
        }
        let from_end = self.settings.from_end && self.memory.as_ref().is_none_or(|memory| memory.first);
        let scan = ctx.every(SCAN)?;
        ctx.weaken(scan);
        self.scan = Some(scan);
        if self.memory.is_some() {
            self.again = Some(ctx.after(AGAIN)?);
        }
        self.signal = Some(ctx.signal(Signal::HUP.as_raw())?);
        for name in self.names.clone() {
            if self.by_path.contains_key(Path::new(&name)) {
                continue;
            }
            let number = self.follow(Path::new(&name), false);
            self.look_around(ctx, number)?;
            self.check(ctx, number, from_end)?;
            if self.follows.get(&number).is_some_and(|follow| follow.streams.is_empty() && !follow.told) {
                ctx.say(Priority::Warning, &format!("`{name}` is not there yet: waits for it"));
            }
        }
        for glob in 0..self.globs.len() {
            self.expand(ctx, glob, from_end)?;
        }
        self.go_on(ctx)
    }

    fn woken(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let token = ctx.token();
        match wake {
            Wake::Room => self.take_turn(ctx),
            Wake::Soon => {
                self.soon = None;
                self.take_turn(ctx)
            }
            Wake::Signal(_) => self.rescan(ctx),
            Wake::Due { .. } if token == self.scan => self.rescan(ctx),
            Wake::Due { .. } if token == self.again => {
                self.again = None;
                self.sweep(ctx)?;
                self.go_on(ctx)
            }
            Wake::Changed(changed) => self.changed(ctx, token, &changed),
            Wake::Ready { .. } | Wake::Due { .. } => match token.and_then(|token| self.bound.get(&token).copied()) {
                Some(Bound::Pipe(number)) => self.changed_file(ctx, number),
                Some(Bound::Alarm(number)) => self.alarm(ctx, number),
                _ => Ok(()),
            },
            Wake::Idle | Wake::Answer(_) | Wake::Synced | Wake::NoMore { .. } | Wake::GiveUp => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
