//! Copying what was not touched: the values of rows, and raw text.

use std::ops::Range;

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
    let (mut lead, mut place) = ('{', 0);
    while let (Some(key), Some(cell)) = (row.keys.get(place), row.cells.get(place)) {
        let run = (row.compact >> (place % 64)).trailing_ones() as usize;
        if let Some(last) = row.cells.get(place..place + run).and_then(<[Cell]>::last) {
            // The key of the first one and a colon stand before it.
            let start = place_in_text(cell).start - key.json_len() - 1;
            out.push(lead);
            out.push_str(&block[start..place_in_text(last).end]);
            lead = ',';
            place += run;
            continue;
        }
        place += 1;
        if cell.look == Look::Absent {
            continue;
        }
        key.write_lead(out, lead);
        lead = ',';
        let range = place_in_text(cell);
        match cell.look {
            Look::Set => other(out, key, &row.set[cell.start as usize])?,
            Look::Raw => write_raw(out, &block[range]),
            Look::Escaped => write_string_inside(out, &block[range]),
            _ => out.push_str(&block[range]),
        }
    }
    for (key, value) in row.tail {
        key.write_lead(out, lead);
        lead = ',';
        other(out, key, value)?;
    }
    out.push_str(if lead == '{' { "{}" } else { "}" });
    Ok(())
}

/// Where the value stands in its JSON, a string with its quotes unless it has escapes.
#[inline]
fn place_in_text(cell: &Cell) -> Range<usize> {
    let quote = usize::from(cell.look == Look::Plain);
    cell.start as usize - quote..cell.end as usize + quote
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
