//! `movement::tick_supply`: makes a datum on a beat.
//!
//! Makes `#{ n, time }` (the number of the datum, from 0, and the wall clock) each `every` seconds, or the same datum each time
//! when `data` is given; with `every: 0` as fast as the train takes them. With `cron` at times of the wall clock. A beat that cannot be kept, because the train was
//! busy or full, is not made up for: the next datum stands for all that were missed. After `count` data it has ended.

use std::time::Duration;

use jiff::Timestamp;

use crate::cog::{Cog, CogSpec, Ctx, Example, Kind, Lit, Page, Param};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::escapement::{Cron, Token, Wake};
use crate::log::Priority;

/// `movement::tick_supply`: nothing -> `#{ n: int, time: time }`, or the datum given as `data`.
pub static SPEC: CogSpec = CogSpec {
    family: "movement",
    name: "tick_supply",
    kind: Kind::Supply,
    about: "Makes a datum on a beat: its number and the time, or the same datum each time.",
    page: Page { gives: "#{n, time}: a number from 0 and a time; or what data says", fails: "nothing", ..Page::OF_KIND },
    params: &[
        Param::seconds("every").default(Lit::Float(1.0)).about("seconds from one datum to the next; 0 for as fast as the train takes them"),
        Param::str("cron").optional().about("in place of `every`, when data are due: five fields as in crontab(5), minute hour day month weekday, or a word such as \"@hourly\", in the local time of this machine"),
        Param::int("count").optional().about("how many data to make, after which the supply has ended; () for no end"),
        Param::new("data", crate::cog::Ty::Plain)
            .default(Lit::Worked("#{ n, time }"))
            .about("the datum to send each time; without it a map of the datum's number, from 0, and the time"),
        Param::seconds("first").default(Lit::Int(0)).about("seconds from the start to the first datum; not with `cron`"),
    ],
    first: None,
    global: false,
    examples: &[
        Example {
            what: "the same datum twice",
            make: r#"movement::tick_supply(#{ every: 0, count: 2, data: "tick" })"#,
            input: "",
            output: &[r#""tick""#, r#""tick""#],
        },
        Example {
            what: "a request to be sent, once",
            make: r#"movement::tick_supply(#{ count: 1, data: #{ ask: "status" } })"#,
            input: "",
            output: &[r#"{"ask": "status"}"#],
        },
    ],
    build: |args| {
        let data = args.is_given("data").then(|| args.datum("data"));
        let cron = args.given("cron").map(|_| args.str("cron")).map(|text| {
            Cron::parse(&text).map_err(|fault| Error::option("cron", format!("`{text}`: {fault}")))
        });
        let other = ["every", "first"].into_iter().find(|option| cron.is_some() && args.is_given(option));
        if let Some(option) = other {
            return Err(Error::option(option, "cannot stand beside `cron`, which says when data are due"));
        }
        let cron = cron.transpose()?;
        let (every, first, left) = (args.seconds("every"), args.seconds("first"), args.opt_int("count"));
        Ok(Box::new(TickSupply { cron, every, first, left, data, made: 0, started: false, beat: None, owing: false, told: false }))
    },
};

/// Data made in one go with `every: 0`, so that others get their turn.
const AT_ONCE: usize = 256;

struct TickSupply {
    cron: Option<Cron>,
    every: Duration,
    first: Duration,
    /// Data still to be made, unless there is no end.
    left: Option<u64>,
    data: Option<Datum>,
    made: u64,
    started: bool,
    /// What wakes us next, but for room.
    beat: Option<Token>,
    /// Whether a beat found no room; its datum is sent as soon as there is some.
    owing: bool,
    /// Whether the warning about missed beats is out.
    told: bool,
}

impl TickSupply {
    fn datum(&self, ctx: &Ctx<'_>) -> Datum {
        if let Some(data) = &self.data {
            return data.clone();
        }
        let mut map = Map::with_capacity(2);
        map.push("n".into(), Datum::Int(self.made as i64));
        map.push("time".into(), Timestamp::try_from(ctx.wall()).map_or(Datum::Unit, Datum::Time));
        Datum::Map(map)
    }

    fn is_over(&self) -> bool {
        self.left == Some(0)
    }

    /// Sends the next datum if there is room for it.
    fn send(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let room = !self.is_over() && ctx.room() > 0;
        if room {
            let datum = self.datum(ctx);
            ctx.emit_new(datum, self.made);
            self.made += 1;
            self.left = self.left.map(|left| left - 1);
        }
        room
    }

    fn start(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.started = true;
        self.beat = if self.every.is_zero() { None } else { Some(ctx.every(self.every)?) };
        Ok(())
    }

    /// As many as there is room for; the rest in the next round, or when the train tells of room.
    fn run(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let sent = (0..AT_ONCE).take_while(|_| self.send(ctx)).count();
        self.beat = if sent == AT_ONCE && !self.is_over() { Some(ctx.soon()?) } else { None };
        Ok(())
    }

    /// Binds the next time that `cron` names; there is none where the calendar ends.
    fn bind_next(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        let next = self.cron.as_ref().and_then(|cron| cron.next(ctx.wall()));
        self.beat = next.map(|time| ctx.at_wall(time)).transpose()?;
        Ok(())
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        self.left = Some(0);
        if let Some(beat) = self.beat.take() {
            ctx.unbind(beat);
        }
    }
}

impl Cog for TickSupply {
    fn turn(&mut self, ctx: &mut Ctx<'_>, datum: Datum) -> Result<()> {
        ctx.emit(datum);
        Ok(())
    }

    fn wind(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        if self.cron.is_some() && !self.is_over() {
            self.started = true;
            self.bind_next(ctx)?;
        } else if !self.is_over() {
            self.beat = Some(if self.first.is_zero() { ctx.soon()? } else { ctx.after(self.first)? });
        }
        Ok(())
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>, wake: Wake) -> Result<()> {
        let due = matches!(wake, Wake::Due { .. });
        let missed = match wake {
            _ if !self.started => {
                self.start(ctx)?;
                0
            }
            Wake::Due { missed } => missed + u64::from(self.owing),
            _ => 0,
        };
        if missed > 0 && !std::mem::replace(&mut self.told, true) {
            ctx.say(Priority::Warning, "beats are missed, as the train does not keep up; one datum stands for all of them (told once)");
        }
        if self.cron.is_some() {
            if due {
                self.bind_next(ctx)?;
            }
            self.owing = !self.send(ctx);
        } else if self.every.is_zero() {
            self.run(ctx)?;
        } else {
            self.owing = !self.send(ctx);
        }
        if self.is_over() {
            self.stop(ctx);
        }
        Ok(())
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>) -> Result<()> {
        self.stop(ctx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cog::Given;
    use crate::cog::bench::Bench;
    use crate::datum::json;
    use crate::escapement::Clock;
    use std::time::SystemTime;

    const SECOND: Duration = Duration::from_secs(1);

    fn bench(clock: &Clock, given: Vec<(&str, Given)>) -> Bench {
        Bench::on(clock.clone(), &SPEC, given)
    }

    /// What is due at this moment.
    fn due(bench: &mut Bench) -> Vec<String> {
        bench.pump(|data| !data.is_empty()).iter().map(json::to_string).collect()
    }

    #[test]
    fn a_datum_at_once_and_then_one_a_beat() {
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH);
        let mut bench = bench(&clock, vec![("every", 10.into()), ("count", 2.into())]);
        assert_eq!(due(&mut bench), [r#"{"n":0,"time":"1970-01-01T00:00:00Z"}"#]);
        clock.advance(SECOND * 10);
        assert_eq!(due(&mut bench), [r#"{"n":1,"time":"1970-01-01T00:00:10Z"}"#]);
        assert_eq!(bench.esc.bound(0), 0);
        assert_eq!((bench.balance().born, bench.balance().in_flight), (2, 0));
    }

    #[test]
    fn the_first_may_wait() {
        let clock = Clock::by_hand();
        let mut bench = bench(&clock, vec![("first", 5.into()), ("count", 1.into()), ("data", "x".into())]);
        clock.advance(SECOND * 5);
        assert_eq!(due(&mut bench), [r#""x""#]);
        assert_eq!(bench.esc.bound(0), 0);
    }

    #[test]
    fn missed_beats_are_not_made_up_for() {
        let clock = Clock::by_hand();
        let mut bench = bench(&clock, vec![("every", 1.into()), ("count", 3.into()), ("data", "x".into())]);
        assert_eq!(due(&mut bench).len(), 1);
        clock.advance(SECOND * 60);
        assert_eq!(due(&mut bench).len(), 1);
        clock.advance(SECOND);
        assert_eq!(due(&mut bench).len(), 1);
        assert_eq!((bench.balance().born, bench.esc.bound(0)), (3, 0));
    }

    #[test]
    fn as_fast_as_the_train_takes_them() {
        let given = vec![("every", 0.into()), ("count", 3000.into()), ("max_in_flight", 7.into())];
        let data = Bench::new(&SPEC, given).pump(|data| data.len() == 3000);
        assert_eq!(data.len(), 3000);
        let numbers = data.iter().map(|datum| datum.as_map().and_then(|map| map.by_name("n")).and_then(Datum::as_int));
        assert!(numbers.eq((0..3000).map(Some)));
    }

    /// Jumps to that second of 1970 and gives what is due.
    fn at(bench: &mut Bench, clock: &Clock, second: u64) -> Vec<String> {
        clock.advance((SystemTime::UNIX_EPOCH + SECOND * second as u32).duration_since(clock.wall()).unwrap());
        let mut all = Vec::new();
        while let Some(fired) = bench.esc.next_ready().unwrap() {
            all.extend(bench.wake(Some(fired.token), fired.wake));
        }
        all.iter().map(json::to_string).collect()
    }

    #[test]
    fn at_times_of_the_wall_clock() {
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH + SECOND * 30);
        let mut bench = bench(&clock, vec![("cron", "*/2 * * * *".into()), ("count", 3.into())]);
        assert_eq!(at(&mut bench, &clock, 119), [""; 0]);
        assert_eq!(at(&mut bench, &clock, 120), [r#"{"n":0,"time":"1970-01-01T00:02:00Z"}"#]);
        assert_eq!(at(&mut bench, &clock, 239), [""; 0]);
        // One stands for all that were slept through.
        assert_eq!(at(&mut bench, &clock, 601), [r#"{"n":1,"time":"1970-01-01T00:10:01Z"}"#]);
        assert_eq!(at(&mut bench, &clock, 719), [""; 0]);
        assert_eq!(at(&mut bench, &clock, 720), [r#"{"n":2,"time":"1970-01-01T00:12:00Z"}"#]);
        assert_eq!(bench.esc.bound(0), 0);
    }

    #[test]
    fn a_time_without_room_is_made_good_once_and_told() {
        let clock = Clock::by_hand_at(SystemTime::UNIX_EPOCH);
        let mut bench = bench(&clock, vec![("cron", "@hourly".into()), ("max_in_flight", 1.into()), ("data", "x".into())]);
        bench.kept = Some(Vec::new());
        assert_eq!(at(&mut bench, &clock, 3600).len(), 1);
        // Twice it finds none.
        assert!(at(&mut bench, &clock, 2 * 3600).is_empty() && at(&mut bench, &clock, 3 * 3600).is_empty());
        bench.release();
        assert_eq!(bench.pump(|data| !data.is_empty()).len(), 1);
        assert_eq!(at(&mut bench, &clock, 4 * 3600).len(), 1);
        assert!(bench.finish().is_empty());
        assert_eq!((bench.balance().born, bench.esc.bound(0)), (3, 0));
    }

    #[test]
    fn a_beat_is_either_of_seconds_or_of_the_calendar() {
        for (option, value) in [("every", 1), ("first", 1)] {
            let error = Bench::refused(&SPEC, vec![("cron", "@daily".into()), (option, value.into())]);
            assert!(error.contains(option) && error.contains("beside `cron`"), "{error}");
        }
        let error = Bench::refused(&SPEC, vec![("cron", "* * *".into())]);
        assert!(error.contains("`cron`") && error.contains("five fields are wanted"), "{error}");
    }

    #[test]
    fn none_at_all_ends_at_once() {
        let mut bench = Bench::new(&SPEC, vec![("count", 0.into())]);
        assert_eq!(bench.esc.bound(0), 0);
        assert!(bench.finish().is_empty());
    }

    #[test]
    fn the_end_of_the_run_unbinds_the_beat() {
        let mut bench = Bench::new(&SPEC, vec![("every", 100.into())]);
        assert_eq!(bench.pump(|data| data.len() == 1).len(), 1);
        assert!(bench.finish().is_empty());
        assert_eq!(bench.esc.bound(0), 0);
    }

    #[test]
    fn a_closure_is_no_datum() {
        let getter = Given::Getter(crate::getset::Getter::Whole);
        assert!(Bench::refused(&SPEC, vec![("data", getter)]).contains("wants plain data"));
    }
}
