//! The orderly end: supplies first, then each cog after all that feed it, so that none is given data after its own end.

use super::Train;
use crate::error::Result;
use crate::escapement::Wake;
use crate::log::{self, Priority};

impl Train {
    /// Ends every cog in order and gives the exit status.
    pub(super) fn shut_down(&mut self) -> Result<i32> {
        let deadline = self.esc.now() + self.options.finish_timeout;
        for number in self.order.clone() {
            self.call(number, |cog, ctx| cog.finish(ctx));
            self.settle();
            // It may wait for answers from outside; meanwhile all behind it go on turning.
            while self.slots[number as usize].cog.busy() {
                match self.esc.next_until(deadline)? {
                    Some(fired) => self.deliver(fired),
                    None => break,
                }
            }
            if self.slots[number as usize].cog.busy() {
                log::warning(format_args!("{}: gives up waiting", self.slots[number as usize].seat.name));
                self.call(number, |cog, ctx| cog.wake(ctx, Wake::GiveUp));
                self.settle();
            }
            self.slots[number as usize].seat.closed = true;
            self.esc.unbind_owner(number);
        }
        self.settle();
        for slot in &mut self.slots {
            slot.cog.done();
        }
        self.log_stats(Priority::Info);
        let books = self.balance();
        if books.in_flight > 0 {
            log::error(format_args!("{} events were still on their way at the end", books.in_flight));
        }
        let failed = books.failed > 0 || self.slots.iter().any(|slot| slot.seat.faults > 0);
        Ok(match self.stop {
            Some(status) if status != 0 => status,
            _ if books.in_flight > 0 => 1,
            _ if self.options.strict_exit && failed => 3,
            _ => 0,
        })
    }
}
