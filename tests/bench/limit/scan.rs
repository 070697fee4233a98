//! Finding where things end in JSON without reading them. The limit programs take compact JSON, as the generators write it.

/// Behind the string whose opening quote stands at `at`.
pub(crate) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind the value that begins at `at`.
pub(crate) fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match *text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b':' => {
                at += 1;
                continue;
            }
            _ => at = word_end(text, at),
        }
        if depth == 0 {
            return Some(at);
        }
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
