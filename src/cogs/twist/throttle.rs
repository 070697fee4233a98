//! `twist::throttle`: no more data than so many a second.
//!
//! A bucket of `burst` tokens fills with `rate` tokens a second, and each datum takes one; with `key_getter` each key has a bucket of its own.
//! Where none is left, "delay" holds the datum until there is one, in order, and "drop" swallows it. Of a bucket only the moment is kept
//! at which it will be full (the generic cell rate algorithm, ITU-T I.371): a full one is as good as none, and is forgotten.
//!
//! What is held is open at its supply, which reads no more than `max_in_flight` allows: one busy key can make the others wait. When nothing
//! more can come, the run waits until all has gone on in its time; when it is told to end, all goes on at once.

use std::any::Any;
use std::collections::BTreeMap;
use std::time::Duration;

use super::key_text::write_key;
use super::keys::{self, Keys, MAX_KEYS};
use crate::cog::{Args, Backlog, Cog, CogSpec, Ctx, Example, Hold, Kind, Lit, Page, Param, Ty};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token, Wake};
use crate::getset::Getter;
use crate::log::Priority;

/// `twist::throttle`: any datum -> the same, perhaps later, or none.
pub static SPEC: CogSpec = CogSpec {
    family: "twist",
    name: "throttle",
    kind: Kind::Filter,
    about: "Lets no more data pass than so many a second, of each key where one is given; what is too much waits, or is swallowed.",
    page: Page {
        gives: "the same datum, unchanged: at once, later, or with mode: \"drop\" not at all; what it swallows ends well",
        fails: "with key_getter a datum without that key",
        ..Page::OF_KIND
    },
    params: &[
        Param::new("rate", Ty::Number).about("data a second, from 0.000001 to 1000000; 0.1 for one in ten seconds"),
        Param::int("burst").default(Lit::Int(1)).about("data that may pass at once after a rest, at least 1"),
        Param::getter("key_getter").optional().about("what has a rate of its own; () for all data together"),
        Param::choice("mode", &["delay", "drop"])
            .about("what becomes of data that are too much: \"delay\" holds them back in order, which in time holds up their supply; \"drop\" swallows them"),
        MAX_KEYS,
    ],
    first: Some("rate"),
    global: false,
    examples: &[
        Example { what: "ten a second, evenly", make: "twist::throttle(10)", input: r#"{"n": 1}"#, output: &[r#"{"n": 1}"#] },
        Example {
            what: "six an hour of each host, five of them at once, and no more",
            make: r#"twist::throttle(6 / 3600.0, #{ burst: 5, key_getter: "host", mode: "drop" })"#,
            input: r#"{"host": "gate"}"#,
            output: &[r#"{"host": "gate"}"#],
        },
    ],
    build: |args| Ok(Box::new(Throttle::new(args)?)),
};

struct Throttle {
    /// The time in which a token comes.
    interval: Duration,
    /// In which all but one come.
    slack: Duration,
    key_getter: Option<Getter>,
    delays: bool,
    max_keys: usize,
    /// Until their buckets are full.
    keys: Keys<()>,
    /// By when they may go on, and in the order in which they came.
    waiting: BTreeMap<(Moment, u64), (Hold, Datum)>,
    number: u64,
    /// For the first of them.
    timer: Option<(Token, Moment)>,
    /// Whether it was told that there are too many keys.
    told: bool,
    key: String,
}

impl Throttle {
    fn new(args: &Args) -> Result<Self> {
        let rate = args.opt_number("rate");
        let rate = rate.filter(|rate| (1e-6..=1e6).contains(rate)).ok_or_else(|| Error::Option {
            option: "rate".into(),
            text: "is a number from 0.000001 to 1000000: data a second".into(),
            hint: Some("0.1 for one in ten seconds".into()),
        })?;
        let burst = u32::try_from(args.int("burst")).ok().filter(|burst| *burst > 0);
        let burst = burst.ok_or_else(|| Error::option("burst", "must be from 1 to 4294967295"))?;
        let interval = Duration::from_secs_f64(1.0 / rate);
        Ok(Self {
            interval,
            slack: interval * (burst - 1),
            key_getter: args.opt_getter("key_getter"),
            delays: args.str("mode") == "delay",
            max_keys: keys::most(args)?,
            keys: Keys::default(),
            waiting: BTreeMap::new(),
            number: 0,
            timer: None,
            told: false,
            key: String::new(),
        })
    }

    /// How long a datum of that key has to wait for its token, which it takes; none when there is no token and it may not wait.
    fn token(&mut self, key: &str, now: Moment) -> Option<Duration> {
        while self.keys.pop_due(now).is_some() {}
        let known = self.keys.get(key).map(|(full, ())| full);
        let full = known.unwrap_or(now);
        let wait = full.since(now).saturating_sub(self.slack);
        if !wait.is_zero() && !self.delays {
            return None;
        }
        match known {
            Some(_) => self.keys.postpone(key, full + self.interval),
            None => self.keys.add(key, full + self.interval, ()),
        }
        Some(wait)
    }

    /// Forgets the fullest buckets when there are too many, but none of which a datum still waits for its token: it would be overtaken.
    fn make_room(&mut self, ctx: &mut Ctx<'_>, now: Moment) {
        while self.keys.len() > self.max_keys && self.keys.first().is_some_and(|full| full <= now + self.slack + self.interval) {
            self.keys.pop();
            if !std::mem::replace(&mut self.told, true) {
                let most = self.max_keys;
                ctx.say(
                    Priority::Warning,
                    &format!("has more than {most} keys (`max_keys`): some begin anew with a full burst from now on"),
                );
            }
        }
    }

    /// Sends on what has its token by now.
    fn send(&mut self, ctx: &mut Ctx<'_>, now: Moment) {
        while let Some(first) = self.waiting.first_entry() {
            if first.key().0 > now {
                break;
            }
            let (hold, datum) = first.remove();
            ctx.emit_held(hold, datum);
        }
    }

    /// Is woken when the first one may go on.
    fn wait(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let first = self.waiting.first_key_value().map(|((moment, _), _)| *moment);
        if self.timer.map(|(_, moment)| moment) != first {
            if let Some((timer, _)) = self.timer.take() {
                ctx.unbind(timer);
            }
            if let Some(moment) = first {
                self.timer = Some((ctx.at(moment)?, moment));
            }
        }
        Ok(())
    }
}

impl Cog for Throttle {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        let now = ctx.now();
        self.send(ctx, now);
        let mut key = std::mem::take(&mut self.key);
        let written = self.key_getter.as_ref().map_or(Ok(()), |getter| write_key(&mut key, getter, &datum));
        let wait = written.map(|()| self.token(&key, now));
        self.key = key;
        match wait? {
            None => {}
            Some(Duration::ZERO) => ctx.emit(datum),
            Some(wait) => {
                self.number += 1;
                // It may stay for long: it must not keep what was read with it.
                self.waiting.insert((now + wait, self.number), (ctx.hold(), datum.detach()));
            }
        }
        self.make_room(ctx, now);
        self.wait(ctx)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, _: Wake) -> Result<()> {
        if ctx.token().is_some() && ctx.token() == self.timer.map(|(timer, _)| timer) {
            self.timer = None;
        }
        let now = ctx.now();
        self.send(ctx, now);
        self.wait(ctx)
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if let Some((timer, _)) = self.timer.take() {
            ctx.unbind(timer);
        }
        for (hold, datum) in std::mem::take(&mut self.waiting).into_values() {
            ctx.emit_held(hold, datum);
        }
        Ok(())
    }

    fn backlog(&self) -> Backlog {
        Backlog { held: self.waiting.len(), stalled: false }
    }

    fn hand_over(&mut self) -> Option<Box<dyn Any>> {
        Some(Box::new(std::mem::take(&mut self.keys)))
    }

    fn take_over(&mut self, state: Box<dyn Any>) {
        if let Ok(keys) = state.downcast() {
            self.keys = *keys;
        }
    }
}

#[cfg(test)]
mod tests;
