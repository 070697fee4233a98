//! Frames of a stream that say how long they are, as syslog over TCP has them (RFC 6587, 3.4.1): `LEN SP MSG`.
//!
//! In a mixed stream a frame that begins with such a count is counted; any other ends at the next separator (3.4.2). What one read
//! gave is checked once and shared by its frames.

use std::rc::Rc;

use super::fit::Unfit;
use super::options::{Long, Options};
use super::whole::Ready;
use super::{Line, blocks};

/// The digits of a count at most: more than that nobody could send.
const DIGITS: usize = 10;

/// Where in a frame the stream has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// At its beginning.
    Start,
    /// In one that ends at a separator.
    Separated,
    /// So many bytes of it follow.
    Counted(u64),
    /// In the rest of one that was too long, which nobody wants, up to a separator.
    SkipSeparated,
    /// As that, so many bytes.
    SkipCounted(u64),
}

/// What stands at the beginning of a frame.
enum Begin {
    /// A count, with its length and the space.
    Count(u64, usize),
    /// No count.
    Other,
    /// Perhaps a count, whose end has not come.
    Open,
}

fn begin(bytes: &[u8]) -> Begin {
    let digits = bytes.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.get(digits) {
        _ if digits > DIGITS || bytes.first() == Some(&b'0') => Begin::Other,
        None => Begin::Open,
        Some(b' ') if digits > 0 => {
            let count = bytes[..digits].iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            Begin::Count(count, digits + 1)
        }
        Some(_) => Begin::Other,
    }
}

/// Cuts one stream into frames.
pub struct Frames {
    options: Rc<Options>,
    /// Not all frames are counted.
    mixed: bool,
    /// What is not cut yet.
    tail: Vec<u8>,
    /// No separator begins before this in `tail`, while one is looked for.
    searched: usize,
    state: State,
    /// Where `tail` begins in the stream.
    base: u64,
    ready: Option<Ready>,
    /// Why nothing more can be cut, to be told behind what is ready; then nothing is fed any more.
    broken: Option<Box<Unfit>>,
    is_broken: bool,
    /// How many places did not fit the encoding so far and were replaced or left out.
    pub mended: u64,
}

impl Frames {
    /// For a stream from its beginning on. `mixed`: frames without a count end at separators.
    pub fn new(options: &Rc<Options>, mixed: bool) -> Self {
        Self {
            options: Rc::clone(options),
            mixed,
            tail: Vec::new(),
            searched: 0,
            state: State::Start,
            base: 0,
            ready: None,
            broken: None,
            is_broken: false,
            mended: 0,
        }
    }

    /// Whether [`Frames::give`] has something; then nothing must be fed.
    pub fn has_lines(&self) -> bool {
        self.ready.is_some() || self.broken.is_some()
    }

    /// Whether part of a frame has come, but not its end.
    pub fn has_unfinished(&self) -> bool {
        !self.tail.is_empty() || self.state != State::Start
    }

    /// How many bytes of the unfinished frame are kept.
    pub fn unfinished(&self) -> u64 {
        self.tail.len() as u64
    }

    /// Takes what `read` appends to the bytes that it is given, about `room` of them; nothing when it gives an error.
    ///
    /// # Errors
    /// What `read` gave.
    pub fn feed<E>(&mut self, room: usize, read: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<usize, E> {
        let before = self.tail.len();
        blocks::reserve(&mut self.tail, room);
        if let Err(error) = read(&mut self.tail) {
            self.tail.truncate(before);
            return Err(error);
        }
        let count = self.tail.len() - before;
        if self.is_broken {
            self.tail.clear();
        } else {
            self.cut();
        }
        Ok(count)
    }

    /// Moves the whole frames out of `tail`.
    fn cut(&mut self) {
        let (mut pos, mut places) = (0, Vec::new());
        while !self.is_broken && self.step(&mut pos, &mut places) {}
        self.searched = self.searched.saturating_sub(pos);
        if pos == 0 && !self.is_broken {
            // Hundreds of clients may rest: what they have begun takes no more memory than it must.
            if self.tail.capacity() > 2 * self.tail.len() {
                self.tail.shrink_to_fit();
            }
            return;
        }
        let rest = self.tail[pos..].to_vec();
        let mut block = std::mem::replace(&mut self.tail, rest);
        if self.is_broken {
            self.tail.clear();
        }
        block.truncate(pos);
        let base = self.base;
        self.base += pos as u64;
        if !places.is_empty() {
            self.ready = Some(Ready::new(&self.options, block, places, base));
        }
    }

    /// Goes on by one piece of a frame; false when more must come first.
    fn step(&mut self, pos: &mut usize, places: &mut Vec<(u32, u32)>) -> bool {
        let options = Rc::clone(&self.options);
        let have = self.tail.len() - *pos;
        let bytes = &self.tail[*pos..];
        match self.state {
            State::Start if have == 0 => return false,
            State::Start => match begin(bytes) {
                Begin::Open => return false,
                Begin::Count(count, length) => {
                    *pos += length;
                    self.state = State::Counted(count);
                }
                Begin::Other if self.mixed => {
                    self.searched = *pos;
                    self.state = State::Separated;
                }
                Begin::Other => {
                    let text = "no count of bytes where a frame should begin".to_owned();
                    let unfit = options.broken(text, bytes);
                    self.breaks(unfit);
                }
            },
            State::Counted(left) if left > options.max as u64 => {
                if options.long == Long::Fail {
                    let text = format!("a frame of {left} bytes is longer than `{}`, {} bytes", options.words.1, options.max);
                    let unfit = options.broken(text, bytes);
                    self.breaks(unfit);
                    return true;
                }
                if have <= options.max {
                    return false;
                }
                let piece = options.piece(bytes);
                places.push((*pos as u32, (*pos + piece) as u32));
                *pos += piece;
                let left = left - piece as u64;
                self.state = if options.long == Long::Split { State::Counted(left) } else { State::SkipCounted(left) };
            }
            State::Counted(left) => {
                if (have as u64) < left {
                    return false;
                }
                places.push((*pos as u32, *pos as u32 + left as u32));
                *pos += left as usize;
                self.state = State::Start;
            }
            State::SkipCounted(left) => {
                let count = left.min(have as u64);
                *pos += count as usize;
                self.state = if count == left { State::Start } else { State::SkipCounted(left - count) };
                return count == left;
            }
            State::Separated | State::SkipSeparated => return self.step_separated(pos, places),
        }
        true
    }

    fn step_separated(&mut self, pos: &mut usize, places: &mut Vec<(u32, u32)>) -> bool {
        let options = Rc::clone(&self.options);
        let length = options.separator.len();
        let from = self.searched.max(*pos);
        let found = options.find(&self.tail[from..]).map(|at| from + at);
        let known = found.unwrap_or(self.tail.len());
        // Where no separator begins before.
        self.searched = if found.is_some() { known } else { known.saturating_sub(length - 1).max(*pos) };
        if self.state == State::SkipSeparated {
            *pos = found.map_or(self.searched, |at| at + length);
            self.state = if found.is_some() { State::Start } else { State::SkipSeparated };
            return found.is_some();
        }
        let mut end = known;
        if found.is_some() && options.strip_cr && end > *pos && self.tail[end - 1] == b'\r' {
            end -= 1;
        }
        let is_long = if found.is_some() { end - *pos > options.max } else { options.is_long(end - *pos) };
        if is_long {
            if options.long == Long::Fail {
                let unfit = options.too_long(&self.tail[*pos..end]);
                self.breaks(unfit);
                return true;
            }
            let piece = options.piece(&self.tail[*pos..end]);
            places.push((*pos as u32, (*pos + piece) as u32));
            *pos += piece;
            self.searched = self.searched.max(*pos);
            if options.long == Long::Truncate {
                self.state = State::SkipSeparated;
            }
            return true;
        }
        if found.is_some() {
            places.push((*pos as u32, end as u32));
            *pos = known + length;
            self.state = State::Start;
        }
        found.is_some()
    }

    fn breaks(&mut self, unfit: Unfit) {
        self.broken = Some(Box::new(unfit));
        self.is_broken = true;
    }

    /// Gives out at most `limit` frames, and why no more can follow.
    pub fn give(&mut self, mut limit: usize, each: &mut dyn FnMut(Line)) {
        if let Some(ready) = &mut self.ready {
            limit = ready.give(&self.options, limit, &mut self.mended, each);
            if !ready.is_over() {
                return;
            }
            self.ready = None;
        }
        if limit > 0
            && let Some(unfit) = self.broken.take()
        {
            each(Line { what: Err(unfit), end: self.base });
        }
    }

    /// The stream is at its end: gives out what there is of the last frame.
    pub fn end(&mut self, mut each: impl FnMut(Line)) {
        let tail = std::mem::take(&mut self.tail);
        let state = std::mem::replace(&mut self.state, State::Start);
        self.base += tail.len() as u64;
        let what = match state {
            State::SkipSeparated | State::SkipCounted(_) => return,
            _ if tail.is_empty() => return,
            State::Start if !self.mixed => Err(Box::new(self.options.broken("a count of bytes without its frame".to_owned(), &tail))),
            _ => self.options.fit_alone(&tail, &mut self.mended),
        };
        each(Line { what, end: self.base });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::cog::{Args, CogSpec, Given, Kind, Page};
    use crate::lines::{DECODE_ERRORS, ENCODING, LONG_RECORD, MAX_RECORD, SEPARATOR, STRIP_CR};

    static SPEC: CogSpec = CogSpec {
        family: "test",
        name: "frames",
        kind: Kind::Supply,
        about: "",
        page: Page::OF_KIND,
        params: &[SEPARATOR, STRIP_CR, ENCODING, DECODE_ERRORS, MAX_RECORD, LONG_RECORD],
        first: None,
        global: false,
        examples: &[],
        build: |_| unreachable!("only its options are asked for"),
    };

    fn frames(given: Vec<(&str, Given)>, mixed: bool) -> Frames {
        Frames::new(&Rc::new(Options::of_records(&Args::of(&SPEC, given)).unwrap()), mixed)
    }

    fn all(mut frames: Frames, pieces: &[&[u8]], limit: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut take = |line: Line| match line.what {
            Ok(datum) => all.push(datum.piece().into_owned()),
            Err(unfit) => all.push(format!("!{}", unfit.error)),
        };
        for piece in pieces {
            let Ok(_) = frames.feed(piece.len(), |into| {
                into.extend_from_slice(piece);
                Ok::<(), Infallible>(())
            });
            while frames.has_lines() {
                frames.give(limit, &mut take);
            }
        }
        frames.end(&mut take);
        all
    }

    #[test]
    fn counted_frames_are_cut_by_their_counts() {
        let given = all(frames(vec![], false), &[b"5 a\nb c3 x", "č2 ab".as_bytes(), b"4 cu"], 9);
        assert_eq!(given, ["a\nb c", "xč", "ab", "cu"]);
    }

    #[test]
    fn what_is_no_count_ends_a_counted_stream() {
        for (stream, told) in [
            (&b"2 ab<34>x\n2 cd"[..], "!no count of bytes where a frame should begin: `<34>x\\n2 cd`"),
            (b"2 ab012 x", "!no count of bytes where a frame should begin: `012 x`"),
            (b"2 ab12345678901 x", "!no count of bytes where a frame should begin: `12345678901 x`"),
            (b"2 ab2000 x", "!a frame of 2000 bytes is longer than `max_record`, 1000 bytes: `x`"),
            (b"2 ab17", "!a count of bytes without its frame: `17`"),
        ] {
            assert_eq!(all(frames(vec![("max_record", 1000.into())], false), &[stream], 9), ["ab", told]);
        }
    }

    #[test]
    fn mixed_frames_are_told_apart_by_how_they_begin() {
        let given =
            all(frames(vec![], true), &[b"<34>one\r\n3 two<13>three\n2024-05-06 four\n12:3\n5 six\n", b"x7 seven,,\n99999999999 8\n9"], 2);
        assert_eq!(given, ["<34>one", "two", "<13>three", "2024-05-06 four", "12:3", "six\nx", "seven,,", "", "99999999999 8", "9"]);
    }

    #[test]
    fn long_frames_are_split_truncated_or_the_end() {
        let stream: &[&[u8]] = &[b"9 abc", b"defghi2 jkmnopqrstu\n1 v"];
        let with = |word: &str| all(frames(vec![("max_record", 4.into()), ("long_record", word.into())], true), stream, 9);
        assert_eq!(with("split"), ["abcd", "efgh", "i", "jk", "mnop", "qrst", "u", "v"]);
        assert_eq!(with("truncate"), ["abcd", "jk", "mnop", "v"]);
        assert_eq!(with("close"), ["!a frame of 9 bytes is longer than `max_record`, 4 bytes: `abc`"]);
    }

    #[test]
    fn other_encodings_are_decoded_frame_by_frame() {
        let given = all(frames(vec![("encoding", "iso-8859-2".into())], false), &[b"2 \xe8a1 \xec"], 9);
        assert_eq!(given, ["ča", "ě"]);
        let given = all(frames(vec![("decode_errors", "fail".into())], false), &["1 č1 a".as_bytes(), b" 1 b"], 9);
        assert_eq!(given[0], "!record is not valid utf-8: `\u{fffd}`");
    }

    proptest! {
        #[test]
        fn any_cut_of_a_stream_gives_the_same_frames(
            pieces in prop::collection::vec(prop::sample::select(vec!["1", "2 ", "7 ", "0", "a", "č", "\n", "\r\n", " ", "<34>", "12 ", "ab"]), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
            (limit, max) in (1..4_usize, 4..12_i64),
            long in prop::sample::select(vec!["split", "truncate", "close"]),
            separator in prop::sample::select(vec!["\n", "ab", "\r\n"]),
            mixed in any::<bool>(),
        ) {
            let bytes = pieces.concat().into_bytes();
            let make = || frames(vec![("max_record", max.into()), ("long_record", long.into()), ("separator", separator.into())], mixed);
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.sort_unstable();
            let ends = places.iter().copied().chain([bytes.len()]);
            let cut: Vec<&[u8]> = [0].into_iter().chain(places.iter().copied()).zip(ends).map(|(start, end)| &bytes[start..end]).collect();
            let shorten = |all: Vec<String>| -> Vec<String> { all.into_iter().map(|text| if text.starts_with('!') { text[..8].to_owned() } else { text }).collect() };
            prop_assert_eq!(shorten(all(make(), &[&bytes], 99)), shorten(all(make(), &cut, limit)));
        }
    }
}
