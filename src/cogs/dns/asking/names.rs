//! From a piece of a datum to names that can be asked about, and from the labels of a name to text that is safe to show.

use std::fmt::Write;

use hickory_resolver::proto::rr::Name;

use crate::datum::Datum;
use crate::error::{Error, Result};

/// The longest name as text (RFC 1035, section 2.3.4: 255 bytes with the lengths of the labels).
const LONGEST: usize = 253;

/// The longest label.
const LONGEST_LABEL: usize = 63;

/// A name's labels joined by dots, without the final one. Bytes that are not of a host name (letters, digits, `-`, `_`) are
/// written `\DDD`, as in RFC 1035, section 5.1: a name comes from whoever runs the zone and may hold anything.
pub(in crate::cogs::dns) fn shown<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut text = String::new();
    for label in labels.into_iter().filter(|label| !label.is_empty()) {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(*byte)),
                other => write!(text, "\\{other:03}").expect("a string takes all that is written"),
            }
        }
    }
    text
}

/// The names in a piece: a string or an array of strings, each once.
///
/// # Errors
/// What is no name.
pub(in crate::cogs::dns) fn names(piece: &Datum, name: fn(&str) -> Result<String>) -> Result<Vec<String>> {
    let no_name =
        |other: &Datum| Error::WrongKind { what: "the name".into(), wanted: "a string or an array of strings", got: other.kind() };
    if let Some(text) = piece.as_str() {
        return Ok(vec![name(text)?]);
    }
    match &*piece.opened() {
        Datum::List(list) => {
            let one = |one: &Datum| one.as_str().map_or_else(|| Err(no_name(one)), name);
            let mut all = list.iter().map(one).collect::<Result<Vec<_>>>()?;
            all.sort_unstable();
            all.dedup();
            Ok(all)
        }
        other => Err(no_name(other)),
    }
}

/// A name as it is asked about: in lower case, without the final dot, what is not ASCII in Punycode (IDNA, UTS 46).
///
/// # Errors
/// A name that cannot be asked about.
pub(in crate::cogs::dns) fn name(text: &str) -> Result<String> {
    let plain = text.strip_suffix('.').unwrap_or(text);
    let plain = if plain.is_ascii() { plain.to_ascii_lowercase() } else { in_ascii(plain, text)? };
    if plain.len() > LONGEST {
        return Err(Error::data(format!("a name has at most {LONGEST} characters, but this has {}", plain.len()), text));
    }
    for label in plain.split('.') {
        if label.is_empty() {
            return Err(Error::data("this is no name, as a part between its dots is empty", text));
        }
        if label.len() > LONGEST_LABEL {
            return Err(Error::data(
                format!("a part of a name has at most {LONGEST_LABEL} characters, but one of this has {}", label.len()),
                text,
            ));
        }
    }
    match plain.bytes().find(|byte| !byte.is_ascii_graphic() || *byte == b'\\') {
        Some(_) => Err(Error::data("this is no name, as blanks, control characters and `\\` cannot stand in one", text)),
        None => Ok(plain),
    }
}

/// A name of a host, as it is asked about: of letters, digits, `-` and `_` alone.
///
/// # Errors
/// A name that no host has.
pub(in crate::cogs::dns) fn host(text: &str) -> Result<String> {
    let plain = name(text)?;
    match plain.chars().find(|letter| !matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_' | '.')) {
        Some(letter) => Err(Error::data(format!("this is no name of a host, as `{letter}` cannot stand in one"), text)),
        None => Ok(plain),
    }
}

fn in_ascii(plain: &str, text: &str) -> Result<String> {
    // In the text form of a zone file a backslash would escape what follows.
    let name = if plain.contains('\\') { None } else { Name::from_utf8(plain).ok() };
    let name = name
        .ok_or_else(|| Error::data("this name cannot be written in ASCII by the rules of IDNA, or a part of it would be too long", text))?;
    Ok(name.to_ascii().trim_end_matches('.').to_ascii_lowercase())
}

/// The name as a question has it; what [`name`] gave always is one.
pub(in crate::cogs::dns) fn absolute(name: &str) -> Name {
    Name::from_labels(name.split('.').map(str::as_bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_in_names_are_escaped() {
        assert_eq!(shown([&b"host-1"[..], b"ex_ample", b"org"]), "host-1.ex_ample.org");
        assert_eq!(shown([&b"a.b"[..], b"\x1b[1m", b"\\", "ž".as_bytes()]), r"a\046b.\027\0911m.\092.\197\190");
        assert_eq!(shown([&b""[..]]), "");
    }

    #[test]
    fn names_are_brought_into_the_form_of_a_question() {
        assert_eq!(name("Host.Example.").unwrap(), "host.example");
        assert_eq!(name("_dmarc.example").unwrap(), "_dmarc.example");
        assert_eq!(name("Bücher.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(name("1/26.2.0.192.in-addr.arpa").unwrap(), "1/26.2.0.192.in-addr.arpa");
        let (label, long) = ("a".repeat(63), "abc.".repeat(63) + "x");
        assert_eq!((name(&label).unwrap().len(), name(&long).unwrap().len()), (63, 253));
        for (bad, text) in [
            ("", "between its dots is empty"),
            (".", "between its dots is empty"),
            ("a..b", "between its dots is empty"),
            ("a..", "between its dots is empty"),
            ("a b.example", "blanks"),
            ("a\u{7}.example", "blanks"),
            (r"a\046b.example", "blanks"),
            (r"ü\046b.example", "IDNA"),
            ("ü\u{fffd}.example", "IDNA"),
            (&"a".repeat(64), "at most 63"),
            (&"ü".repeat(60), "IDNA"),
            (&"abc.".repeat(64), "at most 253"),
        ] {
            let error = name(bad).unwrap_err().to_string();
            assert!(error.contains(text), "{bad:?}: {error}");
        }
    }

    #[test]
    fn names_of_hosts_are_of_few_letters() {
        assert_eq!(host("a-1_b.Example.").unwrap(), "a-1_b.example");
        for bad in ["1/26.example", "a@b.example", "*.example", "[::1]"] {
            assert!(host(bad).unwrap_err().to_string().contains("no name of a host"), "{bad}");
        }
    }

    #[test]
    fn a_name_that_passes_can_be_asked_about() {
        for text in ["host.example", "_x.1/26.example", "xn--bcher-kva.example", &"abc.".repeat(63)] {
            let plain = name(text).unwrap();
            assert_eq!(absolute(&plain).iter().map(<[u8]>::len).sum::<usize>(), plain.replace('.', "").len(), "{text}");
        }
    }
}
