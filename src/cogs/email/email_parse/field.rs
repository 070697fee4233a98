//! Header fields: cut from each other (RFC 5322), their encoded words (RFC 2047) and parameters (RFC 2231) read.

use std::collections::BTreeMap;

use super::decode;

/// A field as it stands there, unfolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Vec<u8>,
}

/// Cuts the fields off; gives them and what follows behind the empty line. At most so many; false when there are more, or where something
/// stands among them that is none: what follows begins there.
pub(super) fn fields(raw: &[u8], most: usize) -> (Vec<Field>, &[u8], bool) {
    let mut fields: Vec<Field> = Vec::new();
    let mut rest = raw;
    // What a mailbox file puts before each message.
    if rest.starts_with(b"From ") {
        rest = after_line(rest);
    }
    while !rest.is_empty() {
        let next = after_line(rest);
        let line = &rest[..rest.len() - next.len()];
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            return (fields, next, true);
        }
        if let (b' ' | b'\t', Some(field)) = (text[0], fields.last_mut()) {
            field.value.extend(text);
        } else {
            let colon = memchr::memchr(b':', text).filter(|at| *at > 0 && text[..*at].trim_ascii_end().iter().all(u8::is_ascii_graphic));
            let Some(colon) = colon.filter(|_| fields.len() < most) else { return (fields, rest, false) };
            let name = String::from_utf8_lossy(text[..colon].trim_ascii_end()).into_owned();
            fields.push(Field { name, value: text[colon + 1..].to_vec() });
        }
        rest = next;
    }
    (fields, rest, true)
}

fn after_line(bytes: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', bytes).map_or(&[], |end| &bytes[end + 1..])
}

/// The value of a field as text, with its encoded words decoded. Blanks between two of them are none; of one charset, they are read as
/// one, as some programs cut letters in two.
pub(super) fn words(value: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = value.trim_ascii();
    // Bytes of encoded words, in that charset.
    let mut held: Option<(String, Vec<u8>)> = None;
    while !rest.is_empty() {
        let start = memchr::memmem::find(rest, b"=?");
        let Some((at, (charset, bytes, length))) = start.and_then(|at| Some((at, word(&rest[at..])?))) else {
            // No word, or what looks like one and is none.
            let end = start.map_or(rest.len(), |at| at + 2);
            release(&mut out, &mut held);
            out.push_str(&String::from_utf8_lossy(&rest[..end]));
            rest = &rest[end..];
            continue;
        };
        let before = &rest[..at];
        let joins = held.is_some() && before.trim_ascii().is_empty();
        if !joins {
            release(&mut out, &mut held);
            out.push_str(&String::from_utf8_lossy(before));
        }
        match &mut held {
            Some((same, all)) if same.eq_ignore_ascii_case(&charset) => all.extend(bytes),
            _ => {
                release(&mut out, &mut held);
                held = Some((charset, bytes));
            }
        }
        rest = &rest[at + length..];
    }
    release(&mut out, &mut held);
    out
}

fn release(out: &mut String, held: &mut Option<(String, Vec<u8>)>) {
    if let Some((charset, bytes)) = held.take() {
        out.push_str(&decode::text(&bytes, Some(&charset)).0);
    }
}

/// An encoded word at the beginning of `bytes`: its charset, what it encodes, and its length.
fn word(bytes: &[u8]) -> Option<(String, Vec<u8>, usize)> {
    // They are at most 75 letters long; not all programs know.
    let inner = &bytes[2..bytes.len().min(4096)];
    let mut parts = inner.splitn(3, |byte| *byte == b'?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let end = memchr::memmem::find(rest, b"?=")?;
    let text = &rest[..end];
    let charset = charset.split(|byte| *byte == b'*').next()?;
    if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) || text.contains(&b'?') {
        return None;
    }
    let decoded = match encoding {
        b"b" | b"B" => decode::base64(text).0,
        b"q" | b"Q" => {
            let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
            unquote(&spaced)
        }
        _ => return None,
    };
    let length = 2 + inner.len() - rest.len() + end + 2;
    Some((String::from_utf8_lossy(charset).into_owned(), decoded, length))
}

/// As quoted-printable, but for blanks at the end, which stay.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, more @ ..] = rest {
        let decoded = if *byte == b'=' { more.get(..2).and_then(decode::hex) } else { None };
        out.push(decoded.unwrap_or(*byte));
        rest = &more[if decoded.is_some() { 2 } else { 0 }..];
    }
    out
}

/// A value with parameters, such as that of `Content-Type`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Structured {
    /// What stands before the first parameter, in lower case.
    pub(super) main: String,
    parameters: BTreeMap<String, String>,
}

/// A piece of a parameter: whether it is encoded, and its text.
type Piece = (bool, Vec<u8>);

impl Structured {
    /// From a field's value.
    pub(super) fn of(value: &[u8]) -> Self {
        let mut pieces = pieces(value).into_iter();
        let main = pieces.next().map(|main| String::from_utf8_lossy(&main.0).trim().to_ascii_lowercase()).unwrap_or_default();
        let mut plain = BTreeMap::new();
        let mut extended: BTreeMap<String, BTreeMap<u32, Piece>> = BTreeMap::new();
        for (name, value) in pieces {
            let name = String::from_utf8_lossy(&name).trim().to_ascii_lowercase();
            let Some(value) = value.filter(|_| !name.is_empty()) else { continue };
            let mut parts = name.split('*');
            let base = parts.next().unwrap_or_default().to_owned();
            match (parts.next(), parts.next()) {
                (None, _) => drop(plain.entry(base).or_insert(value)),
                (Some(""), _) => drop(extended.entry(base).or_default().insert(0, (true, value))),
                (Some(number), encoded) => {
                    let Ok(number) = number.parse() else { continue };
                    extended.entry(base).or_default().insert(number, (encoded.is_some(), value));
                }
            }
        }
        let mut parameters: BTreeMap<String, String> = plain.into_iter().map(|(name, value)| (name, words(&value))).collect();
        // Who writes both means the first for old programs (RFC 6266).
        parameters.extend(extended.into_iter().map(|(name, pieces)| (name, join(&pieces))));
        Self { main, parameters }
    }

    /// A parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// Puts the pieces of an extended parameter together; the first says which charset they have.
fn join(pieces: &BTreeMap<u32, Piece>) -> String {
    let (mut charset, mut bytes) = (None, Vec::new());
    for (at, (encoded, value)) in pieces.values().enumerate() {
        let mut value = &value[..];
        if at == 0 && *encoded {
            let mut parts = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(name), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                (charset, value) = (Some(String::from_utf8_lossy(name).into_owned()), rest);
            }
        }
        while let [byte, more @ ..] = value {
            let decoded = if *encoded && *byte == b'%' { more.get(..2).and_then(decode::hex) } else { None };
            bytes.push(decoded.unwrap_or(*byte));
            value = &more[if decoded.is_some() { 2 } else { 0 }..];
        }
    }
    decode::text(&bytes, charset.as_deref()).0
}

/// What stands between semicolons: a name, and a value where there is one, without its quotes. Comments are left out.
fn pieces(value: &[u8]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut all = vec![(Vec::new(), None::<Vec<u8>>)];
    let mut bytes = value.iter().copied();
    // A comment stands behind a blank; `report(1).pdf` without quotes is no comment's.
    let (mut quoted, mut depth, mut last) = (false, 0_u32, b' ');
    while let Some(byte) = bytes.next() {
        let Some((name, text)) = all.last_mut() else { break };
        match (byte, quoted, depth) {
            (b'\\', true, _) => text.as_mut().unwrap_or(name).extend(bytes.next()),
            (b'"', ..) if depth == 0 => quoted = !quoted,
            (b'(', false, _) if depth > 0 || matches!(last, b' ' | b'\t' | b';') => depth += 1,
            (b')', false, 1..) => depth -= 1,
            (_, false, 1..) => {}
            (b';', false, 0) => all.push((Vec::new(), None)),
            (b'=', false, 0) if text.is_none() => *text = Some(Vec::new()),
            (b' ' | b'\t', false, 0) if text.as_ref().is_some_and(Vec::is_empty) => {}
            _ => text.as_mut().unwrap_or(name).push(byte),
        }
        last = byte;
    }
    for (_, text) in &mut all {
        if let Some(text) = text {
            let end = text.trim_ascii_end().len();
            text.truncate(end);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_as_in_the_examples_of_rfc_2047() {
        for (value, text) in [
            ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
            ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"),
            ("=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
            (
                "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example.",
            ),
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
            // RFC 2231: with a language.
            ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
            // A letter cut in two.
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
            ("a =? b =?x?Q?c", "a =? b =?x?Q?c"),
        ] {
            assert_eq!(words(value.as_bytes()), text, "{value}");
        }
    }

    #[test]
    fn parameters_as_in_the_examples_of_rfc_2231() {
        for (value, name, text) in [
            (
                "message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
                "url",
                "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar",
            ),
            ("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title", "This is ***fun***"),
            (
                "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
                "title",
                "This is even more ***fun*** isn't it!",
            ),
            ("attachment; filename*1*=%E9.txt; filename*0*=iso-8859-1''r%E9", "filename", "réé.txt"),
            ("attachment; filename=\"=?UTF-8?B?w7wudHh0?=\"", "filename", "ü.txt"),
            ("attachment; filename=old; filename*=UTF-8''n%C3%BC", "filename", "nü"),
            ("text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii"),
            ("text/plain; name=\"a;b\\\"c\"", "name", "a;b\"c"),
            ("attachment; filename=report(1).pdf ; x=y", "filename", "report(1).pdf"),
        ] {
            assert_eq!(Structured::of(value.as_bytes()).get(name), Some(text), "{value}");
        }
        assert_eq!(Structured::of(b" Text/HTML ; x").main, "text/html");
    }

    #[test]
    fn fields_are_unfolded_and_end_at_an_empty_line_or_at_what_is_none() {
        let (all, body, sound) = fields(b"From me\r\nA: 1\r\n\t2\nb : x\r\n\r\nbody", 10);
        assert_eq!(
            all.iter().map(|field| (&*field.name, words(&field.value))).collect::<Vec<_>>(),
            [("A", "1\t2".into()), ("b", "x".into())]
        );
        assert_eq!((body, sound), (&b"body"[..], true));
        assert_eq!(fields(b"A: 1\nno field\n", 10).1, b"no field\n");
        assert!(!fields(b"A: 1\nB: 1\n", 1).2);
    }
}
