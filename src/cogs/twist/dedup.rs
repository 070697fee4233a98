//! `twist::dedup`: of the data of one key, one in a window of time.
//!
//! The window of a key begins with its first datum, and with `refresh` anew with each further one; the time of arrival counts. With "first"
//! that datum goes on at once, and what repeats it is swallowed. With "last" and "count" one datum goes on when the window is over: all
//! that were gathered for it end with it, and until then they are held, at rest, so that `max_in_flight` of their supply leaves them out.
//! The end of the run, and a cog that takes this one's place, send what is gathered.
//!
//! What is remembered lives as long as the process: there is no file of it, so that after a restart each key is new. A script that is
//! reloaded keeps what "first" remembers.

use std::any::Any;
use std::time::Duration;

use super::key_text::write_key;
use super::keys::{self, Keys, MAX_KEYS};
use crate::cog::{Args, Backlog, Batch, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Pool};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

/// `twist::dedup`: any datum -> the same, later, or none.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "dedup",
    kind: Kind::Window,
    about: "Lets one datum of each key pass in a window of time: the first at once, or one at the end with the number of them.",
    page: Page {
        takes: "a datum with what key_getter asks for; by default any",
        gives: "with mode: \"first\" the first datum of a key, unchanged, at once; the others end well. With \"last\" and \"count\" one datum when the window is over, or the run; all that it stands for end when it does",
        fails: "a datum without the key; all of a window if their number cannot be put into the one that goes on",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("key_getter").or("selfgetter").about("what makes data the same; itemgetter(\"a\", \"b\") for several fields; by default all of the datum. Values that are equal are one key, however they are written; 1, 1.0 and \"1\" are three"),
        Param::seconds("window").default(Lit::Int(60)).about("seconds that the window of a key lasts, from its first datum on; none outlives the process"),
        Param::choice("mode", &["first", "last", "count"])
            .about("\"first\" passes the first datum at once and swallows the others; when the window is over, \"last\" sends the last one, \"count\" the first one with their number"),
        Param::bool("refresh").default(Lit::Bool(false)).about("each datum of a key begins its window anew: it ends when none has come for so long"),
        Param::setter("count_setter")
            .default(Lit::Worked("\"count\" with mode \"count\", else nowhere"))
            .about("where the number of data in the window goes; not with \"first\""),
        MAX_KEYS,
        Param::int("max_held")
            .default(Lit::Int(1_000_000))
            .about("data gathered at most, at least 1, with \"last\" and \"count\"; beyond it the window that is over first is cut short"),
    ],
    first: Some("key_getter"),
    global: false,
    examples: &[
        Example {
            what: "an alarm of each host once in ten minutes",
            make: r#"twist::dedup(#{ key_getter: itemgetter("host", "alarm"), window: 600 })"#,
            input: r#"{"host": "gate", "alarm": "disk", "free": 7}"#,
            output: &[r#"{"host": "gate", "alarm": "disk", "free": 7}"#],
        },
        Example {
            what: "the number of them, when none has come for a minute, or at the end",
            make: r#"twist::dedup("host", #{ mode: "count", window: 60, refresh: true, count_setter: "times" })"#,
            input: r#"{"host": "gate"}"#,
            output: &[r#"{"host": "gate", "times": 1}"#],
        },
    ],
    build: |args| Ok(Box::new(Dedup::new(args)?)),
};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    First,
    Last,
    Count,
}

/// What is gathered in the window of a key.
struct Held {
    datum: Datum,
    count: u64,
    pool: Pool,
}

struct Dedup {
    key_getter: Getter,
    window: Duration,
    mode: Mode,
    refresh: bool,
    count_setter: Setter,
    max_keys: usize,
    max_held: u64,
    /// Until their windows are over. With "first" nothing is gathered.
    keys: Keys<Option<Held>>,
    /// Data that are gathered.
    held: u64,
    timer: Option<Token>,
    /// Windows that were cut short for want of room.
    cut: u64,
    key: String,
}

impl Dedup {
    fn new(args: &Args) -> Result<Self> {
        let mode = match args.str("mode").as_str() {
            "last" => Mode::Last,
            "count" => Mode::Count,
            _ => Mode::First,
        };
        let window = args.seconds("window");
        if window.is_zero() {
            return Err(Error::option("window", "must be longer than nothing"));
        }
        for option in ["count_setter", "max_held"] {
            if mode == Mode::First && args.is_given(option) {
                return Err(Error::option(option, "has a meaning only with the modes \"last\" and \"count\""));
            }
        }
        let max_held = args.int("max_held");
        if max_held == 0 {
            return Err(Error::option("max_held", "must be at least 1"));
        }
        let count_setter =
            if mode == Mode::Count && !args.is_given("count_setter") { Setter::named("count")? } else { args.setter("count_setter") };
        Ok(Self {
            key_getter: args.getter("key_getter"),
            window,
            mode,
            refresh: args.bool("refresh"),
            count_setter,
            max_keys: keys::most(args)?,
            max_held,
            keys: Keys::default(),
            held: 0,
            timer: None,
            cut: 0,
            key: String::new(),
        })
    }

    /// Whether this datum is the first of its key; then the key is remembered.
    fn is_first(&mut self, datum: &Datum, until: Moment) -> Result<bool> {
        write_key(&mut self.key, &self.key_getter, datum)?;
        if self.keys.get(&self.key).is_none() {
            self.keys.add(&self.key, until, None);
            // It is told of when the batch is over.
            if self.keys.len() > self.max_keys {
                self.keys.pop();
                self.cut += 1;
            }
            return Ok(true);
        }
        if self.refresh {
            self.keys.postpone(&self.key, until);
        }
        Ok(false)
    }

    /// Gathers a datum.
    fn gather(&mut self, ctx: &mut Ctx<'_>, datum: &Datum, until: Moment) -> Result<()> {
        write_key(&mut self.key, &self.key_getter, datum)?;
        self.held += 1;
        if let Some((_, Some(held))) = self.keys.get(&self.key) {
            held.count += 1;
            ctx.keep(&mut held.pool);
            if self.mode == Mode::Last {
                held.datum = datum.detach();
            }
            if self.refresh {
                self.keys.postpone(&self.key, until);
            }
        } else {
            let mut pool = ctx.pool();
            ctx.keep(&mut pool);
            // It stays for long: it must not keep what was read with it.
            self.keys.add(&self.key, until, Some(Held { datum: datum.detach(), count: 1, pool }));
        }
        self.make_room(ctx);
        Ok(())
    }

    /// Cuts windows short when there are too many.
    fn make_room(&mut self, ctx: &mut Ctx<'_>) {
        let before = self.cut;
        while self.keys.len() > self.max_keys || self.held > self.max_held {
            let Some(held) = self.keys.pop() else { break };
            self.cut += 1;
            self.send(ctx, held);
        }
        self.tell_cut(ctx, before);
    }

    /// The first time that windows are cut short is told.
    fn tell_cut(&self, ctx: &Ctx<'_>, before: u64) {
        if before == 0 && self.cut > 0 {
            let (keys, data) = (self.max_keys, self.max_held);
            let most = if self.mode == Mode::First {
                format!("{keys} keys (`max_keys`)")
            } else {
                format!("{keys} keys (`max_keys`) or {data} data (`max_held`)")
            };
            ctx.say(Priority::Warning, &format!("has more than {most}: windows are cut short from now on, the oldest first"));
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, held: Option<Held>) {
        let Some(Held { mut datum, count, pool }) = held else { return };
        self.held -= count;
        ctx.emit_pooled(pool, 1, |_| {
            let done = self.count_setter.set(&mut datum, Datum::Int(count as i64));
            (std::mem::take(&mut datum), done)
        });
    }

    /// Closes the windows that are over.
    fn close(&mut self, ctx: &mut Ctx<'_>, now: Moment) {
        while let Some(held) = self.keys.pop_due(now) {
            self.send(ctx, held);
        }
    }

    /// Is woken when the next window is over. What "first" remembers may stay until the next datum comes.
    fn wait(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let (None, Some(first)) = (self.timer, self.keys.first()) {
            let timer = ctx.at(first)?;
            // When nothing else can happen the run ends, and what is gathered goes on.
            ctx.weaken(timer);
            self.timer = Some(timer);
        }
        Ok(())
    }
}

impl Cog for Dedup {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let now = ctx.now();
        let until = now + self.window;
        self.close(ctx, now);
        if self.mode == Mode::First {
            let before = self.cut;
            if self.is_first(&datum, until)? {
                ctx.emit(datum);
            }
            self.tell_cut(ctx, before);
            return Ok(());
        }
        self.gather(ctx, &datum, until)?;
        self.wait(ctx)
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        // What was read at once has come at once.
        let now = ctx.now();
        let until = now + self.window;
        self.close(ctx, now);
        if self.mode == Mode::First {
            let before = self.cut;
            batch.each_in_place(ctx, |datum| self.is_first(datum, until))?;
            self.tell_cut(ctx, before);
            return Ok(());
        }
        batch.each_shown(ctx, |ctx, datum| self.gather(ctx, datum, until))?;
        self.wait(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if self.timer.is_none() || ctx.token() != self.timer {
            return Ok(());
        }
        self.timer = None;
        let now = ctx.now();
        self.close(ctx, now);
        self.wait(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some(timer) = self.timer.take() {
            ctx.unbind(timer);
        }
        while let Some(held) = self.keys.pop() {
            self.send(ctx, held);
        }
        if self.cut > 0 {
            ctx.say(Priority::Warning, &format!("{} windows were cut short", self.cut));
        }
        Ok(())
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.held as usize, stalled: false }
    }

    fn hand_over(&mut self) -> Option<Box<dyn Any>> {
        // What is gathered goes on instead: who takes over is not woken for it.
        (self.mode == Mode::First).then(|| Box::new(std::mem::take(&mut self.keys)) as Box<dyn Any>)
    }

    fn take_over(&mut self, state: Box<dyn Any>) {
        if self.mode == Mode::First
            && let Ok(keys) = state.downcast()
        {
            self.keys = *keys;
        }
    }
}

#[cfg(test)]
mod tests;
