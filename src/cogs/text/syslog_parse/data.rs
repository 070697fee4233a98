//! Structured data (RFC 5424, 6.3): `[id name="value" …][id …]`.

use crate::cogs::text::syslog::{NAME, is_of_name};
use crate::datum::{Datum, Gather, Key, Text};

/// How long the elements at the beginning of `text` are; none when they are not well formed.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    walk(text, &mut at, |_| {})?;
    Some(at)
}

/// What the elements hold.
enum Piece {
    /// An element of that name begins.
    Id(usize, usize),
    /// A parameter: its name, its value, and whether that has letters with a backslash before them.
    Param((usize, usize), (usize, usize), bool),
}

fn walk(text: &[u8], at: &mut usize, mut each: impl FnMut(Piece)) -> Option<()> {
    while text.get(*at) == Some(&b'[') {
        *at += 1;
        let id = name(text, at)?;
        each(Piece::Id(id.0, id.1));
        loop {
            match *text.get(*at)? {
                b']' => {
                    *at += 1;
                    break;
                }
                b' ' => *at += 1,
                _ => return None,
            }
            // Some leave a blank before the closing bracket.
            if text.get(*at) == Some(&b']') {
                continue;
            }
            let name = name(text, at)?;
            if text.get(*at..*at + 2) != Some(b"=\"") {
                return None;
            }
            *at += 2;
            let (start, mut escaped) = (*at, false);
            loop {
                match *text.get(*at)? {
                    b'"' => break,
                    b']' => return None,
                    b'\\' => {
                        escaped = true;
                        *at += 2;
                    }
                    _ => *at += 1,
                }
            }
            each(Piece::Param(name, (start, *at), escaped));
            *at += 1;
        }
    }
    Some(())
}

/// Where a name stands.
fn name(text: &[u8], at: &mut usize) -> Option<(usize, usize)> {
    let start = *at;
    let length = text[start..].iter().take_while(|byte| is_of_name(**byte)).count();
    *at = start + length;
    (1..=NAME).contains(&length).then_some((start, *at))
}

/// The elements as maps by their ids; a parameter that is there more than once has a list.
pub(super) fn read(text: &Text) -> Datum {
    let (mut all, mut id, mut element) = (Gather::new(), None, Gather::new());
    let put = |all: &mut Gather, id: Option<Key>, element: Gather| {
        if let Some(id) = id {
            all.set(id, Datum::Map(element.into_map()));
        }
    };
    let _ = walk(text.as_bytes(), &mut 0, |piece| match piece {
        Piece::Id(start, end) => {
            put(&mut all, id.take(), std::mem::take(&mut element));
            id = Some(Key::new(&text[start..end]));
        }
        Piece::Param(name, (start, end), escaped) => {
            let value = if escaped { Datum::from(unescaped(&text[start..end])) } else { Datum::Str(text.slice(start..end)) };
            let key = Key::new(&text[name.0..name.1]);
            match element.add(key, value) {
                None => {}
                Some((Datum::List(list), value)) => list.push(value),
                Some((first, value)) => *first = Datum::List(vec![std::mem::take(first), value]),
            }
        }
    });
    put(&mut all, id, element);
    Datum::Map(all.into_map())
}

/// Without the backslashes before `"`, `\` and `]`; before anything else one is a letter as others.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escapes = letter == '\\' && letters.peek().is_some_and(|next| matches!(next, '"' | '\\' | ']'));
        plain.push(if escapes { letters.next().unwrap_or(letter) } else { letter });
    }
    plain
}
