//! Finding where things end in JSON without reading them. The limit programs take compact JSON, as the generators write it.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first place from `at` on where one of two bytes stands; the text's length when none does. Eight bytes at a time, in line:
/// what is looked for is near, so that a call of `memchr` would cost more than it saves.
#[inline]
pub(crate) fn find(text: &[u8], mut at: usize, one: u8, other: u8) -> usize {
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let hits = zeros(word ^ (LOW * u64::from(one))) | zeros(word ^ (LOW * u64::from(other)));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < text.len() && text[at] != one && text[at] != other {
        at += 1;
    }
    at
}

/// Behind the string whose opening quote stands at `at`.
#[inline]
pub(crate) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at = find(text, at, b'"', b'\\');
        if *text.get(at)? == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Behind the value that begins at `at`.
pub(crate) fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    match *text.get(at)? {
        b'"' => return string_end(text, at),
        b'{' | b'[' => {}
        _ => return Some(word_end(text, at)),
    }
    let mut depth = 0_usize;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Behind a number or one of `true`, `false`, `null`.
pub(crate) fn word_end(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && !matches!(text[at], b',' | b'}' | b']') {
        at += 1;
    }
    at
}

/// The pairs of a compact object: calls `take` with key (without quotes), and where the pair, its value and the value's end
/// stand, until it says `false`. `None` when this is no object.
pub(crate) fn each_pair<'a>(text: &'a [u8], open: usize, mut take: impl FnMut(&'a [u8], Pair) -> bool) -> Option<()> {
    if text.get(open) != Some(&b'{') {
        return None;
    }
    let mut start = open + 1;
    if text.get(start) == Some(&b'}') {
        return Some(());
    }
    loop {
        if text.get(start) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(text, start)?;
        if text.get(key_end) != Some(&b':') {
            return None;
        }
        let end = value_end(text, key_end + 1)?;
        if !take(&text[start + 1..key_end - 1], Pair { start, value: key_end + 1, end }) {
            return Some(());
        }
        match text.get(end)? {
            b',' => start = end + 1,
            b'}' => return Some(()),
            _ => return None,
        }
    }
}

/// Where a pair stands.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) start: usize,
    pub(crate) value: usize,
    pub(crate) end: usize,
}
