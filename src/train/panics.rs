//! A panic in a cog ends at the cog's border.
//!
//! What was being turned goes the error route, and the cog begins anew from its constructor, as nobody knows what state it
//! was left in. When that happens too often, something is wrong that a new beginning does not cure: the train stops.

use std::any::Any;
use std::cell::Cell;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use super::Train;
use crate::cog::{Cog, Ctx, Seat};
use crate::error::{Error, Result};
use crate::escapement::Moment;
use crate::log::{self, Priority};
use crate::start;

/// So many panics in this time stop the train.
const TOO_MANY: usize = 3;
const SPAN: Duration = Duration::from_secs(60);

thread_local! {
    /// Whether this thread is inside a cog, where a panic is told with the cog's name.
    static IN_A_COG: Cell<bool> = const { Cell::new(false) };
    /// Where the last such panic happened.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Has panics told as log lines: those inside cogs by the train, others where they happen.
pub fn tell_in_log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        if IN_A_COG.get() {
            PLACE.set(place);
        } else {
            let text = text_of(panic.payload());
            log::write(Priority::Crit, &format!("panic at {}: {text}; please report this", place.unwrap_or_default()));
        }
    }));
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string).or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

/// Runs something of a cog.
///
/// # Errors
/// The message of a panic, with its place.
pub(super) fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    let outside = IN_A_COG.replace(true);
    let done = catch_unwind(AssertUnwindSafe(f));
    IN_A_COG.set(outside);
    done.map_err(|payload| {
        let place = PLACE.take().map(|place| format!(" at {place}")).unwrap_or_default();
        format!("panic{place}: {}", text_of(&*payload))
    })
}

impl Train {
    /// A cog has panicked: it begins anew, or the train stops.
    pub(super) fn begin_anew(&mut self, number: u32, told: &str) {
        let now = self.esc.now();
        let slot = &mut self.slots[number as usize];
        let name = slot.seat.name.clone();
        log::write(Priority::Crit, &format!("{name}: {told}; please report this"));
        slot.seat.faults += 1;
        slot.panics.retain(|earlier: &Moment| now.since(*earlier) < SPAN);
        slot.panics.push(now);
        if slot.panics.len() >= TOO_MANY {
            log::write(Priority::Crit, &format!("{name}: {TOO_MANY} panics in {} s: the train stops", SPAN.as_secs()));
            self.stop(1);
        }
        self.esc.unbind_owner(number);
        let slot = &mut self.slots[number as usize];
        let made = slot.seat.common.maker.as_ref().map(|maker| guarded(|| maker.make()));
        let anew = match made {
            Some(Ok(Ok(cog))) => {
                let mut old = std::mem::replace(&mut slot.cog, cog);
                slot.is_open = false;
                // The new one knows nothing of what the old one has written.
                if !guarded(|| old.sync_now()).unwrap_or(false) {
                    self.forsake(&name);
                }
                // What it kept counts as failed. Whoever panics again while it is taken apart is let be.
                if guarded(|| drop(old)).is_err() {
                    log::write(Priority::Crit, &format!("{name}: panicked once more while it was taken apart"));
                }
                if self.slots[number as usize].seat.closed { Ok(()) } else { self.wind_one(number) }
            }
            Some(Ok(Err(error))) => Err(error),
            Some(Err(told)) => Err(Error::Other(told)),
            None => Err(Error::Other("it cannot begin anew".into())),
        };
        if let Err(error) = anew {
            let error = if let Error::Start { why, .. } = error { *why } else { error };
            log::write(Priority::Crit, &format!("{name}: {error}: the train stops"));
            self.stop(1);
        }
    }

    /// What a cog has written may not be stored, and nobody knows of it any more: no checkpoint vouches for it, so that the next run
    /// reads it again.
    pub(super) fn forsake(&mut self, name: &str) {
        let text = format!("{name}: what it wrote could not be synced: ends, so that the next run goes on at the last checkpoint");
        log::write(Priority::Crit, &text);
        self.slots.iter_mut().for_each(|slot| slot.cog.freeze_checkpoint());
        self.stop(1);
    }

    /// Winds a cog and carries on what it emits.
    pub(super) fn wind_one(&mut self, number: u32) -> Result<()> {
        let slot = &mut self.slots[number as usize];
        let mut ctx = Ctx::new(&mut self.esc, &self.books, &mut slot.seat, Vec::new());
        let (cog, vouches): (&mut dyn Cog, _) = (&mut *slot.cog, self.vouches);
        let open = !std::mem::replace(&mut slot.is_open, true);
        let wind = || {
            if open {
                cog.open()?;
            }
            cog.wind(&mut ctx)?;
            // A drain that comes while the train runs must know from its first datum on that what it writes is vouched for.
            if vouches { cog.sync(&mut ctx) } else { Ok(()) }
        };
        let wound = guarded(wind).unwrap_or_else(|told| Err(Error::Other(told)));
        let (out, _) = ctx.into_emitted();
        wound.map_err(|error| named(&self.slots[number as usize].seat, error))?;
        self.forward(number, out);
        self.after_call(number);
        Ok(())
    }
}

/// Why a cog could not begin, with its name and the place where the script made it.
pub(super) fn named(seat: &Seat, error: Error) -> Error {
    let (place, why) = match error {
        // What the script itself threw has a place of its own.
        Error::Script { text, place, hint } if !place.is_empty() => (place, Error::Script { text, place: String::new(), hint }),
        error => (seat.place.clone(), error),
    };
    let hint = nowhere(&why);
    Error::Start { cog: seat.name.to_string(), place, why: Box::new(why), hint }
}

/// Where a file was looked for that is not there, when its path does not say it.
fn nowhere(error: &Error) -> Option<String> {
    match error {
        // A program's bare name is looked for in the search path.
        Error::Os { doing: "start", path, .. } if path.components().count() == 1 => None,
        Error::Os { path, source, .. } if source.kind() == ErrorKind::NotFound && path.is_relative() => {
            let dir = start::directory().map(Path::to_owned).or_else(|| std::env::current_dir().ok())?;
            Some(format!("it is looked for from the directory that the program was started in, `{}`", dir.display()))
        }
        _ => None,
    }
}
