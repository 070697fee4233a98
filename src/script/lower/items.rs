//! The elements of a list in raw JSON, one after another, without making the list.

use memchr::memchr2;

use super::frame::{Out, Stop, or_bail};
use crate::datum::{Datum, Text, json};

/// What is left of the list.
pub(super) struct Items {
    text: Text,
    /// The bracket or comma before the next element, or the closing bracket.
    at: usize,
}

impl Items {
    /// The elements of that text, when it is a list.
    pub(super) fn of(text: Text) -> Out<Self> {
        if text.starts_with('[') { Ok(Self { text: text.into_span(), at: 0 }) } else { Err(Stop::Bail) }
    }

    /// The next element, when it is a whole number as compact JSON has it: most often.
    #[inline]
    pub(super) fn int(&mut self) -> Option<i64> {
        let bytes = self.text.as_bytes();
        let (value, end) = whole(bytes, self.at + 1)?;
        let goes_on = matches!(bytes.get(end), Some(b',' | b']'));
        goes_on.then(|| {
            self.at = end;
            value
        })
    }

    /// The next element, as reading the whole list would give it.
    #[inline(never)]
    pub(super) fn next(&mut self) -> Out<Option<Datum>> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) == Some(&b']') {
            return Ok(None);
        }
        let start = blanks(bytes, self.at + 1);
        let (value, end) = match *or_bail(bytes.get(start))? {
            b']' => return Ok(None),
            b'"' => match memchr2(b'"', b'\\', &bytes[start + 1..]) {
                Some(len) if bytes[start + 1 + len] == b'"' => (Datum::Str(self.text.slice(start + 1..start + 1 + len)), start + 2 + len),
                _ => self.other(start)?,
            },
            _ => match whole(bytes, start) {
                Some((value, end)) => (Datum::Int(value), end),
                None => self.other(start)?,
            },
        };
        self.at = blanks(bytes, end);
        match bytes.get(self.at) {
            Some(b',' | b']') => Ok(Some(value)),
            _ => Err(Stop::Bail),
        }
    }

    /// The element at that place and where it ends.
    fn other(&self, start: usize) -> Out<(Datum, usize)> {
        let end = or_bail(end(self.text.as_bytes(), start))?;
        let text = self.text.slice(start..end);
        Ok((if text.starts_with(['[', '{']) { Datum::Raw(text) } else { json::open(&text) }, end))
    }
}

/// Gives the elements of that list in turn while they are whole numbers, and says whether all were.
pub(in crate::script) fn whole_numbers(list: &str, mut take: impl FnMut(i64)) -> bool {
    let all = each_int(list.as_bytes(), |value| {
        take(value);
        Ok(true)
    });
    all.is_ok()
}

/// Gives the elements of the list that the text begins with in turn, all of which are whole numbers, until `take` gives false.
/// What follows the list in its block may follow: eight bytes at a time are looked at.
#[inline]
pub(super) fn each_int(bytes: &[u8], mut take: impl FnMut(i64) -> Out<bool>) -> Out<()> {
    if bytes.first() != Some(&b'[') {
        return Err(Stop::Bail);
    }
    let mut at = blanks(bytes, 1);
    if bytes.get(at) == Some(&b']') {
        return Ok(());
    }
    loop {
        let (value, end) = match few(bytes, at) {
            Some(found) => found,
            None => or_bail(whole(bytes, at))?,
        };
        at = if let Some(b',' | b']') = bytes.get(end) { end } else { blanks(bytes, end) };
        let goes_on = match bytes.get(at) {
            Some(b',') => true,
            Some(b']') => false,
            _ => return Err(Stop::Bail),
        };
        if !take(value)? || !goes_on {
            return Ok(());
        }
        at = blanks(bytes, at + 1);
    }
}

/// The number of one to seven digits at that place, in one go: each step joins neighbours, digits to pairs, pairs to fours.
#[inline]
fn few(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let eight = bytes.get(at..)?.first_chunk::<8>()?;
    let word = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'0'));
    // The lowest byte that is no digit is found; those above may be echoes.
    let others = word.wrapping_add(ONES * 0x76) & (ONES * 0x80);
    let len = others.trailing_zeros() / 8;
    if len == 0 || len == 8 {
        return None;
    }
    let digits = word << (64 - 8 * len);
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    let value = fours.wrapping_mul(10_000 << 32 | 1) >> 32;
    Some((value as i64, at + len as usize))
}

#[inline]
fn blanks(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at).is_some_and(|byte| *byte > b' ') { at } else { behind_blanks(bytes, at) }
}

#[inline(never)]
fn behind_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The whole number at that place, when it has few digits and is no negative zero.
#[inline]
fn whole(bytes: &[u8], start: usize) -> Option<(i64, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let (mut at, mut value) = (first, 0_i64);
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        at += 1;
    }
    let fits = (1..=18).contains(&(at - first)) && !(negative && value == 0);
    let ends = !matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
    (fits && ends).then_some((if negative { value.wrapping_neg() } else { value }, at))
}

/// Where the valid value at that place ends.
fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string(bytes, at + 1)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth > 1 => depth -= 1,
            b']' | b'}' => return Some(if depth == 1 { at + 1 } else { at }),
            b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

/// Behind the string whose inside starts there.
fn string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Datum> {
        let mut items = Items::of(text.into()).unwrap();
        std::iter::from_fn(|| items.int().map(Datum::Int).or_else(|| items.next().unwrap())).collect()
    }

    #[test]
    fn the_elements_are_those_that_reading_the_list_gives() {
        for text in [
            "[]",
            "[ ]",
            "[1,22,-333]",
            " [1]".trim_start(),
            "[ 0 , -0 ,\n-0.0, 1.50, 2e3 ,-7E-2]",
            "[999999999999999999,9223372036854775807,-9223372036854775808,9223372036854775808,123456789012345678901]",
            r#"["", "a b","ä","a\"b","\\","\u00e4]",null,true,false]"#,
            r#"[[],{},[1,[2]],{"a":"]","b\"":[{}]}, "x"]"#,
        ] {
            let Datum::List(list) = json::open(&text.into()) else { panic!("{text}") };
            assert_eq!(format!("{:?}", all(text)), format!("{list:?}"), "{text}");
        }
    }

    #[test]
    fn numbers_given_one_by_one_are_those_of_the_list() {
        for text in ["[]", "[ ]", "[0]", "[1,22,333,4444,55555,666666,7777777,88888888,999999999]", "[ -1 ,\n20, 1234567890123456 ]"] {
            let Datum::List(list) = json::open(&text.into()) else { panic!("{text}") };
            for behind in ["", "]", ",\"next\":1}", "5555555555"] {
                let mut given = Vec::new();
                each_int(format!("{text}{behind}").as_bytes(), |value| {
                    given.push(Datum::Int(value));
                    Ok(true)
                })
                .unwrap();
                assert_eq!(given, list, "{text}");
            }
        }
        let mut first = 0;
        each_int(b"[12,\"x\"]", |value| {
            first = value;
            Ok(false)
        })
        .unwrap();
        assert_eq!(first, 12);
        for text in [
            "[1.5]",
            "[1e3]",
            "[-0]",
            "[1,\"a\"]",
            "[1234567.5]",
            "[12345678.5]",
            "[[1]]",
            "[null]",
            "{}",
            "[1 2]",
            "[1,]",
            "[9223372036854775808]",
        ] {
            assert!(each_int(text.as_bytes(), |_| Ok(true)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_stays_the_end() {
        let mut items = Items::of("[1]".into()).unwrap();
        assert_eq!((items.int(), items.int()), (Some(1), None));
        assert!(items.next().unwrap().is_none() && items.int().is_none() && items.next().unwrap().is_none());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(Items::of("{}".into()).is_err());
        for text in ["[1", "[", "[1 2]", "[\"a", "[[1]"] {
            let mut items = Items::of(text.into()).unwrap();
            assert!((0..3).any(|_| items.next().is_err()), "{text}");
        }
    }
}
