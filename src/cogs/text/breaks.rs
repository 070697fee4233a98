//! What becomes of line breaks where a text is to be one line.

use memchr::memchr2;

use crate::error::{Error, Result};
use crate::lines::Newlines;

/// Appends the text with its line breaks (`\n`, `\r`, and both together) as that says.
#[inline]
pub(super) fn put_line(out: &mut String, text: &str, newlines: Newlines) -> Result<()> {
    match memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(first) if newlines != Newlines::Keep => put_broken(out, text, first, newlines),
        _ => {
            out.push_str(text);
            Ok(())
        }
    }
}

fn put_broken(out: &mut String, text: &str, first: usize, newlines: Newlines) -> Result<()> {
    if newlines == Newlines::Fail {
        return Err(Error::data("a line break stands inside the line", text));
    }
    out.push_str(&text[..first]);
    let mut letters = text[first..].chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, newlines) {
            ('\n', Newlines::Escape) => out.push_str("\\n"),
            ('\r', Newlines::Escape) => out.push_str("\\r"),
            ('\r', _) if letters.peek() == Some(&'\n') => {}
            ('\n' | '\r', _) => out.push(' '),
            (letter, _) => out.push(letter),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_are_kept_written_or_refused() {
        let line = |newlines| {
            let mut out = String::from(">");
            put_line(&mut out, "ä\nb\r\nc\r", newlines).map(|()| out)
        };
        assert_eq!(line(Newlines::Keep).unwrap(), ">ä\nb\r\nc\r");
        assert_eq!(line(Newlines::Escape).unwrap(), ">ä\\nb\\r\\nc\\r");
        assert_eq!(line(Newlines::Space).unwrap(), ">ä b c ");
        assert!(line(Newlines::Fail).unwrap_err().to_string().starts_with("a line break stands inside the line: `"));
        let mut out = String::new();
        put_line(&mut out, "plain", Newlines::Fail).unwrap();
        assert_eq!(out, "plain");
    }
}
