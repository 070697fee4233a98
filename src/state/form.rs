//! How a checkpoint is written: one JSON object on one line, with a checksum of all of it.
//!
//! The first three members are the same in every version, in this order and without spaces, so that any version can tell whether
//! a file is whole before it asks what is in it. The sum counts its own eight digits as zeros.

use std::sync::Arc;

use super::crc;
use crate::datum::{Datum, json};

/// What every checkpoint begins with.
const HEAD: &str = r#"{"program":"deadbeat","version":"#;
/// What stands between version and sum.
const SUM: &str = r#","crc32c":""#;
/// Digits of the sum.
const DIGITS: usize = 8;
/// The version that is written, and the only one that is read.
pub(super) const VERSION: u64 = 1;
/// So many bits of the beginning may be wrong in a file that was one of ours.
const FLIPPED: u32 = 8;

/// What a supply puts into a checkpoint: pieces that are one JSON value together. Those that say the same as the last time can be
/// the same ones, so that many entries cost little when few of them change.
pub type Words = Vec<Arc<str>>;

/// A generation before it is written: what it says is fixed, but the text need not be there yet.
#[derive(Debug)]
pub struct Draft {
    pub(super) number: u64,
    pub(super) kind: &'static str,
    pub(super) clean: bool,
    pub(super) words: Words,
}

/// One generation of a state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generation {
    pub(super) number: u64,
    /// The cog that it belongs to.
    pub(super) kind: String,
    /// It was written at a clean stop.
    pub(super) clean: bool,
    pub(super) body: Datum,
}

/// What a file turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Good(Generation),
    /// Empty, cut off or changed; why it is believed to be.
    Damaged(&'static str),
    /// Whole, but written by a later version of the program.
    Newer(u64),
    /// Nothing that we have ever written.
    Foreign,
}

/// The text of a generation.
pub(super) fn write(draft: &Draft) -> String {
    let mut text =
        format!(r#"{HEAD}{VERSION}{SUM}00000000","generation":{},"kind":"{}","clean":{},"body":"#, draft.number, draft.kind, draft.clean);
    text.reserve(draft.words.iter().map(|piece| piece.len()).sum::<usize>() + 2);
    draft.words.iter().for_each(|piece| text.push_str(piece));
    text.push_str("}\n");
    let at = HEAD.len() + VERSION.to_string().len() + SUM.len();
    let sum = format!("{:08x}", crc::sum(&[text.as_bytes()]));
    text.replace_range(at..at + DIGITS, &sum);
    text
}

/// What these bytes are.
pub(super) fn read(bytes: &[u8]) -> Content {
    if bytes.is_empty() {
        return Content::Damaged("it is empty");
    }
    if !looks_ours(bytes) {
        return Content::Foreign;
    }
    let Some((version, after)) = head(bytes) else { return Content::Damaged("its beginning is damaged") };
    let (digits, rest) = (&bytes[after..after + DIGITS], &bytes[after + DIGITS..]);
    let sum = format!("{:08x}", crc::sum(&[&bytes[..after], b"00000000", rest]));
    if digits != sum.as_bytes() {
        return Content::Damaged("its checksum is wrong");
    }
    if version > VERSION {
        return Content::Newer(version);
    }
    str::from_utf8(bytes).ok().and_then(generation).map_or(Content::Damaged("it makes no sense"), Content::Good)
}

/// The version, and where the digits of the sum begin.
fn head(bytes: &[u8]) -> Option<(u64, usize)> {
    let rest = bytes.strip_prefix(HEAD.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version = str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let after = HEAD.len() + digits + SUM.len();
    (rest[digits..].starts_with(SUM.as_bytes()) && bytes.len() >= after + DIGITS).then_some((version, after))
}

fn generation(text: &str) -> Option<Generation> {
    let read = json::read(text.trim_end_matches('\n')).ok()?;
    let read = read.opened();
    let map = read.as_map()?;
    Some(Generation {
        number: u64::try_from(map.by_name("generation")?.as_int()?).ok()?,
        kind: map.by_name("kind")?.as_str()?.to_owned(),
        clean: map.by_name("clean")?.as_bool()?,
        body: map.by_name("body")?.clone(),
    })
}

/// Whether this may be a checkpoint with a few bits turned, or one that was never filled (a crash of the system can leave zeros).
fn looks_ours(bytes: &[u8]) -> bool {
    let wrong: u32 = bytes.iter().zip(HEAD.as_bytes()).map(|(is, ours)| (is ^ ours).count_ones()).sum();
    wrong <= FLIPPED || bytes.iter().all(|byte| *byte == 0)
}

/// The same as a later version would have written it.
#[cfg(test)]
pub(super) fn newer(text: &str) -> String {
    let text = text.replacen(r#""version":1"#, r#""version":23"#, 1);
    let (start, end) = text.split_at(text.find(SUM).expect("it was written here") + SUM.len());
    let sum = crc::sum(&[start.as_bytes(), b"00000000", &end.as_bytes()[DIGITS..]]);
    format!("{start}{sum:08x}{}", &end[DIGITS..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some() -> Draft {
        Draft { number: 7, kind: "fs::x", clean: true, words: vec![r#"{"a":["#.into(), r#"1,"ž\n"]}"#.into()] }
    }

    #[test]
    fn a_generation_is_read_as_it_was_written() {
        let text = write(&some());
        let Content::Good(read) = read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!((read.number, read.kind.as_str(), read.clean), (7, "fs::x", true));
        assert_eq!(json::to_string(&read.body), r#"{"a":[1,"ž\n"]}"#);
        assert!(text.ends_with("}\n") && text.lines().count() == 1);
    }

    #[test]
    fn every_cut_and_every_turned_bit_is_found() {
        let text = write(&some()).into_bytes();
        for length in 0..text.len() {
            assert!(matches!(read(&text[..length]), Content::Damaged(_)), "cut to {length}");
        }
        for bit in 0..text.len() * 8 {
            let mut turned = text.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(read(&turned), Content::Damaged(_)), "bit {bit}: {:?}", String::from_utf8_lossy(&turned));
        }
        assert!(matches!(read(&[0; 100]), Content::Damaged(_)));
    }

    #[test]
    fn a_later_version_and_other_programs_files_are_told_apart() {
        assert_eq!(read(newer(&write(&some())).as_bytes()), Content::Newer(23));
        for foreign in ["{\"cursors\":[{\"inode\":123}]}\n", "root:x:0:0:root:/root:/bin/bash\n"] {
            assert_eq!(read(foreign.as_bytes()), Content::Foreign, "{foreign}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0_usize..120) {
            let text = write(&some());
            let mut all = text.as_bytes()[..keep.min(text.len())].to_vec();
            all.extend(bytes);
            prop_assert!(!matches!(read(&all), Content::Good(_)) || all == text.as_bytes());
        }
    }
}
