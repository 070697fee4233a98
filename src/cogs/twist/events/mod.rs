//! What an event shows of itself to cogs with windows: pieces and numbers borrowed from it, and its time.

mod sight;
mod times;

use std::time::{Duration, SystemTime};

pub(super) use self::sight::{Glance, Sight, Site, Value};
pub(super) use self::times::{Form, SECOND, Times};
use crate::cog::Ctx;

/// The wall clock in microseconds since 1970.
pub(super) fn wall(ctx: &Ctx<'_>) -> i64 {
    let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4);
    match ctx.wall().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}
