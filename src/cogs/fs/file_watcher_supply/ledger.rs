//! How far each file has been dealt with: what the checkpoint says, and what it is made from while the supply runs.
//!
//! A file is known again by device and inode, by how it begins and by what stood before the place that was reached; a copy by the
//! last two alone. An entry stays as long as its file is there.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::stream::{Id, LAST, Stream};
use crate::cog::{OFFSET, Settled};
use crate::datum::{Datum, Map, json};
use crate::disk::{Disk, read_whole_at};
use crate::escapement::Moment;
use crate::state::{Run, Words};

/// A file that is gone for so long leaves the ledger.
const GONE: Duration = Duration::from_secs(60);

/// A stream's share of an entry: who holds one reads that file.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u32,
    /// Lines that were sent.
    sent: Cell<u64>,
    /// The end of the last of them.
    reached: Cell<u64>,
}

impl Ticket {
    /// The place of a line that ends there.
    pub(super) fn place(&self, end: u64) -> u64 {
        self.sent.set(self.sent.get() + 1);
        self.reached.set(end);
        u64::from(self.number) << OFFSET | end
    }
}

/// A piece of a file, told by its length and a sum (FNV-1a).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Piece {
    length: u64,
    sum: u64,
}

impl Piece {
    fn of(bytes: &[u8]) -> Self {
        let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Self { length: bytes.len() as u64, sum }
    }

    /// Whether `file` has it at that place.
    fn stands_in(&self, disk: &dyn Disk, file: &File, at: u64) -> io::Result<bool> {
        if self.length == 0 {
            return Ok(true);
        }
        let mut there = vec![0; self.length as usize];
        let had = read_whole_at(disk, file, &mut there, at)?;
        Ok(had == there.len() && Self::of(&there) == *self)
    }
}

/// What is known of a file.
#[derive(Debug)]
struct Entry {
    id: Id,
    /// When it was made, in nanoseconds of Unix time; 0 where the file system does not know.
    born: u64,
    /// The followed path at which it stood.
    path: PathBuf,
    /// How it begins.
    print: Piece,
    /// What ends at `reached`.
    tail: Piece,
    reached: u64,
    /// All before this is settled.
    offset: u64,
    ticket: Rc<Ticket>,
    settled: u64,
    gone: Option<Moment>,
    /// Another content stands in its file, or none: it is only waited for what is on its way.
    over: bool,
    /// How the checkpoint tells it, until something of it changes.
    words: Option<Arc<str>>,
}

impl Entry {
    /// How the checkpoint tells it.
    fn words(&mut self) -> Arc<str> {
        let worded = || {
            let number = |n: u64| Datum::from(format!("{n:x}"));
            let count = |n: u64| Datum::Int(n as i64);
            let mut map = Map::with_capacity(10);
            map.push("path".into(), text(&self.path));
            map.push("device".into(), number(self.id.0));
            map.push("inode".into(), number(self.id.1));
            map.push("born".into(), number(self.born));
            map.push("offset".into(), count(self.offset));
            map.push("print".into(), number(self.print.sum));
            map.push("print_length".into(), count(self.print.length));
            map.push("tail".into(), number(self.tail.sum));
            map.push("tail_length".into(), count(self.tail.length));
            map.push("reached".into(), count(self.reached));
            json::to_string(&Datum::Map(map)).into()
        };
        Arc::clone(self.words.get_or_insert_with(worded))
    }

    /// Whether a stream reads it.
    fn is_open(&self) -> bool {
        Rc::strong_count(&self.ticket) > 1
    }

    /// Whether it is one that was made then: a file that is gone leaves its number to another.
    fn may_be_born(&self, born: u64) -> bool {
        self.born == born || self.born == 0 || born == 0
    }

    /// Where it is read on: behind what this run has sent already, be it settled or not.
    fn resumes(&self) -> u64 {
        self.offset.max(self.ticket.reached.get())
    }

    /// Whether `file`, of that size, has all that was dealt with.
    fn fits(&self, disk: &dyn Disk, file: &File, size: u64) -> io::Result<bool> {
        Ok(size >= self.resumes()
            && self.print.stands_in(disk, file, 0)?
            && self.tail.stands_in(disk, file, self.reached.saturating_sub(self.tail.length))?)
    }
}

/// Files that are there, each with the time at which it was made.
#[derive(Debug, Default)]
pub(super) struct There(HashMap<Id, u64>);

impl There {
    pub(super) fn add(&mut self, id: Id, born: Option<SystemTime>) {
        self.0.insert(id, nanoseconds(born));
    }

    fn have(&self, entry: &Entry) -> bool {
        self.0.get(&entry.id).is_some_and(|born| entry.may_be_born(*born))
    }
}

/// The entries.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: BTreeMap<u32, Entry>,
    next: u32,
    by_id: HashMap<Id, u32>,
    /// Origins before this one are those of a supply that stood in this one's place until it panicked.
    since: u64,
    /// All paths of entries, and perhaps former ones.
    paths: HashSet<PathBuf>,
    /// Paths that are followed by their names, whether or not a file stands there.
    named: BTreeSet<PathBuf>,
    run: Run,
}

impl Ledger {
    /// From what a checkpoint says; nothing when that makes no sense.
    pub(super) fn read(body: &Datum) -> Option<Self> {
        let mut ledger = Self::default();
        let body = body.opened();
        let files = body.as_map()?.by_name("files")?.opened();
        for file in files.as_list()? {
            let file = file.opened();
            let file = file.as_map()?;
            let number = |name| u64::from_str_radix(file.by_name(name)?.as_str()?, 16).ok();
            let count = |name| u64::try_from(file.by_name(name)?.as_int()?).ok();
            let id = (number("device")?, number("inode")?);
            let path = PathBuf::from(file.by_name("path")?.as_str()?);
            let ticket = ledger.begin(&path, id, None, count("offset")?);
            let entry = ledger.entries.get_mut(&ticket.number)?;
            entry.words = None;
            entry.born = number("born")?;
            entry.print = Piece { length: count("print_length")?.min(4096), sum: number("print")? };
            entry.tail = Piece { length: count("tail_length")?.min(LAST as u64), sum: number("tail")? };
            entry.reached = count("reached")?;
        }
        // Former versions did not write them.
        if let Some(named) = body.as_map()?.by_name("named") {
            let named = named.opened();
            ledger.paths.extend(named.as_list()?.iter().filter_map(|path| path.as_str().map(PathBuf::from)));
        }
        Some(ledger)
    }

    /// The first origin of this supply has that number.
    pub(super) fn count_from(&mut self, number: u64) {
        (self.since, self.run) = (number, Run::from(number));
    }

    /// What the checkpoint is to say. Only entries that have changed since the last time are put into words anew.
    pub(super) fn write(&mut self) -> Words {
        let (comma, mut words): (Arc<str>, Words) = (",".into(), vec![r#"{"files":["#.into()]);
        for entry in self.entries.values_mut().filter(|entry| !entry.over) {
            if words.len() > 1 {
                words.push(Arc::clone(&comma));
            }
            words.push(entry.words());
        }
        let named = Datum::List(self.named.iter().map(|path| text(path)).collect());
        words.push(format!(r#"],"named":{}}}"#, json::to_string(&named)).into());
        words
    }

    /// A file with another content than was known.
    pub(super) fn begin(&mut self, path: &Path, id: Id, born: Option<SystemTime>, offset: u64) -> Rc<Ticket> {
        let number = self.next;
        self.next = (number + 1) % (1 << (u64::BITS - OFFSET));
        while self.entries.contains_key(&self.next) {
            self.next = (self.next + 1) % (1 << (u64::BITS - OFFSET));
        }
        if let Some(old) = self.by_id.insert(id, number).and_then(|old| self.entries.get_mut(&old)) {
            old.over = true;
        }
        if !self.paths.contains(path) {
            self.paths.insert(path.to_owned());
        }
        let ticket = Rc::new(Ticket { number, sent: Cell::new(0), reached: Cell::new(0) });
        let entry = Entry {
            id,
            born: nanoseconds(born),
            path: path.to_owned(),
            print: Piece::default(),
            tail: Piece::default(),
            reached: 0,
            offset,
            ticket: Rc::clone(&ticket),
            settled: 0,
            gone: None,
            over: false,
            words: None,
        };
        self.entries.insert(number, entry);
        ticket
    }

    /// What is read here has come to another name, or goes on in a copy.
    pub(super) fn moved(&mut self, stream: &Stream, path: &Path) {
        let Some(entry) = stream.ticket.as_ref().and_then(|ticket| self.entries.get_mut(&ticket.number)) else { return };
        if entry.path != path {
            entry.words = None;
            path.clone_into(&mut entry.path);
            self.paths.insert(path.to_owned());
        }
        if entry.id != stream.id {
            entry.words = None;
            entry.born = nanoseconds(stream.born);
            entry.over = false;
            let old = std::mem::replace(&mut entry.id, stream.id);
            let number = stream.ticket.as_ref().map_or(0, |ticket| ticket.number);
            if self.by_id.get(&old) == Some(&number) {
                self.by_id.remove(&old);
            }
            let before = self.by_id.insert(stream.id, number).filter(|before| *before != number);
            // The number was that of a file that is gone.
            if let Some(gone) = before.and_then(|before| self.entries.get_mut(&before)) {
                gone.over = true;
            }
        }
    }

    /// How far the file with that number, made at that time, has been dealt with.
    pub(super) fn offset_of(&self, id: &Id, born: Option<SystemTime>) -> Option<u64> {
        let entry = self.by_id.get(id).and_then(|number| self.entries.get(number))?;
        entry.may_be_born(nanoseconds(born)).then_some(entry.offset)
    }

    /// The entry of this very file, if it still is what it was.
    pub(super) fn same(&self, disk: &dyn Disk, stream: &Stream, size: u64) -> io::Result<Option<(Rc<Ticket>, u64)>> {
        let Some(entry) = self.by_id.get(&stream.id).and_then(|number| self.entries.get(number)) else { return Ok(None) };
        let fits = entry.may_be_born(nanoseconds(stream.born)) && !entry.is_open() && entry.fits(disk, stream.file(), size)?;
        Ok(fits.then(|| (Rc::clone(&entry.ticket), entry.resumes())))
    }

    /// What a file of which nothing is known is a copy of, among those that stood at `path`. `exists`: those that are there
    /// themselves.
    pub(super) fn copied(&self, disk: &dyn Disk, stream: &Stream, size: u64, path: &Path, exists: &There) -> io::Result<Copied> {
        if !self.has(path) {
            return Ok(Copied::Not);
        }
        for entry in self.entries.values().filter(|entry| entry.path == path && entry.print.length > 0) {
            if !entry.print.stands_in(disk, stream.file(), 0)? {
                continue;
            }
            let there = !entry.over && exists.have(entry) || entry.is_open();
            if entry.reached > 0 && entry.fits(disk, stream.file(), size)? {
                return Ok(if there { Copied::Known } else { Copied::GoesOn(Rc::clone(&entry.ticket), entry.resumes()) });
            }
        }
        Ok(Copied::Not)
    }

    /// Takes down how an open file begins, and what stands before the place that was reached.
    pub(super) fn look_at(&mut self, disk: &dyn Disk, stream: &Stream) {
        let Some(entry) = stream.ticket.as_ref().and_then(|ticket| self.entries.get_mut(&ticket.number)) else { return };
        if entry.print.length != stream.print().len() as u64 {
            entry.words = None;
            entry.print = Piece::of(stream.print());
        }
        if entry.reached == entry.offset {
            return;
        }
        let (end, print) = (entry.offset as usize, stream.print());
        let mut tail = [0; LAST];
        let tail = &mut tail[..LAST.min(end)];
        if entry.offset == stream.offset && stream.last().len() == tail.len() {
            tail.copy_from_slice(stream.last());
        } else if let Some(known) = print.get(end - tail.len()..end) {
            tail.copy_from_slice(known);
        } else {
            // It may have been cut, and something else written to it.
            let had = read_whole_at(disk, stream.file(), tail, entry.offset - tail.len() as u64);
            let fits =
                had.is_ok_and(|count| count == tail.len()) && entry.print.stands_in(disk, stream.file(), 0).is_ok_and(|stands| stands);
            if !fits {
                // Its beginning is remembered in any case.
                if entry.reached == 0 && !print.is_empty() {
                    entry.words = None;
                    entry.tail = Piece::of(&print[print.len().saturating_sub(LAST)..]);
                    entry.reached = print.len() as u64;
                }
                return;
            }
        }
        entry.words = None;
        entry.tail = Piece::of(tail);
        entry.reached = entry.offset;
    }

    /// These origins are settled; those for which `counts` says no are as if they were not.
    pub(super) fn settled(&mut self, done: &[Settled], counts: impl Fn(&Settled) -> bool) {
        let entries = &mut self.entries;
        let since = self.since;
        for settled in done.iter().filter(|settled| settled.number >= since && counts(settled)) {
            let (number, offset) = ((settled.place >> OFFSET) as u32, settled.place & ((1 << OFFSET) - 1));
            let mut finished = false;
            if let Some(entry) = entries.get_mut(&number) {
                entry.settled += settled.count;
                finished = entry.over && !entry.is_open() && entry.settled == entry.ticket.sent.get();
            }
            self.run.settle(settled.number, settled.count, number, offset, |number, offset| {
                if let Some(entry) = entries.get_mut(&number) {
                    entry.words = None;
                    entry.offset = offset;
                }
            });
            if finished {
                entries.remove(&number);
            }
        }
    }

    /// This path is followed from now on, also by later runs: what comes to stand beside it meanwhile is its own.
    pub(super) fn name(&mut self, path: &Path) {
        self.named.insert(path.to_owned());
    }

    /// Whether anything is known of files at that path.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.paths.contains(path)
    }

    /// Where files that nobody reads stood at last.
    pub(super) fn resting(&self) -> HashSet<PathBuf> {
        self.entries.values().filter(|entry| !entry.is_open() && !entry.over).map(|entry| entry.path.clone()).collect()
    }

    /// These files are there. True when others that were gone for long have left.
    pub(super) fn sweep(&mut self, now: Moment, there: &There, mut unread: impl FnMut(&Path)) -> bool {
        let before = self.entries.len();
        let by_id = &mut self.by_id;
        self.entries.retain(|number, entry| {
            let all = !entry.is_open() && entry.settled == entry.ticket.sent.get();
            if entry.over {
                return !all;
            }
            if entry.is_open() || there.have(entry) {
                entry.gone = None;
                return true;
            }
            let gone = *entry.gone.get_or_insert(now);
            if now < gone + GONE || !all {
                return true;
            }
            if by_id.get(&entry.id) == Some(number) {
                by_id.remove(&entry.id);
            }
            unread(&entry.path);
            false
        });
        self.entries.len() != before
    }
}

fn text(path: &Path) -> Datum {
    Datum::from(path.to_string_lossy().into_owned())
}

fn nanoseconds(time: Option<SystemTime>) -> u64 {
    time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos() as u64)
}

/// What a file may be a copy of.
#[derive(Debug)]
pub(super) enum Copied {
    Not,
    /// Of one that is there itself.
    Known,
    /// Of one that is not: it is read on where that one was left.
    GoesOn(Rc<Ticket>, u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_that_changed_are_put_into_words_anew() {
        let mut ledger = Ledger::default();
        ledger.count_from(0);
        let tickets: Vec<_> = (0..3).map(|n| ledger.begin(Path::new(&format!("log{n}")), (1, n), None, 0)).collect();
        let first = ledger.write();
        let place = tickets[1].place(77);
        ledger.settled(&[Settled { supply: 0, number: 0, count: 1, place, failed: false }], |_| true);
        let second = ledger.write();
        let same: Vec<bool> = first.iter().zip(&second).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        // The entries stand at 1, 3 and 5, between what joins them.
        assert_eq!((same[1], same[3], same[5]), (true, false, true), "{second:?}");
        assert!(!first[3].contains(r#""offset":77"#) && second[3].contains(r#""offset":77"#));
        let read = Ledger::read(&json::read(&second.concat()).unwrap()).unwrap();
        assert_eq!([0, 1, 2].map(|n| read.offset_of(&(1, n), None)), [Some(0), Some(77), Some(0)]);
    }
}
