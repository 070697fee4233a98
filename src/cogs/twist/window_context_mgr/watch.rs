//! Which time counts: that of arrival or that of the data, and how far it has gone.
//!
//! By arrival, windows that follow the clock count in microseconds of the wall clock, and all others in those of the loop's own, which
//! nobody can set: what is told of these is brought to the wall clock.

use std::time::Duration;

use super::frame::Anchor;
use crate::cog::{Args, Ctx};
use crate::cogs::twist::events::{Form, SECOND, Site, Times, wall};
use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::escapement::{Moment, Token};

/// What becomes of data whose window is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Late {
    New,
    Drop,
    Error,
}

/// See the module.
pub(super) enum Watch {
    /// The loop's clock; what it must be given to be the wall clock.
    Loop { shift: Option<i64> },
    /// The wall clock; the highest time that it told.
    Wall { top: i64 },
    /// Times of data.
    Data(Box<Data>),
}

/// Times of data, and what the highest one means.
pub(super) struct Data {
    site: Site,
    times: Times,
    lateness: i64,
    pub(super) late: Late,
    pub(super) idle: Option<Duration>,
    top: i64,
    /// When the last one came.
    pub(super) seen: Moment,
}

/// What has become of time.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// It is as far as this; windows that have ended by then are over.
    To(i64),
    /// It was this far, and is this far now.
    From(i64, i64),
    /// It went back: all windows are over.
    Back,
}

impl Watch {
    pub(super) fn of(args: &Args, anchor: Anchor) -> Result<Self> {
        if let Some(getter) = args.opt_getter("time_getter") {
            return Ok(Self::Data(Box::new(Data {
                site: Site::new(getter),
                times: Times::default(),
                lateness: args.seconds("lateness").as_micros() as i64,
                late: match args.str("late").as_str() {
                    "drop" => Late::Drop,
                    "error" => Late::Error,
                    _ => Late::New,
                },
                idle: args.opt_seconds("idle_close"),
                top: i64::MIN,
                seen: Moment::START,
            })));
        }
        for option in ["lateness", "late", "idle_close"] {
            if args.is_given(option) {
                return Err(Error::option(option, "has a meaning only with `time_getter`"));
            }
        }
        Ok(if anchor == Anchor::Clock { Self::Wall { top: i64::MIN } } else { Self::Loop { shift: None } })
    }

    /// Up to when time has come, by the clocks; none where data say it.
    pub(super) fn step(&mut self, ctx: &Ctx<'_>) -> Option<Step> {
        match self {
            Self::Loop { .. } => Some(Step::To(micros(ctx.now()))),
            Self::Wall { top } => {
                let now = wall(ctx);
                // A clock that is set back a little stands still for so long.
                let back = now < top.saturating_sub(SECOND);
                *top = if back { now } else { now.max(*top) };
                Some(if back { Step::Back } else { Step::To(*top) })
            }
            Self::Data(_) => None,
        }
    }

    /// The time of a datum, how it was written, and how far time has come by it.
    pub(super) fn time(&mut self, ctx: &Ctx<'_>, datum: &Datum) -> Result<(i64, Form, Option<Step>)> {
        Ok(match self {
            Self::Loop { .. } => (micros(ctx.now()), Form::Time, None),
            Self::Wall { top } => (*top, Form::Time, None),
            Self::Data(data) => {
                let (time, form) = data.times.at(&data.site, datum)?;
                data.seen = ctx.now();
                let before = data.mark();
                data.top = data.top.max(time);
                (time, form, Some(Step::From(before, data.mark())))
            }
        })
    }

    /// Where data may be late: from when on they are not, and what becomes of those that are.
    pub(super) fn late(&self) -> Option<(i64, Late)> {
        match self {
            Self::Data(data) => Some((data.mark(), data.late)),
            _ => None,
        }
    }

    /// A time as it is told.
    pub(super) fn shown(&mut self, ctx: &Ctx<'_>, time: i64, form: Form) -> Datum {
        match self {
            Self::Loop { shift } => {
                let now = wall(ctx) - micros(ctx.now());
                // The two clocks are not read at once: what differs a little is the same.
                let known = shift.filter(|known| (now - known).abs() < SECOND).unwrap_or(now);
                *shift = Some(known);
                form.datum(time + known)
            }
            _ => form.datum(time),
        }
    }

    /// Has the cog woken when that time has come.
    pub(super) fn wake_at(&self, ctx: &mut Ctx<'_>, time: i64) -> Result<Token> {
        match self {
            Self::Wall { .. } => {
                let left = time.saturating_sub(wall(ctx)).max(1);
                ctx.after(Duration::from_micros(left as u64))
            }
            _ => ctx.at(Moment::START + Duration::from_micros(time.max(0) as u64)),
        }
    }
}

impl Data {
    /// Windows that have ended by then are over.
    fn mark(&self) -> i64 {
        self.top.saturating_sub(self.lateness)
    }
}

fn micros(moment: Moment) -> i64 {
    moment.since_start().as_micros() as i64
}
