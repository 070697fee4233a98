//! [`Ctx`]: all that a cog may touch, lent for one call.

mod failing;
mod holds;
mod pools;
mod system;

use std::rc::Rc;

use super::args::OnError;
use super::origin::{Books, Hold, Holder, Lineage, OriginBlock, Origins, Outcome, Shelf};
use super::seat::{Event, Notice, Seat};
use crate::datum::{Datum, Map};
use crate::error::{Error, Result};
use crate::escapement::Escapement;
use crate::log;

/// All that a cog may touch, lent for one call.
pub struct Ctx<'a> {
    esc: &'a mut Escapement,
    books: &'a Rc<Books>,
    pub(super) seat: &'a mut Seat,
    out: Vec<Event>,
    /// The lineage of the datum that is being turned, until a part of it is sent: it then moved on with the first one.
    given: Lineage,
    /// Which of `out` has that lineage, then.
    sent: Option<usize>,
    /// A vector that was a batch and may become another one.
    spent: Vec<Event>,
    /// Its id, when an `id_getter` tells it.
    id: Option<String>,
    /// Parts of it that were emitted.
    parts: u32,
    /// Which of `out` go to a branch, and to which one.
    aside: Vec<(usize, u16)>,
    /// Whether a part of it was held.
    held: bool,
    /// Whether a datum is being turned that is not settled yet.
    turning: bool,
    /// The datum as it was given, where it must still be there should it fail.
    kept: Option<Datum>,
    /// Origins of this call, for a supply.
    block: Option<Rc<OriginBlock>>,
    /// How many of them the books do not know of yet.
    opened: u32,
    /// How many bytes they hold.
    bytes: usize,
}

impl<'a> Ctx<'a> {
    /// For the train: a context for one call of the cog in `seat`; what it emits is collected in `out`.
    pub fn new(esc: &'a mut Escapement, books: &'a Rc<Books>, seat: &'a mut Seat, out: Vec<Event>) -> Self {
        Self {
            esc,
            books,
            seat,
            out,
            given: Lineage::default(),
            sent: None,
            spent: Vec::new(),
            id: None,
            parts: 0,
            aside: Vec::new(),
            held: false,
            turning: false,
            kept: None,
            block: None,
            opened: 0,
            bytes: 0,
        }
    }

    /// For the train: what was emitted, and a vector to be used again.
    pub fn into_emitted(mut self) -> (Vec<Event>, Vec<Event>) {
        self.count_opened();
        if let Some(block) = &self.block {
            self.books.weigh(block, self.bytes);
        }
        // Only now, as until then what is sent may share its lineage with what is sent next.
        for (place, branch) in std::mem::take(&mut self.aside) {
            let lineage = &mut self.out[place].lineage;
            *lineage = std::mem::take(lineage).into_branch(branch);
        }
        (self.out, self.spent)
    }

    /// What was a batch may become another one.
    pub(super) fn recycle(&mut self, spent: Vec<Event>) {
        self.spent = spent;
    }

    // --- data -------------------------------------------------------------------------------------------------------

    /// Sends `datum` to the cog's successors; it carries on the lineage of what the cog was given.
    #[inline]
    pub fn emit(&mut self, datum: Datum) {
        self.parts += 1;
        self.seat.stats.emitted += 1;
        let lineage = match self.sent {
            // The first part takes the lineage along: nearly always there is but one.
            None => {
                self.sent = Some(self.out.len());
                std::mem::take(&mut self.given)
            }
            Some(first) => self.out[first].lineage.clone(),
        };
        self.out.push(Event { datum, lineage });
    }

    /// As [`Ctx::emit`], to that [branch](super::Args::branch) of the cog alone, and not to its successors.
    pub fn emit_to(&mut self, branch: u16, datum: Datum) {
        self.aside.push((self.out.len(), branch));
        self.emit(datum);
    }

    /// The lineage of the datum that is being turned.
    #[inline]
    fn lineage(&self) -> &Lineage {
        match self.sent {
            None => &self.given,
            Some(first) => &self.out[first].lineage,
        }
    }

    /// For supplies: sends a new event, which came from `place`. The supply's `data_setter` and `id_setter` are applied.
    #[allow(clippy::inline_always, reason = "each line of a supply is one; through memory it would be copied once more")]
    #[inline(always)]
    pub fn emit_new(&mut self, datum: Datum, place: u64) {
        let common = &self.seat.common;
        if common.data_setter.is_some() || common.id_setter.is_some() {
            return self.emit_new_with(datum, place, |_| Ok(()));
        }
        let (lineage, _) = self.open_new(place);
        self.bytes += weight(&datum);
        self.seat.stats.emitted += 1;
        self.out.push(Event { datum, lineage });
    }

    /// As [`Ctx::emit_new`]; between the two setters the datum goes through `dress`, for a supply's own ones.
    pub fn emit_new_with(&mut self, payload: Datum, place: u64, dress: impl FnOnce(&mut Datum) -> Result<()>) {
        let (lineage, number) = self.open_new(place);
        self.bytes += weight(&payload);
        match wrap(self.seat, payload, number, dress) {
            Ok(datum) => {
                self.seat.stats.emitted += 1;
                self.out.push(Event { datum, lineage });
            }
            Err((error, datum)) => self.fail_opened(lineage, datum, &error),
        }
    }

    /// For supplies: what came from `place` cannot be made an event; `on_error` decides what becomes of it. `datum` is what
    /// there is of it.
    pub fn fail_new(&mut self, datum: Datum, place: u64, error: &Error) {
        let (lineage, _) = self.open_new(place);
        self.fail_opened(lineage, datum, error);
    }

    #[inline]
    fn open_new(&mut self, place: u64) -> (Lineage, u64) {
        let seat = &mut *self.seat;
        let block = self.block.get_or_insert_with(|| self.books.block(seat.number, seat.next_origin));
        let number = seat.next_origin;
        seat.next_origin += 1;
        self.opened += 1;
        (Books::open_uncounted(block, place), number)
    }

    /// Tells the books of the origins that were opened: before any of them can end.
    fn count_opened(&mut self) {
        if let (Some(block), 1..) = (&self.block, self.opened) {
            self.books.count(block, std::mem::take(&mut self.opened));
        }
    }

    fn fail_opened(&mut self, lineage: Lineage, datum: Datum, error: &Error) {
        self.count_opened();
        self.given = lineage;
        self.sent = None;
        self.parts = 0;
        self.fail(error, Some(datum));
        self.given = Lineage::default();
    }

    /// For supplies: how many more events may be sent now, none while too many bytes are on their way. At 0 the supply stops reading; it is woken with
    /// [`Wake::Room`](crate::escapement::Wake::Room) when there is room again. Events that rest in pools take none.
    pub fn room(&mut self) -> usize {
        let room = self.space();
        self.seat.waits_for_room = room == 0;
        room
    }

    /// As [`Ctx::room`], but who finds none does not wait for it.
    pub fn space(&mut self) -> usize {
        self.count_opened();
        let heavy = self.books.is_heavy() || self.seat.paused;
        let most = if heavy { 0 } else { self.seat.common.max_in_flight };
        most.saturating_sub(self.books.moving_of(self.seat.number))
    }

    /// For a supply of what has failed before: the place of each of its events is how often it was tried.
    pub fn feeds_again(&mut self) {
        self.books.feeds_again(self.seat.number);
    }

    /// Whether something behind this cog is blocked, for a cog that [heeds stalls](crate::cog::Cog::heeds_stalls).
    pub fn is_blocked(&self) -> bool {
        self.seat.blocked
    }

    /// So many of the parts that this cog keeps take no room of their supplies: it leaves some out rather than have them wait.
    pub fn excuse(&mut self, parts: &Origins) {
        self.books.excuse(&mut self.seat.excused, parts);
    }

    /// Keeps a part of what the cog was given, on `rack`. Where nothing stands behind the cog that is the whole of it.
    #[inline]
    pub fn put_on(&mut self, rack: &mut Shelf) {
        if self.seat.has_successors || self.parts > 0 || self.held {
            self.books.split(self.lineage(), 1);
            self.held = true;
            rack.put(self.lineage().clone(), self.books);
        } else {
            self.parts = 1;
            rack.put(std::mem::take(&mut self.given), self.books);
        }
    }

    /// Whether anything stands behind this cog; a drain need not emit otherwise.
    pub fn has_successors(&self) -> bool {
        self.seat.has_successors
    }

    #[inline]
    pub(super) fn begin(&mut self, lineage: Lineage, datum: &Datum) {
        self.given = lineage;
        self.sent = None;
        self.parts = 0;
        self.held = false;
        self.turning = true;
        if self.seat.common.id_getter.is_some() {
            self.id = self.name_of(datum);
        }
    }

    /// Whether an `id_getter` names what is given.
    #[inline]
    pub(super) fn names(&self) -> bool {
        self.seat.common.id_getter.is_some()
    }

    /// What was given is swallowed on purpose.
    pub(super) fn swallow(&mut self, lineage: &Lineage) {
        self.seat.stats.swallowed += 1;
        self.books.settle(lineage, Outcome::Filtered);
    }

    /// Keeps a whole event on `rack`.
    #[inline]
    pub(super) fn rack(&self, rack: &mut Shelf, lineage: Lineage) {
        rack.put(lineage, self.books);
    }

    /// What was given becomes so many more parts.
    pub(super) fn split(&mut self, lineage: &Lineage, more: u32) {
        self.books.split(lineage, more);
    }

    /// What was given goes on, each as one.
    #[inline]
    pub(super) fn pass_on(&mut self, events: Vec<Event>) {
        self.seat.stats.emitted += events.len() as u64;
        if self.out.is_empty() {
            self.spent = std::mem::replace(&mut self.out, events);
        } else {
            self.out.extend(events);
        }
    }

    /// What [`Ctx::fail`] has just emitted, as `on_error: "pass"` says; whoever takes it passes it on.
    pub(super) fn take_passed(&mut self) -> Option<Event> {
        if self.seat.on_error != OnError::Pass {
            return None;
        }
        self.seat.stats.emitted -= 1;
        self.out.pop()
    }

    #[inline]
    pub(super) fn end(&mut self) {
        self.turning = false;
        match self.parts {
            1 => {}
            0 if self.held => self.books.unsplit(self.lineage()),
            0 => {
                self.seat.stats.swallowed += 1;
                self.books.settle(self.lineage(), Outcome::Filtered);
            }
            n => self.books.split(self.lineage(), n - 1),
        }
    }

    /// What the cog's `id_getter` names a datum, where it has one.
    #[inline]
    fn name_of(&self, datum: &Datum) -> Option<String> {
        self.seat.common.id_getter.as_ref()?.get(datum).ok().map(|id| id.piece().into_owned())
    }

    /// The batch is over.
    pub(super) fn over(&mut self) {
        self.given = Lineage::default();
        self.sent = None;
        self.id = None;
        self.kept = None;
    }

    /// A line about the datum that is being turned; what one cog tells is of one kind for the log's rate limit.
    fn tell(&self, priority: log::Priority, text: &str) {
        if log::enabled(priority) {
            log::write_kind(priority, &self.seat.name, &format!("{}: {text}", self.id()));
        }
    }

    /// The id of the datum that is being turned, as log lines show it.
    pub fn id(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        self.books.id(self.lineage())
    }

    /// The cog's name.
    pub fn name(&self) -> &str {
        &self.seat.name
    }

    /// Writes a log line about the datum that is being turned.
    pub fn log(&self, priority: log::Priority, text: &str) {
        if log::enabled(priority) {
            self.tell(priority, &format!("{}: {text}", self.seat.name));
        }
    }

    /// Writes a log line about the cog itself.
    pub fn say(&self, priority: log::Priority, text: &str) {
        if log::enabled(priority) {
            log::write_kind(priority, &self.seat.name, &format!("{}: {text}", self.seat.name));
        }
    }

    /// Tells of a fault that is no datum's, such as a file that cannot be read: an error line, which the run's status
    /// remembers.
    pub fn trouble(&mut self, text: &str) {
        self.seat.stats.errors += 1;
        self.seat.faults += 1;
        self.say(log::Priority::Error, text);
    }

    /// Writes a line that is output in its own right: as [`Ctx::say`], but however many there are, the log's limit leaves none out. False when
    /// the log could not take it.
    pub fn show(&self, priority: log::Priority, text: &str) -> bool {
        !log::enabled(priority) || log::write_each(priority, &format!("{}: {text}", self.seat.name))
    }

    // --- upward -----------------------------------------------------------------------------------------------------

    /// Broadcasts to all cogs, when this call is over.
    pub fn notify(&mut self, name: &str, args: Vec<Datum>) {
        self.seat.notices.push(Notice { name: name.into(), args });
    }

    /// The signal to end that woke this cog is to end nothing.
    pub fn pardon(&mut self) {
        self.seat.pardons = true;
    }

    /// Asks for the orderly end of the train, with this exit status.
    pub fn stop(&mut self, status: i32) {
        self.seat.stop = Some(status);
    }
}

/// About how many bytes a payload holds.
#[inline]
fn weight(payload: &Datum) -> usize {
    match payload {
        Datum::Str(text) | Datum::Raw(text) | Datum::Number(text) => text.len(),
        Datum::Bytes(bytes) => bytes.len(),
        _ => 64,
    }
}

/// Applies a supply's `data_setter`, `dress` and `id_setter`; gives back what there is when one of them fails.
fn wrap(seat: &Seat, payload: Datum, number: u64, dress: impl FnOnce(&mut Datum) -> Result<()>) -> Result<Datum, (Error, Datum)> {
    let mut datum = match &seat.common.data_setter {
        None => payload,
        Some(setter) => {
            let mut datum = Datum::Map(Map::new());
            match setter.set(&mut datum, payload) {
                Ok(()) => datum,
                Err(error) => return Err((error, datum)),
            }
        }
    };
    let mut done = dress(&mut datum);
    if let (Ok(()), Some(setter)) = (&done, &seat.common.id_setter) {
        done = setter.set(&mut datum, Datum::from(format!("{}#{number}", seat.name)));
    }
    match done {
        Ok(()) => Ok(datum),
        Err(error) => Err((error, datum)),
    }
}

#[cfg(test)]
mod tests;
