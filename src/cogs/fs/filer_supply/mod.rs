//! `fs::filer_supply`: each file that others put into a directory becomes a datum, and is removed when that is done.
//!
//! `queue` holds the names that were seen, `claims` is the directory into which this reader renames what it takes, `take` does that and
//! reads, `clear` sees to what was taken. All of it runs on the helper, some files at once; `steps` is what begins it, and `ends` the
//! rest of a file's life: a file is removed only when the drains have brought to the disk what was made of it, which is asked
//! of them for many files at once.

mod claims;
mod clear;
mod ends;
mod queue;
mod steps;
mod take;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use self::claims::Claims;
use self::clear::{Due, Places};
use self::queue::{Choice, Order, Queue};
use self::take::Taken;
use super::filer::trouble::Trouble;
use super::filer::{self, Layout};
use super::whole::Reading;
use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Kind, Lit, Page, Param, Settled};
use crate::datum::Datum;
use crate::disk::{self, Disk};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::Setter;
use crate::lines::{self, Coding, OnBad};

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "filer_supply",
    kind: Kind::Supply,
    about: "Makes a datum of each file that others put into a directory, and removes it when all made of it is stored.",
    page: Page {
        gives: "the whole content of each file as a string (with encoding \"bytes\" as a blob)",
        fails: "a file that is empty, too long or no text, and one of which any part failed later: it goes to the directory `errors`, with the reason beside it",
        uses: &[
            r#"fs::filer_supply("/var/spool/warden", #{ name_setter: "file", data_setter: "text" })"#,
            r#"fs::filer_supply(#{ dir: "in", pattern: "*.idea", done_dir: "done" })"#,
        ],
        ..Page::OF_KIND
    },
    params: &[
        filer::DIR,
        filer::INCOMING,
        filer::TEMP,
        Param::str("pending").optional().about("the directory in dir where files are that were taken; (): that of temp"),
        Param::str("errors").or("errors").about("the directory in dir for files that failed"),
        Param::str("done_dir").optional().about("the directory in dir for files that are done; (): they are removed"),
        filer::MAKE_DIRS,
        Param::seconds("poll_interval").default(Lit::Float(5.0)).about(
            "how often the directory is listed; where the system tells of new files and this is not given, each 30 s, to be sure",
        ),
        Param::choice("order", Order::WORDS).about("in which order waiting files are taken: by name, by the time of their last change, or any"),
        Param::size("max_size").default(Lit::Int(64 << 20)).about("a longer file goes to errors unread"),
        lines::ENCODING.about("the text's encoding (any label of the WHATWG); \"bytes\": no text, each file is a blob"),
        Param::choice("decode_errors", OnBad::WORDS).about(
            "what becomes of bytes that are no text in that encoding: U+FFFD in their place, the file goes to errors, or they are left out",
        ),
        Param::str("pattern").or("*").about("only files with such a name are taken (* ? [..]); never those with a leading dot"),
        Param::choice("recover", Recover::WORDS).about(
            "files to be put back into incoming: those that a reader had taken which lives no more; \"all\": also, at the start, those that lie loose in pending, for who is the only reader; \"none\"",
        ),
        Param::setter("name_setter")
            .or("nullsetter")
            .about("where the file's name goes, a blob where it is no text; the datum must be a map then, so give data_setter too"),
        Param::bool("meta")
            .default(Lit::Bool(true))
            .about("whether a file in errors gets a companion NAME.meta that tells why: JSON with error, cog and time"),
    ],
    first: Some("dir"),
    global: false,
    examples: &[],
    build: |args| FilerSupply::build(args).map(|supply| Box::new(supply) as Box<dyn Cog>),
};

/// `recover`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recover {
    Dead,
    All,
    None,
}

impl Recover {
    const WORDS: &[&str] = &["dead", "all", "none"];
}

/// A file on its way.
#[derive(Debug)]
struct Open {
    name: OsString,
    /// Why it goes to `errors` whatever becomes of its event.
    fault: Option<String>,
}

/// Jobs on the helper. Those that move files have how many they have in hand.
#[derive(Debug, Default)]
struct Jobs {
    scan: Option<Token>,
    take: Option<(Token, usize)>,
    clear: Option<(Token, usize)>,
}

struct FilerSupply {
    places: Places,
    layout: Layout,
    pending: PathBuf,
    choice: Choice,
    reading: Reading,
    recover: Recover,
    /// How often to list: where the system tells of news, and where it does not.
    periods: (Duration, Duration),
    name_setter: Setter,
    max_in_flight: usize,
    disk: Arc<dyn Disk>,
    claims: Option<Arc<Claims>>,
    watch: Option<Token>,
    signal: Option<Token>,
    /// When the directory is listed the next time in any case.
    look: Option<Token>,
    wants_scan: bool,
    /// When dead readers were looked for last.
    recovered: Option<Moment>,
    queue: Queue,
    /// Names of files whose turn comes after that of others of the same name, which were taken already.
    busy: Vec<OsString>,
    /// Taken and read, and not sent yet.
    ready: VecDeque<Taken>,
    open: BTreeMap<u64, Open>,
    /// Done, if what was made of them is synced.
    stored: Vec<OsString>,
    /// Those for which the drains sync just now.
    syncing: Option<Vec<OsString>>,
    /// When they were asked last, and when they are to be asked next.
    asked: Option<Moment>,
    ask: Option<Token>,
    due: Vec<Due>,
    jobs: Jobs,
    /// The directory cannot be listed.
    blind: Trouble,
    /// Files cannot be moved.
    stuck: Trouble,
    /// Things that were told to be no regular files.
    odd: BTreeSet<OsString>,
    /// Nothing more is taken.
    ended: bool,
    /// What is done may not be stored: nothing is removed any more.
    frozen: bool,
}

/// Where the system tells of new files the directory is listed so often, unless the script says how often.
const SCAN: Duration = Duration::from_secs(30);

impl FilerSupply {
    fn build(args: &Args) -> Result<Self> {
        let layout = Layout::of(args)?;
        let optional = |option| args.opt_str(option).map(|_| layout.place(args, option)).transpose();
        let pending = optional("pending")?.unwrap_or_else(|| layout.temp.clone());
        let places = Places {
            incoming: layout.incoming.clone(),
            errors: layout.place(args, "errors")?,
            done: optional("done_dir")?,
            meta: args.bool("meta"),
        };
        for (option, path) in [("pending", Some(&pending)), ("errors", Some(&places.errors)), ("done_dir", places.done.as_ref())] {
            if path == Some(&places.incoming) {
                return Err(Error::option(option, "must be another directory than `incoming`: what is put there would be taken again"));
            }
        }
        let name_setter = args.setter("name_setter");
        let wants_map = matches!(name_setter, Setter::Item(_) | Setter::Path(_) | Setter::Update(_) | Setter::Lowered { .. });
        if wants_map && args.common().data_setter.is_none() {
            return Err(Error::Option {
                option: "name_setter".into(),
                text: "has no map to put the name into: each datum is the file's content itself".into(),
                hint: Some("give `data_setter: \"content\"` too".into()),
            });
        }
        let poll = args.seconds("poll_interval").max(Duration::from_millis(1));
        Ok(Self {
            choice: Choice::of(args)?,
            reading: Reading {
                max_size: args.size("max_size"),
                coding: Coding::named(&args.str("encoding"))?,
                on_bad: OnBad::named(&args.str("decode_errors")),
                may_be_empty: false,
            },
            recover: match args.str("recover").as_str() {
                "all" => Recover::All,
                "none" => Recover::None,
                _ => Recover::Dead,
            },
            periods: (if args.is_given("poll_interval") { poll } else { SCAN }, poll),
            name_setter,
            max_in_flight: args.common().max_in_flight,
            places,
            layout,
            pending,
            disk: disk::real(),
            claims: None,
            watch: None,
            signal: None,
            look: None,
            wants_scan: true,
            recovered: None,
            queue: Queue::default(),
            busy: Vec::new(),
            ready: VecDeque::new(),
            open: BTreeMap::new(),
            stored: Vec::new(),
            // The drains are asked at the start.
            syncing: Some(Vec::new()),
            asked: None,
            ask: None,
            due: Vec::new(),
            jobs: Jobs::default(),
            blind: Trouble::default(),
            stuck: Trouble::default(),
            odd: BTreeSet::new(),
            ended: false,
            frozen: false,
        })
    }
}

impl Cog for FilerSupply {
    fn turn(&mut self, _ctx: &mut Ctx<'_>, _datum: Datum) -> Result<()> {
        Err(Error::Other("a supply takes no data".into()))
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.disk = Arc::clone(ctx.disk());
        let others: Vec<_> = [&self.pending, &self.places.errors].into_iter().chain(&self.places.done).map(|path| &**path).collect();
        self.layout.open(&*self.disk, &others)?;
        let claims = Claims::make(&*self.disk, &self.pending, ctx.wall());
        self.claims = Some(Arc::new(claims.map_err(|error| Error::os("make a directory in", &self.pending, error))?));
        self.watch = Some(ctx.watch(&self.places.incoming, self.periods.1)?);
        self.signal = Some(ctx.signal(Signal::HUP.as_raw())?);
        if self.places.meta {
            ctx.asks_why();
        }
        // Lets the drains know that what they write will be vouched for.
        ctx.sync_drains();
        self.go_on(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        self.woken(ctx, wake);
        self.send(ctx);
        self.go_on(ctx)
    }

    fn wants_settled(&self) -> bool {
        true
    }

    fn settled(&mut self, ctx: &mut Ctx<'_>, done: &[Settled]) -> Result<()> {
        self.note_settled(ctx, done);
        self.go_on(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let bound = [self.watch.take(), self.signal.take(), self.look.take(), self.ask.take(), self.jobs.scan.take()];
        for token in bound.into_iter().flatten() {
            ctx.unbind(token);
        }
        self.blind.stop_waiting(ctx);
        self.stuck.stop_waiting(ctx);
        self.queue = Queue::default();
        self.put_back_ready();
        self.clear(ctx)?;
        self.ended = true;
        Ok(())
    }

    fn busy(&self) -> bool {
        self.jobs.take.is_some() || self.jobs.clear.is_some()
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.ready.len(), stalled: self.stuck.waits() }
    }

    fn freeze_checkpoint(&mut self) {
        self.frozen = true;
    }

    fn done(&mut self) {
        self.clear_now();
    }
}

#[cfg(test)]
mod tests;
