//! The orderly end: supplies first, then each cog after all that feed it, so that none is given data after its own end.
//!
//! It has an end itself. Answers from outside are waited for as long as `finish_timeout` says; a drain that cannot write, and
//! whatever else is busy, until the deadline of the whole. What is left then is told, is not counted as stored, and makes the status 1.

use std::time::Duration;

use super::{Train, panics};
use crate::cog::Kind;
use crate::error::Result;
use crate::escapement::Wake;
use crate::log::{self, Priority};

/// The whole takes at most this long where nobody waits for answers.
const DEADLINE: Duration = Duration::from_secs(10);
/// Where somebody does, the whole takes at most this much longer than they are given.
const AFTER_ANSWERS: Duration = Duration::from_secs(5);

impl Train {
    /// Ends every cog in order and gives the exit status.
    pub(super) fn shut_down(&mut self) -> Result<i32> {
        self.service.tell("STOPPING=1");
        self.end_oversight();
        let begun = self.esc.now();
        let answers = begun + self.options.finish_timeout;
        let mut deadline = begun + DEADLINE;
        for number in self.order.clone() {
            if self.slots[number as usize].seat.closed {
                continue;
            }
            // One that others have taken the place of has been told already.
            if !self.slots[number as usize].retires {
                self.call(number, |cog, ctx| cog.finish(ctx));
            }
            self.settle();
            let waits_for_answers = self.slots[number as usize].kind != Kind::Drain;
            if waits_for_answers && self.slots[number as usize].cog.busy() {
                deadline = deadline.max(answers + AFTER_ANSWERS);
            }
            let until = if waits_for_answers { answers } else { deadline };
            // Meanwhile all behind it go on turning.
            while self.slots[number as usize].cog.busy() {
                match self.esc.next_until(until)? {
                    Some(fired) => self.deliver(fired),
                    None => break,
                }
            }
            if self.slots[number as usize].cog.busy() {
                log::warning(format_args!("{}: gives up waiting", self.slots[number as usize].seat.name));
                self.slots.iter_mut().for_each(|slot| slot.seat.gives_up = true);
                self.call(number, |cog, ctx| cog.wake(ctx, Wake::GiveUp));
                self.settle();
            }
            self.slots[number as usize].seat.closed = true;
            self.esc.unbind_owner(number);
        }
        self.settle();
        self.release_all();
        self.log_stats(Priority::Info);
        Ok(self.status())
    }

    /// Lets all cogs go; supplies last, as they write down how far they have come: what the drains have stored by then.
    pub(super) fn release_all(&mut self) {
        self.release(|kind| kind != Kind::Supply);
        if self.slots.iter().any(|slot| slot.cog.is_syncing()) {
            log::error("what was written could not be synced: the next run reads it again");
            self.slots.iter_mut().for_each(|slot| slot.cog.freeze_checkpoint());
        }
        self.release(|kind| kind == Kind::Supply);
    }

    fn release(&mut self, meant: impl Fn(Kind) -> bool) {
        for slot in self.slots.iter_mut().filter(|slot| meant(slot.kind)) {
            if let Err(told) = panics::guarded(|| slot.cog.done()) {
                slot.seat.faults += 1;
                log::write(Priority::Crit, &format!("{}: {told}; please report this", slot.seat.name));
            }
        }
    }

    /// The exit status, after a report of what is left.
    fn status(&self) -> i32 {
        let books = self.balance();
        let missing = books.in_flight.saturating_sub(books.left);
        if missing > 0 {
            log::error(format_args!("{missing} events were still on their way at the end"));
        }
        let failed = books.failed > 0 || self.slots.iter().any(|slot| slot.seat.faults > 0);
        match self.stop {
            Some(status) if status != 0 => status,
            _ if missing > 0 => 1,
            _ if self.options.strict_exit && failed => 3,
            _ => 0,
        }
    }
}
