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

#[inline]
fn blanks(bytes: &[u8], mut at: usize) -> usize {
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
