//! A bench for unit tests of one cog: it stands alone on an escapement with a by-hand clock (or a real one), is fed, woken
//! and finished, and what it emits is collected.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{Args, Balance, Batch, Books, Cog, CogSpec, Ctx, Event, Given, Notice, Outcome, Seat};
use crate::datum::{Datum, json};
use crate::disk::{self, Disk};
use crate::error::Result;
use crate::escapement::{Clock, Escapement, Token, Wake};

/// Stands where none does.
struct Nothing;

impl Cog for Nothing {
    fn turn(&mut self, _: &mut Ctx<'_>, _: Datum) -> Result<()> {
        Ok(())
    }
}

/// One cog under test.
pub(crate) struct Bench {
    cog: Box<dyn Cog>,
    seat: Seat,
    pub(crate) esc: Escapement,
    books: Rc<Books>,
    feed: u64,
    synced: bool,
    no_more: bool,
    /// What came out and is still on its way, while that is wanted; otherwise all that comes out is delivered at once.
    pub(crate) kept: Option<Vec<Event>>,
    /// Broadcasts that it made.
    pub(crate) notices: Vec<Notice>,
}

impl Bench {
    /// The cog with these options, wound, on a real clock.
    pub(crate) fn new(spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Self {
        Self::on(Clock::real(), spec, given)
    }

    /// The cog with these options, wound, on that clock.
    pub(crate) fn on(clock: Clock, spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Self {
        Self::over(Escapement::new(clock).unwrap(), spec, given)
    }

    /// The cog with these options, wound, over that escapement.
    pub(crate) fn over(esc: Escapement, spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Self {
        Self::with(esc, disk::real(), spec, given).unwrap()
    }

    /// The cog with these options, wound, over that escapement and disk.
    pub(crate) fn with(esc: Escapement, disk: Arc<dyn Disk>, spec: &'static CogSpec, given: Vec<(&str, Given)>) -> Result<Self> {
        let args = Args::of(spec, given);
        let cog = (spec.build)(&args).unwrap();
        let mut common = args.common();
        common.max_in_flight = common.max_in_flight.max(1);
        let mut seat = Seat::new(0, spec.name, common);
        seat.disk = disk;
        let mut bench =
            Self { cog, seat, esc, books: Books::new(), feed: 0, synced: false, no_more: false, kept: None, notices: Vec::new() };
        bench.call(|cog, ctx| cog.wind(ctx))?;
        Ok(bench)
    }

    /// The cog begins anew, as after a panic.
    pub(crate) fn begin_anew(&mut self, spec: &'static CogSpec, given: Vec<(&str, Given)>) {
        self.esc.unbind_owner(0);
        // The old one must have let go of what it has locked.
        self.cog = Box::new(Nothing);
        self.cog = (spec.build)(&Args::of(spec, given)).unwrap();
        self.call(|cog, ctx| cog.wind(ctx)).unwrap();
    }

    /// Why the options do not check, or do not build.
    pub(crate) fn refused(spec: &'static CogSpec, given: Vec<(&str, Given)>) -> String {
        let given: Vec<(String, Given)> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        match Args::check(spec, &given).map(|args| (spec.build)(&args)) {
            Ok(Ok(_)) => panic!("`{}` was built", spec.path()),
            Ok(Err(error)) => error.to_string(),
            Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    }

    fn call(&mut self, f: impl FnOnce(&mut dyn Cog, &mut Ctx<'_>) -> Result<()>) -> Result<Vec<Event>> {
        let mut ctx = Ctx::new(&mut self.esc, &self.books, &mut self.seat, Vec::new());
        let result = f(&mut *self.cog, &mut ctx);
        let (out, _) = ctx.into_emitted();
        self.notices.append(&mut self.seat.notices);
        if std::mem::take(&mut self.seat.asks_sync) {
            // There is no drain.
            self.synced = true;
        }
        if std::mem::take(&mut self.seat.asks_for_more) {
            let others = self.esc.keepers().any(|owner| owner != self.seat.number);
            self.no_more = !others && !self.esc.has_news();
        }
        result.map(|()| out)
    }

    fn take(&mut self, out: Vec<Event>) -> Vec<Datum> {
        let data = out.iter().map(|event| event.datum.clone()).collect();
        match &mut self.kept {
            Some(kept) => kept.extend(out),
            None => out.iter().for_each(|event| self.books.settle(&event.lineage, Outcome::Delivered)),
        }
        self.tell();
        data
    }

    /// Delivers what was kept.
    pub(crate) fn release(&mut self) {
        for event in self.kept.take().unwrap_or_default() {
            self.books.settle(&event.lineage, Outcome::Delivered);
        }
        self.tell();
    }

    /// Tells the cog what has been settled.
    fn tell(&mut self) {
        let mut done = Vec::new();
        while self.books.has_settled() {
            self.books.take_settled(&mut done);
        }
        done.retain(|settled| settled.supply == 0);
        if !done.is_empty() {
            let more = self.call(|cog, ctx| cog.settled(ctx, &done)).unwrap();
            assert!(more.is_empty(), "a supply emitted while it was told of settled origins");
        }
    }

    /// Hands in one datum with an origin of its own; gives what comes out at once. A datum's own error shows in
    /// [`Bench::errors`].
    pub(crate) fn feed(&mut self, datum: impl Into<Datum>) -> Vec<Datum> {
        let block = self.books.block(1, self.feed);
        self.feed += 1;
        let lineage = self.books.open(&block, 0);
        let batch = Batch { events: vec![Event { datum: datum.into(), lineage }] };
        let out = self.call(|cog, ctx| cog.turn_batch(ctx, batch)).unwrap();
        self.take(out)
    }

    /// Hands in JSON; gives what comes out at once, as JSON.
    pub(crate) fn feed_json(&mut self, text: &str) -> Vec<String> {
        self.feed(json::read(text).unwrap()).iter().map(json::to_string).collect()
    }

    /// As [`Bench::feed_json`], of JSON whose lists and maps within are left as they are written, as a parser leaves them.
    pub(crate) fn feed_parsed(&mut self, text: &str) -> Vec<String> {
        let options = json::ReadOptions { lazy: true, ..json::ReadOptions::default() };
        self.feed(json::read_text(&text.into(), &options).unwrap()).iter().map(json::to_string).collect()
    }

    /// How many data failed so far.
    pub(crate) fn errors(&self) -> u64 {
        self.seat.stats.errors
    }

    /// The status with which it asked for the end, if it did.
    pub(crate) fn stop(&self) -> Option<i32> {
        self.seat.stop
    }

    /// Lets the reactor turn until nothing can happen any more, `enough` says so, or 5 s are over.
    pub(crate) fn pump(&mut self, mut enough: impl FnMut(&[Datum]) -> bool) -> Vec<Datum> {
        let deadline = self.esc.now() + Duration::from_secs(5);
        let mut all = Vec::new();
        while !enough(&all) {
            let fired = if std::mem::take(&mut self.seat.waits_for_room) {
                Some((None, Wake::Room))
            } else if std::mem::take(&mut self.synced) {
                Some((None, Wake::Synced))
            } else if std::mem::take(&mut self.no_more) {
                Some((None, Wake::NoMore { later: false }))
            } else {
                self.esc.next_until(deadline).unwrap().map(|fired| (Some(fired.token), fired.wake))
            };
            let Some((token, wake)) = fired else { break };
            all.extend(self.wake(token, wake));
        }
        all
    }

    /// Lets the reactor turn for so many milliseconds.
    pub(crate) fn pump_for(&mut self, milliseconds: u64) {
        let deadline = self.esc.now() + Duration::from_millis(milliseconds);
        while let Some(fired) = self.esc.next_until(deadline).unwrap() {
            assert!(self.wake(Some(fired.token), fired.wake).is_empty(), "there is no room");
        }
    }

    /// Wakes the cog, by one of its bindings or none.
    pub(crate) fn wake(&mut self, token: Option<Token>, wake: Wake) -> Vec<Datum> {
        self.seat.woken_by = token;
        let out = self.call(|cog, ctx| cog.wake(ctx, wake)).unwrap();
        self.seat.woken_by = None;
        self.take(out)
    }

    /// Finishes the cog, waits while it is busy, 5 s at most, and gives what it still emits.
    pub(crate) fn finish(&mut self) -> Vec<Datum> {
        self.finish_within(Duration::from_secs(5))
    }

    /// As [`Bench::finish`], but waits no longer than that for a busy cog.
    pub(crate) fn finish_within(&mut self, wait: Duration) -> Vec<Datum> {
        let out = self.call(|cog, ctx| cog.finish(ctx)).unwrap();
        let mut all = self.take(out);
        let deadline = self.esc.now() + wait;
        while self.cog.busy() {
            let Some(fired) = self.esc.next_until(deadline).unwrap() else { break };
            all.extend(self.wake(Some(fired.token), fired.wake));
        }
        if self.cog.busy() {
            all.extend(self.wake(None, Wake::GiveUp));
        }
        self.seat.closed = true;
        self.cog.done();
        all
    }

    /// Asks it to bring to the disk what it has written, as the train does before a checkpoint.
    pub(crate) fn sync(&mut self) {
        let out = self.call(|cog, ctx| cog.sync(ctx)).unwrap();
        self.take(out);
    }

    /// What was settled lately may not be stored.
    pub(crate) fn freeze_checkpoint(&mut self) {
        self.cog.freeze_checkpoint();
    }

    /// As before it begins anew after a panic.
    pub(crate) fn sync_now(&mut self) -> bool {
        self.cog.sync_now()
    }

    /// Lets it go without an end, as a second signal does.
    pub(crate) fn end_at_once(&mut self) {
        self.cog.done();
    }

    /// Whether a checkpoint would have to wait.
    pub(crate) fn is_syncing(&self) -> bool {
        self.cog.is_syncing()
    }

    /// The books: what went in and what became of it.
    pub(crate) fn balance(&self) -> Balance {
        self.books.balance()
    }
}
