//! `fs::filer_drain`: each datum becomes a file in a directory from which others take it.
//!
//! `write` makes the files, on the helper, all that has come meanwhile at once; `store` begins that and settles the events whose files
//! are in place; `clean` removes what writers that live no more have left half done.

mod clean;
mod store;
mod write;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use self::store::{Count, Limit};
use self::write::{Item, Writing};
use super::filer::trouble::Trouble;
use super::filer::{self, Layout, names};
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Kind, Lit, Origins, Page, Param, Shelf, Ty};
use crate::datum::Datum;
use crate::disk::{self, Disk};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::Getter;

/// The cog's entry in the table.
pub static SPEC: CogSpec = CogSpec {
    family: "fs",
    name: "filer_drain",
    kind: Kind::Drain,
    about: "Writes each datum to a file of its own in a directory from which others take it; an event ends well when its file is in place.",
    page: Page {
        fails: "a datum that is neither string nor blob, or whose name can be no file's; a full disk fails nothing: it is tried again",
        uses: &[r#"fs::filer_drain("/var/spool/mentat")"#, r#"fs::filer_drain(#{ dir: "queue", suffix: "json", limit: 10000 })"#],
        ..Page::OF_KIND
    },
    params: &[
        filer::DIR,
        filer::INCOMING,
        filer::TEMP,
        filer::MAKE_DIRS,
        Param::new("mode", Ty::Mode).or("0640").about("permissions of the files, as 0o640 or \"0640\""),
        Param::getter("data_getter").or("selfgetter").about("the file's content in the datum: a string, or a blob"),
        Param::str("suffix").or("idea").about("the end of each file's name"),
        Param::getter("name_getter").optional().about(
            "the file's name in the datum, which fails where that can be no file's or begins with a dot; one that is taken gets a number. (): host, process, time and inode",
        ),
        Param::bool("fsync")
            .default(Lit::Bool(true))
            .about("whether a file is brought to the disk before it is put in place, and its name after that; an event ends well only then"),
        Param::int("limit").optional().about("wait while so many files are in incoming"),
        Param::seconds("limit_wait").default(Lit::Float(5.0)).about("how long to wait then before counting them again"),
        Param::bool("clean")
            .default(Lit::Bool(true))
            .about("whether files older than 1 h are removed from temp at the start that a process of this host was writing which lives no more"),
    ],
    first: Some("dir"),
    global: false,
    examples: &[],
    build: |args| FilerDrain::build(args).map(|drain| Box::new(drain) as Box<dyn Cog>),
};

struct FilerDrain {
    getter: Getter,
    name_getter: Option<Getter>,
    layout: Layout,
    writing: Arc<Writing>,
    limit: Option<Limit>,
    clean: bool,
    disk: Arc<dyn Disk>,
    /// Files that are not in place yet; those that a job writes come first and are in its hands.
    waiting: VecDeque<Item>,
    /// Their events, and before them those of files that are in place and whose names are not synced.
    events: Shelf,
    unsynced: usize,
    job: Option<Job>,
    count: Option<Count>,
    cleaning: Option<Token>,
    trouble: Trouble,
    /// As long as there are too many files in `incoming`.
    full: Option<Token>,
}

/// What the helper is doing.
struct Job {
    token: Token,
    items: Arc<Vec<Item>>,
}

impl FilerDrain {
    fn build(args: &Args) -> Result<Self> {
        let layout = Layout::of(args)?;
        let suffix = args.str("suffix");
        names::check(&format!("x.{suffix}")).map_err(|error| Error::option("suffix", error.to_string()))?;
        let limit =
            args.opt_int("limit").map(|most| Limit { most: most as usize, wait: args.seconds("limit_wait").max(Duration::from_millis(1)) });
        if limit.as_ref().is_some_and(|limit| limit.most == 0) {
            return Err(Error::option("limit", "must have room for a file"));
        }
        Ok(Self {
            getter: args.getter("data_getter"),
            name_getter: args.opt_getter("name_getter"),
            writing: Arc::new(Writing {
                incoming: layout.incoming.clone(),
                temp: layout.temp.clone(),
                suffix,
                mode: args.mode("mode"),
                fsync: args.bool("fsync"),
            }),
            layout,
            limit,
            clean: args.bool("clean"),
            disk: disk::real(),
            waiting: VecDeque::new(),
            events: Shelf::default(),
            unsynced: 0,
            job: None,
            count: None,
            cleaning: None,
            trouble: Trouble::default(),
            full: None,
        })
    }

    /// The file that is made of a datum.
    fn item(&self, datum: &Datum) -> Result<Item> {
        let content = self.getter.get(datum)?;
        let bytes = match &*content {
            Datum::Str(text) | Datum::Raw(text) => text.as_bytes().to_vec(),
            Datum::Bytes(bytes) => bytes.to_vec(),
            other => return Err(Error::NotText { got: other.kind() }),
        };
        let Some(getter) = &self.name_getter else { return Ok(Item { name: None, bytes }) };
        let name = getter.get(datum)?;
        let Some(name) = name.as_str() else {
            return Err(Error::WrongKind { what: "the file's name".into(), wanted: "a string", got: name.kind() });
        };
        names::check(name)?;
        Ok(Item { name: Some(name.to_owned()), bytes })
    }
}

impl Cog for FilerDrain {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let item = self.item(&datum)?;
        self.waiting.push_back(item);
        ctx.put_on(&mut self.events);
        if ctx.has_successors() {
            ctx.emit(datum);
        }
        Ok(())
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        batch.each(ctx, |ctx, datum| self.turn(ctx, datum))?;
        self.store(ctx)
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.disk = Arc::clone(ctx.disk());
        self.layout.open(&*self.disk, &[])?;
        if self.clean {
            let (disk, temp, now) = (Arc::clone(&self.disk), self.layout.temp.clone(), ctx.wall());
            let cleaning = filer::offload(ctx, move || clean::clean(&*disk, &temp, now))?;
            ctx.weaken(cleaning);
            self.cleaning = Some(cleaning);
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        self.woken(ctx, wake);
        self.store(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        // No try waits for its pause, but for that in which readers make room.
        self.trouble.stop_waiting(ctx);
        self.look_again(ctx);
        self.store(ctx)
    }

    fn busy(&self) -> bool {
        !self.events.is_empty()
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.events.len(), stalled: self.trouble.waits() || self.full.is_some() }
    }

    fn kept_origins(&self) -> Origins {
        self.events.origins()
    }
}

#[cfg(test)]
mod tests;
