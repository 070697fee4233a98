//! The leaves of lists and maps, and the text between them: what a [mold](super::molds) of one is made of.

use super::literal::Literal;

/// Strings and numbers in one mold at most.
const PARTS: usize = 32;

/// What may be one thing or another, and the text that follows it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) leaf: Leaf,
    /// It stands in a list, where others like it may follow, with no blanks between.
    pub(super) more: bool,
    pub(super) text: Literal,
}

/// See [`Part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    /// Strings; the first quote stands before, the last one in the text that follows.
    Texts,
    /// Numbers.
    Numbers,
    /// `true`, `false` or `null`.
    Word,
}

/// How much of a valid list or map comes before its first leaf, and the parts that follow; none when these are too many.
pub(super) fn parts(value: &[u8]) -> Option<(usize, Vec<Part>)> {
    let mut parts: Vec<Part> = Vec::new();
    // The leaf before the text that began at `from`, and whether it stands in a list.
    let (mut before, mut leaf, mut from, mut at) = (0, None, 0, 0);
    let mut lists = Vec::new();
    while let Some(byte) = value.get(at) {
        let (start, end, found) = match byte {
            b'"' => {
                let quote = end_of_string(value, at + 1)?;
                if is_key(&value[quote + 1..]) {
                    at = quote + 1;
                    continue;
                }
                (at + 1, quote, Leaf::Texts)
            }
            b'-' | b'0'..=b'9' => {
                let length = value[at..].iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))?;
                (at, at + length, Leaf::Numbers)
            }
            b't' | b'f' | b'n' => (at, at + value[at..].iter().position(|byte| !byte.is_ascii_lowercase())?, Leaf::Word),
            other => {
                match other {
                    b'[' | b'{' => lists.push(*other == b'['),
                    b']' | b'}' => drop(lists.pop()),
                    _ => {}
                }
                at += 1;
                continue;
            }
        };
        let more = lists.last() == Some(&true);
        let text = &value[from..start];
        match leaf {
            None => before = start,
            Some((Leaf::Texts, true)) if more && found == Leaf::Texts && text == b"\",\"" => {}
            Some((Leaf::Numbers, true)) if more && found == Leaf::Numbers && text == b"," => {}
            Some((leaf, more)) => parts.push(Part { leaf, more, text: Literal::new(text) }),
        }
        if parts.len() > PARTS {
            return None;
        }
        leaf = Some((found, more));
        from = end;
        at = end + usize::from(found == Leaf::Texts);
    }
    match leaf {
        None => before = value.len(),
        Some((leaf, more)) => parts.push(Part { leaf, more, text: Literal::new(&value[from..]) }),
    }
    Some((before, parts))
}

/// The closing quote of a string whose inside starts at `at`.
fn end_of_string(value: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match value.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether what comes before this is a key.
fn is_key(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Option<String> {
        let (lead, parts) = parts(value.as_bytes())?;
        let mut out = value[..lead].to_owned();
        for Part { leaf, more, text } in &parts {
            out.push_str(match leaf {
                Leaf::Texts => "TEXT",
                Leaf::Numbers => "NUMBER",
                Leaf::Word => "WORD",
            });
            out.push_str(if *more { "S" } else { "" });
            out.push_str(std::str::from_utf8(text.text()).unwrap());
        }
        Some(out)
    }

    #[test]
    fn leaves_alike_in_a_list_are_one() {
        assert_eq!(shown(r#"[{"a":["x\"",1.5],"b\"": true, "c":{}}]"#).unwrap(), r#"[{"a":["TEXTS",NUMBERS],"b\"": WORD, "c":{}}]"#);
        assert_eq!(
            shown(r#"{"a":["x","y"],"n":[1,-2e5,3],"w":[null,true],"z":"q"}"#).unwrap(),
            r#"{"a":["TEXTS"],"n":[NUMBERS],"w":[WORDS,WORDS],"z":"TEXT"}"#
        );
        assert_eq!(shown(r#"["a", "b",1,"c"]"#).unwrap(), r#"["TEXTS", "TEXTS",NUMBERS,"TEXTS"]"#);
        assert_eq!(shown("[]").unwrap(), "[]");
    }

    #[test]
    fn large_values_are_not_taken_apart() {
        assert!(parts(format!("[{}[]]", "1,[],".repeat(PARTS)).as_bytes()).is_some());
        assert!(parts(format!("[{}[]]", "1,[],".repeat(PARTS + 2)).as_bytes()).is_none());
    }
}
