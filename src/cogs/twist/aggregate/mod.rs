//! `twist::aggregate`: counts, sums, least and most values, quantiles, lists and the like by key in windows of time.
//!
//! Windows are as wide as `window` says. They follow each other without gaps and begin at multiples of their width since 1970 (UTC), or
//! overlap and begin at multiples of `slide`: then an event counts in each that it lies in. Windows that begin with the first event of a
//! key, or end with a silence, are those of `twist::window_context_mgr`. Each gives one datum a key, in the order in which the keys first
//! appeared: where it begins and ends, the key, and what the functions made of its events.
//!
//! With `time_getter` an event belongs where its own time puts it. A window is written when the watermark, the highest time
//! seen less `lateness`, has reached its end; for what comes later see `late`. Without it the time of arrival counts, and a timer
//! writes the window. The end of the run writes all.
//!
//! Events are held until the results of their window are stored: they are at rest, so `max_in_flight` of their supply leaves
//! them out, but not settled. Of an event 32 bytes are kept, beside what functions keep of its values. When there are more keys, or more
//! bytes, than the options allow, the earliest window is written early, and what comes for it afterwards makes further results for the
//! same window: counts and sums of these add up.
//!
//! `fields` reads what is wanted, `plan` is what is worked out, `windows` what is open, `table` the keys of one, `functions` what is gathered
//! of numbers for each, `piles` what is gathered of values themselves.

mod fields;
mod functions;
mod piles;
mod plan;
mod room;
mod table;
mod windows;

#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::time::Duration;

use crate::cog::{Args, Batch, Cog, CogSpec, Ctx, Example, Kind as CogKind, Lit, Page, Param, Ty};
use crate::datum::{Datum, json};
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};

use self::plan::{Done, Plan};
use self::table::{Kind, Seed};
use self::windows::{Window, Windows};
use super::events::{Form, Glance, Site, Times, Value, wall};
use super::key_text::KeyText;
use super::weight::EVENT;

/// `twist::aggregate`: any data -> for each window and key a map of its beginning, its end, the key and the outputs.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "aggregate",
    kind: CogKind::Window,
    about: "Counts, sums, quantiles, lists and the like by key, in windows of time that follow each other or overlap.",
    page: Page {
        takes: "a datum with the key, the time and the values that the options ask for; a value may be ()",
        gives: "for each window and key a map of its beginning, its end, the key and the fields, when the window is over; its data end when that has. Windows that begin with the first datum of a key, or end with a silence, are those of twist::window_context_mgr",
        fails: "a datum without a key, a time or a value that is asked for, or with one that is no number where numbers are wanted; with late: \"error\" what comes too late, with evict: \"error\" what finds no room",
        ..Page::OF_KIND
    },
    params: &[
        Param::seconds("window").about("seconds that each window lasts; windows begin at multiples of this since 1970 (UTC)"),
        Param::seconds("slide").optional().about("seconds from the beginning of a window to that of the next, for windows that overlap and begin at multiples of this; () for one after the other"),
        Param::getter("key_getter").optional().about("what belongs together; itemgetter(\"a\", \"b\") for several fields; () for all"),
        Param::new("fields", Ty::Either(&[Ty::Entries, Ty::Items])).default(Lit::Worked("#{ count: \"count\" }")).about(
            "what is worked out, by name: a function, or an array of it and a getter (the item of that name, if not given). Of numbers, which may be text: \"sum\", \"min\", \"max\", \"mean\", and \"quantile\" with a share from 0 to 1, [\"quantile\", \"took\", 0.99]: the least number that at least that share of them does not exceed, exactly. Of values of any kind: \"first\" and \"last\" to come, \"list\" and \"set\" (each value once) of the first 1000 or as many as a third element says, [\"set\", \"user\", 100], and \"distinct\", the number of different values, told apart by hashes of 64 bits. () is passed over; \"count\" counts all events. Numbers beyond 64 bits count as fractions with 15 digits; a sum or mean beyond the largest of these is (). As an array, [[name, function, getter], ...], it also says the order of the fields",
        ),
        Param::getter("time_getter").optional().about("the time of an event: seconds since 1970, as number or text, or RFC 3339; () for the time of its arrival"),
        Param::setter("start_setter").or("start").about("where the beginning of the window goes: seconds when the times of its events are, else a time"),
        Param::setter("end_setter").or("end").about("where its end goes, which belongs to the next window already"),
        Param::setter("key_setter").default(Lit::Worked("same as key_getter")).about("where the key goes; \"key\" when its getter is no place"),
        Param::seconds("lateness").default(Lit::Int(0)).about("seconds that an event may be behind the latest one; windows are written that much later; with time_getter only"),
        Param::choice("late", &["new", "drop", "error"])
            .about("what becomes of events whose window is written already: \"new\" opens it anew, for a further result when the next one is written, \"drop\" swallows them, \"error\" fails them; with time_getter only"),
        Param::seconds("idle_close").optional().about("seconds without events after which all windows are written, to which further ones may still come; () for never; with time_getter only"),
        Param::int("max_contexts").default(Lit::Int(100_000)).about("keys in open windows at most"),
        Param::size("max_bytes").default(Lit::Int(64 << 20)).about("memory for open windows at most: keys, what functions keep, and 32 bytes for each event and window"),
        Param::choice("evict", &["oldest", "error"])
            .about("what happens at these limits: \"oldest\" writes the earliest window early, \"error\" fails the event"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "events and bytes by user and minute",
            make: r#"twist::aggregate(#{ window: 60, time_getter: "ts", key_getter: "user", fields: [["n", "count"], ["bytes", "sum"]] })"#,
            input: r#"{"ts": 130, "user": "ann", "bytes": "512"}"#,
            output: &[r#"{"start": 120, "end": 180, "user": "ann", "n": 1, "bytes": 512}"#],
        },
        Example {
            what: "times as text, a key of two fields, places of one's own",
            make: r#"twist::aggregate(#{ window: 3600, time_getter: "at", key_getter: itemgetter("host", "port"), start_setter: "hour", end_setter: nullsetter, fields: #{ worst: ["max", "took.ms"] } })"#,
            input: r#"{"at": "2024-05-06T07:08:09Z", "host": "a", "port": 80, "took": {"ms": 7.5}}"#,
            output: &[r#"{"hour": "2024-05-06T07:00:00Z", "host": "a", "port": 80, "worst": 7.5}"#],
        },
        Example {
            what: "without a key, what there is at all",
            make: r#"twist::aggregate(#{ window: 10, time_getter: "ts", end_setter: nullsetter })"#,
            input: r#"{"ts": -1}"#,
            output: &[r#"{"start": -10, "count": 1}"#],
        },
        Example {
            what: "what each address did in the last five minutes, anew each minute",
            make: r#"twist::aggregate(#{ window: 300, slide: 60, time_getter: "ts", key_getter: "ip", end_setter: nullsetter,
    fields: [["users", "set", "user", 100], ["paths", "distinct", "path"], ["p95", "quantile", "took", 0.95], ["last", "last", "path"]] })"#,
            input: r#"{"ts": 290, "ip": "192.0.2.1", "user": "ann", "path": "/", "took": 0.2}"#,
            output: &[
                r#"{"start": 0, "ip": "192.0.2.1", "users": ["ann"], "paths": 1, "p95": 0.2, "last": "/"}"#,
                r#"{"start": 60, "ip": "192.0.2.1", "users": ["ann"], "paths": 1, "p95": 0.2, "last": "/"}"#,
                r#"{"start": 120, "ip": "192.0.2.1", "users": ["ann"], "paths": 1, "p95": 0.2, "last": "/"}"#,
                r#"{"start": 180, "ip": "192.0.2.1", "users": ["ann"], "paths": 1, "p95": 0.2, "last": "/"}"#,
                r#"{"start": 240, "ip": "192.0.2.1", "users": ["ann"], "paths": 1, "p95": 0.2, "last": "/"}"#,
            ],
        },
    ],
    build: |args| Ok(Box::new(Aggregate::new(args)?)),
};

/// Windows at most that one event may lie in.
const MOST: i64 = 1000;

/// What becomes of events whose window is written already.
#[derive(Clone, Copy, PartialEq)]
enum Late {
    New,
    Drop,
    Error,
}

/// Times of events, and what the latest one means.
struct Watch {
    site: Site,
    times: Times,
    lateness: i64,
    late: Late,
    idle: Option<Duration>,
    /// The highest time seen.
    top: i64,
    /// The first end of a window that the watermark has not reached.
    next: i64,
    /// When the last event came.
    seen: Moment,
}

struct Aggregate {
    plan: Plan,
    /// Microseconds.
    width: i64,
    /// From the beginning of a window to that of the next.
    hop: i64,
    /// None for the time of arrival.
    watch: Option<Watch>,
    max_contexts: usize,
    max_bytes: usize,
    evicts: bool,
    windows: Windows,
    /// Writes the window when its time is over, or all when nothing has come for long.
    timer: Option<Token>,
    seed: Seed,
    values: Vec<Value>,
    /// What is gathered itself, with hashes.
    pieces: Vec<(Datum, u64)>,
    key: KeyText,
}

/// The key of an event, with its hash.
struct Key<'a> {
    hash: u64,
    kind: Kind,
    text: &'a str,
    /// How the event writes it; empty where that is the same.
    own: &'a str,
}

impl Aggregate {
    fn new(args: &Args) -> Result<Self> {
        let micros = |name: &str| args.opt_seconds(name).map(|span| span.as_micros() as i64);
        let width = micros("window").filter(|width| *width > 0);
        let width = width.ok_or_else(|| Error::option("window", "must be a microsecond at least"))?;
        let hop = micros("slide").unwrap_or(width);
        if hop == 0 || hop > width {
            return Err(Error::option("slide", "must be from a microsecond to what `window` is"));
        }
        if (width - 1) / hop >= MOST {
            return Err(Error::option("slide", format!("would have each event lie in more than {MOST} windows")));
        }
        let max_contexts = args.size("max_contexts");
        if max_contexts == 0 || max_contexts > u32::MAX as usize / 2 {
            return Err(Error::option("max_contexts", "must be from 1 to 2147483647"));
        }
        let overlap = (width - 1) / hop + 1;
        if max_contexts < overlap as usize {
            return Err(Error::option("max_contexts", format!("must be at least {overlap}: in so many windows each event lies")));
        }
        let watch = args.opt_getter("time_getter").map(|getter| Watch {
            site: Site::new(getter),
            times: Times::default(),
            lateness: micros("lateness").unwrap_or(0),
            late: match args.str("late").as_str() {
                "drop" => Late::Drop,
                "error" => Late::Error,
                _ => Late::New,
            },
            idle: args.opt_seconds("idle_close"),
            top: i64::MIN,
            next: i64::MIN,
            seen: Moment::START,
        });
        for option in ["lateness", "late", "idle_close"] {
            if watch.is_none() && args.is_given(option) {
                return Err(Error::option(option, "has a meaning only with `time_getter`"));
            }
        }
        Ok(Self {
            plan: Plan::of(args)?,
            width,
            hop,
            watch,
            max_contexts,
            max_bytes: args.size("max_bytes"),
            evicts: args.str("evict") == "oldest",
            windows: Windows::new(width, hop),
            timer: None,
            seed: Seed::new(),
            values: Vec::new(),
            pieces: Vec::new(),
            key: KeyText::default(),
        })
    }

    /// Takes an event in; `arrived` is the wall clock.
    #[inline]
    fn take(&mut self, ctx: &mut Ctx<'_>, datum: &Datum, arrived: i64) -> Result<()> {
        // All that can fail comes first, so that a bad event leaves no trace.
        self.plan.values(datum, &mut self.values)?;
        if !self.plan.piles.is_empty() {
            self.plan.pieces(datum, self.seed, &mut self.pieces, &mut self.key.text)?;
        }
        let (time, form) = match &mut self.watch {
            Some(watch) => watch.times.at(&watch.site, datum)?,
            None => (arrived, Form::Time),
        };
        let (kind, text) = match &self.plan.keys[..] {
            [] => (Kind::Text, ""),
            [one] if !self.plan.several => match one.glance(datum) {
                Glance::Text(text) => (Kind::Text, text),
                Glance::Digits(text) => (Kind::Json, text),
                _ => return self.take_with_odd_key(ctx, datum, time, form),
            },
            _ => return self.take_with_odd_key(ctx, datum, time, form),
        };
        let key = Key { hash: self.seed.hash(kind, text), kind, text, own: "" };
        self.put(ctx, time, form, &key)
    }

    /// As [`Aggregate::take`], for keys of several fields and those that are neither text nor whole numbers.
    fn take_with_odd_key(&mut self, ctx: &mut Ctx<'_>, datum: &Datum, time: i64, form: Form) -> Result<()> {
        let mut scratch = std::mem::take(&mut self.key);
        let kind = self.plan.key(datum, &mut scratch)?;
        let KeyText { text, own } = &scratch;
        let key = Key { hash: self.seed.hash(kind, text), kind, text, own };
        let done = self.put(ctx, time, form, &key);
        self.key = scratch;
        done
    }

    /// Counts an event with these values in its window, or in each that it lies in.
    #[inline]
    fn put(&mut self, ctx: &mut Ctx<'_>, time: i64, form: Form, key: &Key<'_>) -> Result<()> {
        let mut start = self.windows.start_of(time);
        if let Some(watch) = &mut self.watch {
            if time > watch.top {
                watch.top = time;
                let mark = time - watch.lateness;
                if mark >= watch.next {
                    // The first end of a window after that.
                    watch.next = ((mark - self.width).div_euclid(self.hop) + 1) * self.hop + self.width;
                    self.close(ctx, mark);
                }
            } else if watch.late != Late::New && start + self.width < watch.next {
                return match watch.late {
                    Late::Drop => Ok(()),
                    _ => Err(Error::data("an event for a window that is written already, at", &json::to_string(&form.datum(time)))),
                };
            }
        }
        if self.hop == self.width {
            return self.count(ctx, start, form, key);
        }
        // The earliest first. Those that are written already are left out, unless they are to be opened anew.
        let over = self.watch.as_ref().filter(|watch| watch.late != Late::New).map_or(i64::MIN, |watch| watch.next);
        start -= (start - time + self.width - 1) / self.hop * self.hop;
        if !self.evicts {
            let (width, hop) = (self.width, self.hop as usize);
            self.check_room((start..=time).step_by(hop).filter(|start| start + width >= over), key)?;
        }
        while start <= time {
            if start + self.width >= over {
                self.count(ctx, start, form, key)?;
            }
            start += self.hop;
        }
        Ok(())
    }

    /// Counts an event in the window that begins there.
    #[inline]
    fn count(&mut self, ctx: &mut Ctx<'_>, start: i64, form: Form, key: &Key<'_>) -> Result<()> {
        let slot = self.windows.find(start);
        let row = slot.and_then(|slot| self.windows.at(slot).table.find(key.hash, key.kind, key.text));
        let (slot, row) = match (slot, row) {
            (Some(slot), Some(row)) if self.windows.bytes < self.max_bytes => (slot, row),
            _ => self.make_room(ctx, start, form, key)?,
        };
        let (window, bytes) = self.windows.counted(slot);
        window.bytes += EVENT;
        *bytes += EVENT;
        self.plan.take(&mut window.table, row, &self.values);
        if !self.plan.piles.is_empty() {
            let more = self.plan.pile(&mut window.table, row, &self.values, &self.pieces);
            window.bytes += more;
            *bytes += more;
        }
        if self.hop == self.width {
            ctx.keep(&mut window.pool);
        } else {
            ctx.keep_beside(&mut window.pool);
        }
        Ok(())
    }

    /// Writes the windows that have ended at `time`, the earliest first.
    fn close(&mut self, ctx: &mut Ctx<'_>, time: i64) {
        while let Some(window) = self.windows.close(time) {
            self.write(ctx, window);
        }
    }

    /// By arrival: writes the windows that have ended; all of them where the clock was set back. Whether there were any.
    fn close_by(&mut self, ctx: &mut Ctx<'_>, now: i64) -> bool {
        let back = self.windows.last_start().is_some_and(|start| start > now);
        let any = back || self.windows.first_end().is_some_and(|end| end <= now);
        if any {
            self.close(ctx, if back { i64::MAX } else { now });
        }
        any
    }

    /// By arrival: how long the earliest window still lasts.
    fn left(&self, now: i64) -> Option<Duration> {
        let end = self.windows.first_end().filter(|_| self.watch.is_none())?;
        Some(Duration::from_micros((end - now).max(1) as u64))
    }

    fn write(&mut self, ctx: &mut Ctx<'_>, window: Window) {
        let Window { start, form, mut table, pool, .. } = window;
        let text = Rc::new(std::mem::take(&mut table.text));
        let done = Done { span: start..start + self.width, form, table: &table, text: &text };
        ctx.emit_pooled(pool, table.rows.len() as u32, |row| self.plan.result(&done, row as usize));
        self.windows.recycle(table);
    }

    fn wake_after(&mut self, ctx: &mut Ctx<'_>, delay: Duration) -> Result<()> {
        let token = ctx.after(delay)?;
        // What is left when nothing can come any more is written at the end.
        ctx.weaken(token);
        self.timer = Some(token);
        Ok(())
    }

    fn unbind(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(timer) = self.timer.take() {
            ctx.unbind(timer);
        }
    }
}

impl Cog for Aggregate {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let arrived = wall(ctx);
        self.take(ctx, &datum, arrived)
    }

    fn turn_batch(&mut self, ctx: &mut Ctx<'_>, batch: Batch) -> Result<()> {
        let arrived = wall(ctx);
        let now = ctx.now();
        let delay = if let Some(watch) = &mut self.watch {
            watch.seen = now;
            watch.idle
        } else {
            if self.close_by(ctx, arrived) {
                self.unbind(ctx);
            }
            None
        };
        batch.each_shown(ctx, |ctx, datum| self.take(ctx, datum, arrived))?;
        match delay.or_else(|| self.left(arrived)) {
            Some(delay) if self.timer.is_none() && !self.windows.is_empty() => self.wake_after(ctx, delay),
            _ => Ok(()),
        }
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        if !matches!(wake, Wake::Due { .. }) || self.timer.is_none() || ctx.token() != self.timer {
            return Ok(());
        }
        self.timer = None;
        if let Some(watch) = &self.watch {
            let left = watch.idle.unwrap_or_default().saturating_sub(ctx.now().since(watch.seen));
            if !left.is_zero() {
                return self.wake_after(ctx, left);
            }
        } else {
            // A timer may be a little early by the wall clock.
            let now = wall(ctx);
            self.close_by(ctx, now);
            return self.left(now).map_or(Ok(()), |left| self.wake_after(ctx, left));
        }
        self.close(ctx, i64::MAX);
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.unbind(ctx);
        self.close(ctx, i64::MAX);
        Ok(())
    }
}
