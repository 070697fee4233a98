//! Copying what was not touched: the values of rows, and raw text.

use super::letters::{write_escaped, write_string};
use super::write::write;
use crate::datum::row::Parts;
use crate::datum::{Cell, Datum, Key, Look, Piece};

/// Appends the map of this row as compact JSON. Values that stand side by side in a compact object are copied together with
/// the keys between them; `other` appends those that are no text any more.
pub(super) fn write_row<E>(
    out: &mut String,
    row: &Parts<'_>,
    block: &str,
    mut other: impl FnMut(&mut String, &Key, &Datum) -> Result<(), E>,
) -> Result<(), E> {
    let one_line = is_one_line(block, row.cells);
    let mut lead = '{';
    let mut under = |out: &mut String, key: &Key| {
        out.push(lead);
        lead = ',';
        key.write_json(out);
        out.push(':');
    };
    // What is still to be copied.
    let mut run = 0..0;
    for (key, cell) in row.keys.iter().zip(row.cells) {
        let (start, end) = match cell.look {
            Look::Absent => continue,
            Look::Plain | Look::Escaped => (cell.start as usize - 1, cell.end as usize + 1),
            _ => (cell.start as usize, cell.end as usize),
        };
        let as_it_stands = match cell.look {
            Look::Set | Look::Escaped => false,
            Look::Raw => one_line,
            _ => true,
        };
        // A comma, the key and a colon have just that much room; so nothing else can stand there.
        if as_it_stands && start == run.end + key.json_len() + 2 && run.end != 0 {
            run.end = end;
            continue;
        }
        out.push_str(&block[run]);
        run = 0..0;
        under(out, key);
        match cell.look {
            _ if as_it_stands => run = start..end,
            Look::Set => other(out, key, &row.set[start])?,
            Look::Raw => write_raw(out, &block[start..end]),
            _ => write_string_inside(out, &block[start + 1..end - 1]),
        }
    }
    out.push_str(&block[run]);
    for (key, value) in row.tail {
        under(out, key);
        other(out, key, value)?;
    }
    out.push_str(if lead == '{' { "{}" } else { "}" });
    Ok(())
}

/// Whether no line ends in or between these values.
fn is_one_line(block: &str, cells: &[Cell]) -> bool {
    let mut raw = cells.iter().filter(|cell| cell.look == Look::Raw);
    let Some(first) = raw.next() else { return true };
    let last = raw.next_back().unwrap_or(first);
    memchr::memchr2(b'\n', b'\r', &block.as_bytes()[first.start as usize..last.end as usize]).is_none()
}

/// Appends a value that waits in its text, as [`write()`] does.
#[inline]
pub(super) fn write_piece(out: &mut String, piece: Piece<'_>) {
    match piece.look() {
        Look::Plain => {
            out.push('"');
            out.push_str(piece.as_str());
            out.push('"');
        }
        Look::Text | Look::Bare => write_string(out, piece.as_str()),
        Look::Escaped => write_string_inside(out, piece.as_str()),
        Look::Whole | Look::Number => out.push_str(piece.as_str()),
        Look::Raw => write_raw(out, piece.as_str()),
        _ => write(out, &piece.to_datum()),
    }
}

fn write_string_inside(out: &mut String, inside: &str) {
    out.push('"');
    write_escaped(out, inside);
    out.push('"');
}

/// Raw text as it came. Text that runs over several lines loses its blanks: who writes a line for each datum relies on it.
pub(super) fn write_raw(out: &mut String, text: &str) {
    if memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none() {
        out.push_str(text);
        return;
    }
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            quoted = letter == '"';
        }
        out.push(letter);
    }
}
