//! `twist::window_context_mgr`: contexts by key in windows of time, with what the script makes of their data.
//!
//! A datum is put into the context of its key whose window its time lies in; where there is none, one is opened. `frame` says how the
//! windows lie, `contexts` holds those that are open, `gather` what each has gathered, `watch` knows the time.
//!
//! By arrival a timer closes a context at the end of its window. With `time_getter` it is closed when the watermark, the highest time seen
//! less `lateness`, has reached that end. Contexts close in order of their ends, of equal ones the older first; the end of the run, and a
//! cog that takes this one's place, close all.
//!
//! The data of a context are held until what was made of them has ended: they are at rest, so that `max_in_flight` of their supply leaves
//! them out. A closure that raises for a datum fails that datum alone; one that raises at the end fails all data of its context.

mod contexts;
mod frame;
mod gather;
mod watch;

use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param, Ty};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::escapement::{Token, Wake};
use crate::getset::{Getter, Setter};
use crate::log::Priority;

use self::contexts::{Context, Contexts};
use self::frame::{Frame, Home};
use self::gather::{Closures, Gathered};
use self::watch::{Late, Step, Watch};
use super::events::Form;
use super::key_text::KeyText;

/// `twist::window_context_mgr`: any data -> what was gathered of each key and window, as an array or as closures say.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "window_context_mgr",
    kind: Kind::Window,
    about: "Gathers the data of each key in windows of time, one after the other, overlapping, or ended by silence; closures say what becomes of them.",
    page: Page {
        takes: "a datum with the key and the time that the options ask for; by default any",
        gives: "what ctx_close makes of a context when its window is over, or the run: a datum, each element of an array, or none; without it the context itself, without closures an array of all its data. These end when that has",
        fails: "a datum without the key or the time, or for which ctx_create or ctx_append throws (ctx_over that throws is told as an error of the cog, and the datum stays); with late: \"error\" what comes too late, with evict: \"error\" what finds no room; all data of a context for which ctx_close throws",
        ..Page::OF_KIND
    },
    params: &[
        Param::getter("key_getter").optional().about("what belongs together; itemgetter(\"a\", \"b\") for several fields; () for all"),
        Param::seconds("window").about("seconds that a window lasts; with the anchor \"idle\", seconds without data after which it ends"),
        Param::seconds("slide")
            .optional()
            .about("seconds after which the next window begins, for windows that overlap: a datum lies in all that are open at its time; () for one after the other"),
        Param::choice("anchor", &["first", "clock", "idle"])
            .about("from where windows run: \"first\" from the first datum of a key, \"clock\" from multiples of `slide` or `window` since 1970 (UTC), \"idle\" from the first datum until none has come for so long"),
        Param::seconds("max_age").optional().about("seconds that a window lasts at most, with the anchor \"idle\"; () for any time"),
        Param::getter("time_getter").optional().about("the time of a datum: seconds since 1970, as number or text, or RFC 3339; () for the time of its arrival"),
        Param::seconds("lateness").default(Lit::Int(0)).about("seconds that a datum may be behind the latest one; windows end that much later; with time_getter only"),
        Param::choice("late", &["new", "drop", "error"])
            .about("what becomes of data whose windows have ended: \"new\" opens one anew, for a further result when the next one ends, \"drop\" swallows them, \"error\" fails them; with time_getter only"),
        Param::seconds("idle_close").optional().about("seconds without data after which all windows end, to which further ones may still come; () for never; with time_getter only"),
        Param::int("max_contexts").default(Lit::Int(100_000)).about("contexts at most: keys in open windows"),
        Param::int("max_held").default(Lit::Int(1_000_000)).about("data in all contexts at most, each counted in each window that it lies in"),
        Param::choice("evict", &["oldest", "error"])
            .about("what happens at these limits: \"oldest\" closes the context that would end first, \"error\" fails the datum"),
        Param::new("ctx_create", Ty::Keeper(&["data"])).optional().about("gives a new context, still without the datum that opens it; () begins with ()"),
        Param::new("ctx_append", Ty::Keeper(&["ctx", "data"]))
            .optional()
            .about("puts each datum in, the first one too, and gives the context; as |data| it changes the context as `this`, which costs no copy; () gathers all data in an array"),
        Param::new("ctx_close", Ty::Keeper(&["ctx", "key", "start", "end"]))
            .optional()
            .about("gives what goes on at the end: a datum, an array of data, or () for none; it may take fewer parameters; () sends the context itself, as one datum"),
        Param::new("ctx_over", Ty::Keeper(&["ctx"])).optional().about("asked after each datum: true closes the context early; as || it sees the context as `this`"),
        Param::setter("id_setter").or("nullsetter").about("where the id of each result goes: the cog's name, # and a number"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "all log lines of a connection, when none has come for a minute, or at the end",
            make: r#"twist::window_context_mgr(#{ key_getter: "pid", window: 60, anchor: "idle" })"#,
            input: r#"{"pid": 7, "text": "connect"}"#,
            output: &[r#"[{"pid": 7, "text": "connect"}]"#],
        },
        Example {
            what: "attempts and names tried by address and ten minutes, told when there was more than one, or the first was root",
            make: r#"twist::window_context_mgr(#{
    key_getter: "ip", window: 600, anchor: "clock", time_getter: "ts",
    ctx_create: || #{ n: 0, names: [] },
    ctx_append: |data| { this.n += 1; if data.user !in this.names { this.names.push(data.user) } },
    ctx_close: |ctx, key, start| if ctx.n > 1 || ctx.names[0] == "root" { #{ ip: key, since: start, attempts: ctx.n, names: ctx.names } },
})"#,
            input: r#"{"ts": 1700000100, "ip": "192.0.2.1", "user": "root"}"#,
            output: &[r#"{"attempts": 1, "ip": "192.0.2.1", "names": ["root"], "since": 1699999800}"#],
        },
        Example {
            what: "sums of the last minute, anew each half minute",
            make: r#"twist::window_context_mgr(#{
    window: 60, slide: 30, anchor: "clock", time_getter: "ts",
    ctx_append: |ctx, data| (if ctx == () { 0 } else { ctx }) + data.n,
    ctx_close: |ctx, key, start, end| #{ end: end, n: ctx },
})"#,
            input: r#"{"ts": 70, "n": 2}"#,
            output: &[r#"{"end": 90, "n": 2}"#, r#"{"end": 120, "n": 2}"#],
        },
    ],
    build: |args| Ok(Box::new(Manager::new(args)?)),
};

struct Manager {
    key_getter: Option<Getter>,
    frame: Frame,
    watch: Watch,
    closures: Closures,
    id_setter: Setter,
    max_contexts: usize,
    max_held: u64,
    evicts: bool,
    contexts: Contexts<Gathered>,
    /// Data in all of them.
    held: u64,
    /// With the time for which it is, where a clock tells it.
    timer: Option<(Token, i64)>,
    /// Contexts that were closed for want of room.
    cut: u64,
    /// Results so far.
    results: u64,
    homes: Vec<Home>,
    key: KeyText,
}

impl Manager {
    fn new(args: &Args) -> Result<Self> {
        let frame = Frame::of(args)?;
        let (max_contexts, max_held) = (args.size("max_contexts"), args.int("max_held"));
        for (option, most) in [("max_contexts", max_contexts as u64), ("max_held", max_held)] {
            if most < frame.overlap() as u64 {
                return Err(Error::option(option, format!("must be at least {}: in so many windows each datum lies", frame.overlap())));
            }
        }
        Ok(Self {
            key_getter: args.opt_getter("key_getter"),
            watch: Watch::of(args, frame.anchor)?,
            frame,
            closures: Closures::of(args)?,
            id_setter: args.setter("id_setter"),
            max_contexts,
            max_held,
            evicts: args.str("evict") == "oldest",
            contexts: Contexts::default(),
            held: 0,
            timer: None,
            cut: 0,
            results: 0,
            homes: Vec::new(),
            key: KeyText::default(),
        })
    }

    /// Takes in a datum whose key is in `key`.
    fn take(&mut self, ctx: &mut Ctx<'_>, key: &KeyText, datum: &Datum) -> Result<()> {
        let (time, form, step) = self.watch.time(ctx, datum)?;
        if let Some(step) = step {
            self.pass(ctx, step);
        }
        if !self.find(&key.text, time) {
            return match self.watch.late() {
                Some((_, Late::Error)) => Err(Error::data("a datum whose window has ended, at", &json::to_string(&form.datum(time)))),
                _ => Ok(()),
            };
        }
        self.make_room(ctx, &key.text, time)?;
        // It may stay for long: it must not keep what was read with it.
        let datum = datum.detach();
        let mut homes = std::mem::take(&mut self.homes);
        let (mut done, mut put) = (Ok(()), 0);
        for home in &mut homes {
            match self.put(ctx, key, (time, form), *home, &datum) {
                Ok(slot) => *home = Home::Open(slot),
                Err(error) => {
                    done = Err(error);
                    break;
                }
            }
            put += 1;
        }
        // Only now, so that the windows of the key are counted from where they were.
        for home in &homes[..put] {
            // The datum is in, whatever comes of the question.
            if let Home::Open(slot) = home
                && let Err(error) = self.close_early(ctx, *slot)
            {
                ctx.trouble(&format!("ctx_over: {error}"));
            }
        }
        self.homes = homes;
        done
    }

    /// Closes a context if its closure says so.
    fn close_early(&mut self, ctx: &mut Ctx<'_>, slot: usize) -> Result<()> {
        if self.closures.is_over(self.contexts.value(slot))?
            && let Some(context) = self.contexts.take(slot)
        {
            self.write(ctx, context);
        }
        Ok(())
    }

    /// Finds the windows of a datum, without those that have ended where nothing is to come to them; false when none is left.
    fn find(&mut self, key: &str, time: i64) -> bool {
        self.frame.homes(&self.contexts, key, time, &mut self.homes);
        if let Some((mark, Late::Drop | Late::Error)) = self.watch.late() {
            self.homes.retain(|home| !matches!(home, Home::New { end, .. } if *end <= mark));
        }
        !self.homes.is_empty()
    }

    /// Closes contexts until there is room for a datum in all its windows.
    fn make_room(&mut self, ctx: &mut Ctx<'_>, key: &str, time: i64) -> Result<()> {
        loop {
            let new = self.homes.iter().filter(|home| matches!(home, Home::New { .. })).count();
            let (contexts, held) = (self.contexts.len(), self.held);
            if contexts + new <= self.max_contexts && held + self.homes.len() as u64 <= self.max_held {
                return Ok(());
            }
            if !self.evicts {
                let (option, text) = if contexts + new > self.max_contexts {
                    ("max_contexts", format!("there are {contexts} contexts, and `max_contexts` allows {}", self.max_contexts))
                } else {
                    ("max_held", format!("contexts hold {held} data, and `max_held` allows {}", self.max_held))
                };
                let hint = format!("raise `{option}`, or have the first context closed early with evict: \"oldest\"");
                return Err(Error::NoRoom { text, hint });
            }
            let Some(first) = self.contexts.pop(i64::MAX) else { return Ok(()) };
            if self.cut == 0 {
                let (contexts, held) = (self.max_contexts, self.max_held);
                let text = format!(
                    "has more than {contexts} contexts (`max_contexts`) or {held} data (`max_held`): contexts are closed early from now on, the first to end first"
                );
                ctx.say(Priority::Warning, &text);
            }
            self.cut += 1;
            self.write(ctx, first);
            if !self.find(key, time) {
                // Its context was not late, but is gone.
                self.frame.homes(&self.contexts, key, time, &mut self.homes);
            }
        }
    }

    /// Puts a datum into one of its windows; gives the place of the context.
    fn put(&mut self, ctx: &mut Ctx<'_>, key: &KeyText, (time, form): (i64, Form), home: Home, datum: &Datum) -> Result<usize> {
        let slot = match home {
            Home::Open(slot) => {
                self.closures.add(self.contexts.value(slot), datum)?;
                slot
            }
            Home::New { start, end } => {
                let mut gathered = Gathered::new(form, &key.own, self.closures.begin(datum)?, ctx.pool());
                self.closures.add(&mut gathered, datum)?;
                self.contexts.open(&key.text, start, end, time, gathered)
            }
        };
        self.held += 1;
        ctx.keep_beside(&mut self.contexts.value(slot).pool);
        self.frame.stretch(&mut self.contexts, slot, time);
        Ok(slot)
    }

    /// Closes the contexts that are over.
    fn pass(&mut self, ctx: &mut Ctx<'_>, step: Step) {
        let time = match step {
            Step::To(now) => now,
            Step::Back => i64::MAX,
            // Those of late data wait for the next one that ends.
            Step::From(before, now) if self.contexts.end_after(before).is_some_and(|end| end <= now) => now,
            Step::From(..) => return,
        };
        self.close(ctx, time);
    }

    fn close(&mut self, ctx: &mut Ctx<'_>, time: i64) {
        while let Some(context) = self.contexts.pop(time) {
            self.write(ctx, context);
        }
    }

    fn write(&mut self, ctx: &mut Ctx<'_>, context: Context<Gathered>) {
        let Context { key, start, end, value: mut gathered, .. } = context;
        self.held -= gathered.count;
        let span = [start, end].map(|time| self.watch.shown(ctx, time, gathered.form));
        match self.closures.results(&mut gathered, &key, span) {
            Ok(mut data) => {
                let name = if self.id_setter.is_null() { String::new() } else { ctx.name().to_owned() };
                let (setter, results) = (&self.id_setter, &mut self.results);
                ctx.emit_pooled(gathered.pool, data.len() as u32, |n| {
                    let mut datum = std::mem::take(&mut data[n as usize]);
                    let done = if setter.is_null() { Ok(()) } else { setter.set(&mut datum, Datum::from(format!("{name}#{results}"))) };
                    *results += 1;
                    (datum, done)
                });
            }
            Err((mut datum, error)) => {
                let mut error = Some(error);
                ctx.emit_pooled(gathered.pool, 1, |_| (std::mem::take(&mut datum), error.take().map_or(Ok(()), Err)));
            }
        }
    }

    /// Is woken when the next context ends, or when nothing has come for long.
    fn wait(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let Some(first) = self.contexts.first_end() else { return Ok(()) };
        let (token, due) = match &self.watch {
            Watch::Data(data) => match (data.idle, self.timer) {
                (Some(idle), None) => (ctx.at(data.seen + idle)?, i64::MAX),
                _ => return Ok(()),
            },
            _ if self.timer.is_some_and(|(_, due)| due <= first) => return Ok(()),
            watch => (watch.wake_at(ctx, first)?, first),
        };
        // When nothing else can happen the run ends, and what is gathered goes on.
        ctx.weaken(token);
        if let Some((timer, _)) = self.timer.replace((token, due)) {
            ctx.unbind(timer);
        }
        Ok(())
    }
}

impl Cog for Manager {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        if let Some(step) = self.watch.step(ctx) {
            self.pass(ctx, step);
        }
        let mut key = std::mem::take(&mut self.key);
        let written = self.key_getter.as_ref().map_or(Ok(()), |getter| key.take(getter, &datum));
        let done = written.and_then(|()| self.take(ctx, &key, &datum));
        self.key = key;
        done.and(self.wait(ctx))
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if self.timer.is_none() || ctx.token() != self.timer.map(|(timer, _)| timer) {
            return Ok(());
        }
        self.timer = None;
        match (self.watch.step(ctx), &self.watch) {
            (Some(step), _) => self.pass(ctx, step),
            // What came in between may have put it off.
            (None, Watch::Data(data)) if data.idle.is_some_and(|idle| data.seen + idle <= ctx.now()) => self.close(ctx, i64::MAX),
            _ => {}
        }
        self.wait(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some((timer, _)) = self.timer.take() {
            ctx.unbind(timer);
        }
        self.close(ctx, i64::MAX);
        if self.cut > 0 {
            ctx.say(Priority::Warning, &format!("{} contexts were closed early", self.cut));
        }
        Ok(())
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.held as usize, stalled: false }
    }
}

#[cfg(test)]
mod tests;
