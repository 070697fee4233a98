//! What travels upward: settled origins to their supplies, broadcasts to whoever listens, signals to the train.

use std::fmt::Write;

use rustix::process::Signal;

use super::Train;
use crate::cog::{Notice, OnError, Settled};
use crate::datum::Datum;
use crate::error::Result;
use crate::escapement::{Escapement, Fired, Wake};
use crate::log::{self, Priority};

/// One round of broadcasts may be answered by so many others, and each of it by so many more.
const ANSWERS: (usize, usize) = (10_000, 100);

/// Broadcasts that were made while others were told, in this round.
#[derive(Debug, Default)]
pub(super) struct Answers {
    telling: bool,
    made: usize,
    /// How many there may be.
    most: usize,
}

impl Train {
    /// Binds what the program itself answers to: the end, reopening, counters.
    pub(super) fn bind_signals(&mut self) -> Result<()> {
        // XFSZ is bound so that it does not kill: the write that caused it fails and is seen to there.
        for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1, Signal::XFSZ] {
            if signal == Signal::INT && self.holding.keyboard {
                continue;
            }
            let token = self.esc.signal(Escapement::RUNTIME, signal.as_raw())?;
            self.signals.push((token, signal.as_raw()));
        }
        Ok(())
    }

    /// Something of the train's own has fired.
    pub(super) fn runtime(&mut self, fired: &Fired) {
        match fired.wake {
            Wake::Signal(number) if number == Signal::HUP.as_raw() => {
                log::reopen();
                log::notice("hangup: files are opened again");
            }
            Wake::Signal(number) if number == Signal::XFSZ.as_raw() => {}
            Wake::Signal(number) if number == Signal::USR1.as_raw() => self.log_stats(Priority::Notice),
            Wake::Signal(number) if !self.asked && self.esc.listeners(number) > 1 => {
                // A cog that waits for it is told first, and may say that nothing is to end: it is behind us in this round.
                let token = self.esc.soon(Escapement::RUNTIME);
                self.asked_by = Some((token, number));
            }
            Wake::Soon if self.asked_by.is_some_and(|(token, _)| token == fired.token) => {
                let number = self.asked_by.take().map_or(0, |(_, number)| number);
                let pardons: Vec<bool> = self.slots.iter_mut().map(|slot| std::mem::take(&mut slot.seat.pardons)).collect();
                if !pardons.contains(&true) {
                    self.end_by(number);
                }
            }
            Wake::Signal(number) if self.asked => {
                log::warning("asked to end a second time: ending at once");
                self.release_all();
                log::flush_suppressed();
                std::process::exit(128 + number);
            }
            Wake::Signal(number) => self.end_by(number),
            Wake::Due { .. } if self.beat == Some(fired.token) => self.service.tell("WATCHDOG=1"),
            Wake::Due { .. } if self.tell_pressure(fired.token) => {}
            Wake::Idle => {
                self.rest = None;
                for supply in 0..self.slots.len() as u32 {
                    if self.could_read(supply) {
                        self.give_room(supply);
                    }
                }
            }
            _ => {
                if let Some(supply) = self.roomy.pop_front()
                    && !self.slots[supply as usize].seat.closed
                {
                    self.call(supply, |cog, ctx| cog.wake(ctx, Wake::Room));
                }
            }
        }
    }

    /// A signal asks for the end.
    fn end_by(&mut self, signal: i32) {
        self.asked = true;
        let name = if signal == Signal::INT.as_raw() { "interrupt" } else { "termination" };
        log::notice(format_args!("{name}: ending in order"));
        self.stop(0);
        self.leave();
    }

    /// Tells supplies of origins that have been settled, and those that wait for room of it; then delivers broadcasts.
    pub(super) fn settle(&mut self) {
        if self.books.has_settled() && !self.tells_ends && !self.slots.iter().any(|slot| slot.cog.wants_settled()) {
            // Nobody wants to know which: that there is room again is enough.
            self.books.forget_settled();
            (0..self.slots.len() as u32).for_each(|supply| self.offer_room(supply));
        }
        self.answers = Answers { most: ANSWERS.0 + ANSWERS.1 * self.notices.len(), ..Answers::default() };
        while self.books.has_settled() || !self.notices.is_empty() {
            let mut done = std::mem::take(&mut self.settled);
            self.books.take_settled(&mut done);
            done.sort_by_key(|settled| settled.supply);
            for of_one in done.chunk_by(|a, b| a.supply == b.supply) {
                self.tell(of_one);
            }
            done.clear();
            self.settled = done;
            if let Some(notice) = self.notices.pop_front() {
                self.broadcast(&notice);
            }
        }
        if self.books.take_rested() {
            (0..self.slots.len() as u32).for_each(|supply| self.offer_room(supply));
        }
        if self.rest.is_none() && (0..self.slots.len() as u32).any(|supply| self.could_read(supply)) {
            self.rest = Some(self.esc.idle(Escapement::RUNTIME));
        }
        self.sync();
        if self.retiring {
            self.retire();
        }
    }

    /// Has the drains sync for the supplies that asked for it, and tells those when it is done. Who asks while a sync goes on waits
    /// for the next one, as that one may have begun before what it wants synced was written.
    fn sync(&mut self) {
        while !self.asked_sync.is_empty() || !self.syncing.is_empty() {
            if self.syncing.is_empty() {
                if self.retiring {
                    // Else one whose syncs take long would be asked again and again.
                    self.retire();
                }
                self.syncing = std::mem::take(&mut self.asked_sync);
                for number in self.order.clone() {
                    // One that is closed has nothing left to sync, and would not hear the answer.
                    if !self.slots[number as usize].seat.closed {
                        self.call(number, |cog, ctx| cog.sync(ctx));
                    }
                }
            }
            if self.slots.iter().any(|slot| slot.cog.is_syncing()) {
                return;
            }
            for supply in std::mem::take(&mut self.syncing) {
                if !self.slots[supply as usize].seat.closed {
                    self.call(supply, |cog, ctx| cog.wake(ctx, Wake::Synced));
                }
            }
        }
    }

    fn tell(&mut self, done: &[Settled]) {
        let supply = done[0].supply;
        self.call(supply, |cog, ctx| cog.settled(ctx, done));
        if self.tells_ends {
            for (settled, number) in done.iter().flat_map(|settled| settled.numbers().map(move |number| (settled, number))) {
                let id = Datum::from(format!("{}#{number}", self.slots[supply as usize].seat.name));
                let notice = if settled.failed {
                    Notice { name: "event_failed".into(), args: vec![id, Datum::from("failed")] }
                } else {
                    Notice { name: "event_done".into(), args: vec![id] }
                };
                self.notices.push_back(notice);
                self.answers.most += ANSWERS.1;
            }
        }
        self.offer_room(supply);
    }

    /// Lets a supply that waits for room be told of some, once there is enough to be worth it.
    fn offer_room(&mut self, supply: u32) {
        let seat = &self.slots[supply as usize].seat;
        if seat.waits_for_room
            && !seat.paused
            && self.books.moving_of(supply) <= seat.common.max_in_flight / 2
            && !self.books.is_half_heavy()
        {
            self.give_room(supply);
        }
    }

    /// Whether a supply waits though there is some room, be it little. It gets that when nothing else is to be done: those who keep
    /// the rest may keep it until more comes.
    fn could_read(&self, supply: u32) -> bool {
        let seat = &self.slots[supply as usize].seat;
        seat.waits_for_room && !seat.closed && !seat.paused && self.books.has_room(supply, seat.common.max_in_flight)
    }

    pub(super) fn give_room(&mut self, supply: u32) {
        let seat = &mut self.slots[supply as usize].seat;
        seat.waits_for_room = false;
        seat.waits_since = None;
        self.roomy.push_back(supply);
        self.esc.soon(Escapement::RUNTIME);
    }

    /// Tells every cog that hears it, in the train's order.
    fn broadcast(&mut self, notice: &Notice) {
        self.answers.telling = true;
        for number in self.order.clone() {
            if self.slots[number as usize].cog.hears(&notice.name) {
                self.call(number, |cog, ctx| cog.notice(ctx, notice));
            }
        }
        self.answers.telling = false;
    }

    /// What a cog broadcasts is told when its turn comes, unless broadcasts are answered by others without end: nothing else
    /// would ever be done again.
    pub(super) fn take_notices(&mut self, number: u32) {
        let (seat, answers) = (&mut self.slots[number as usize].seat, &mut self.answers);
        if answers.telling {
            answers.made += seat.notices.len();
        }
        if answers.made <= answers.most {
            return self.notices.extend(seat.notices.drain(..));
        }
        let notice = seat.notices.drain(..).next_back().map_or_else(|| "".into(), |notice| notice.name);
        seat.stats.errors += 1;
        seat.faults += 1;
        if seat.on_error == OnError::Stop {
            self.stop(1);
        }
        let name = &self.slots[number as usize].seat.name;
        let text =
            format!("{name}: broadcasts are answered by others without end: `{notice}`, which it answers with, is not told any more");
        log::write_kind(Priority::Error, name, &text);
    }

    /// Writes the counters to the log, a line a cog and one for the books.
    pub(super) fn log_stats(&self, priority: Priority) {
        if !log::enabled(priority) {
            return;
        }
        for slot in &self.slots {
            let (name, stats, backlog) = (&slot.seat.name, slot.seat.stats, slot.cog.backlog());
            let mut text =
                format!("{name}: {} in, {} out, {} swallowed, {} errors", stats.given, stats.emitted, stats.swallowed, stats.errors);
            if backlog.held > 0 {
                let _ = write!(text, ", {} kept{}", backlog.held, if backlog.stalled { ", blocked" } else { "" });
            }
            log::write(priority, &text);
        }
        let books = self.balance();
        let text = format!(
            "events: {} in, {} delivered, {} filtered, {} dead, {} failed, {} on their way; {} split, {} merged",
            books.born, books.delivered, books.filtered, books.dead, books.failed, books.in_flight, books.split, books.merged
        );
        log::write(priority, &text);
    }
}
