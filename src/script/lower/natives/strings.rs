//! Text that is searched, changed and measured; what cuts it stands in `cuts`.

use super::kinds::{count, give, int, text};
use super::{LONGEST, Native, changes, gives, values};
use crate::datum::{Datum, Text};

pub(super) static TABLE: &[Native] = &[
    gives("bytes", 1, bytes),
    gives("starts_with", 2, |args| Some(Datum::Bool(text(&args[0])?.starts_with(text(&args[1])?.as_str())))),
    gives("ends_with", 2, |args| Some(Datum::Bool(text(&args[0])?.ends_with(text(&args[1])?.as_str())))),
    gives("to_upper", 1, |args| upper(text(&args[0])?).map(Datum::Str)),
    gives("to_lower", 1, |args| lower(text(&args[0])?).map(Datum::Str)),
    changes("make_upper", 1, |args| set(args, upper)),
    changes("make_lower", 1, |args| set(args, lower)),
    changes("replace", 3, replace),
];

/// Puts what `change` makes of the text in its place.
pub(super) fn set(args: &mut [Datum], change: impl FnOnce(&Text) -> Option<Text>) -> Option<Datum> {
    args[0] = Datum::Str(change(text(&args[0])?)?);
    Some(Datum::Unit)
}

pub(super) fn bytes(args: &mut [Datum]) -> Option<Datum> {
    count(text(&args[0])?.len())
}

/// How many letters it has.
pub(super) fn len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn upper(text: &Text) -> Option<Text> {
    if text.is_ascii() {
        return changed(text, text.to_ascii_uppercase());
    }
    if text.chars().all(char::is_uppercase) { short(text.clone()) } else { short(text.to_uppercase()) }
}

fn lower(text: &Text) -> Option<Text> {
    if text.is_ascii() {
        return changed(text, text.to_ascii_lowercase());
    }
    if text.chars().all(char::is_lowercase) { short(text.clone()) } else { short(text.to_lowercase()) }
}

/// What became of the text, or itself where that is the same.
fn changed(text: &Text, now: String) -> Option<Text> {
    if now == **text { short(text.clone()) } else { short(now) }
}

fn short(text: impl Into<Text>) -> Option<Text> {
    let text = text.into();
    (text.len() <= LONGEST).then_some(text)
}

fn replace(args: &mut [Datum]) -> Option<Datum> {
    let (find, by) = (text(&args[1])?.clone(), text(&args[2])?.clone());
    set(args, |text| replaced(text, &find, &by))
}

/// The text with each `find` replaced. How long it becomes is known before it is made.
fn replaced(text: &Text, find: &str, by: &str) -> Option<Text> {
    if text.is_empty() {
        return Some(text.clone());
    }
    let times = text.matches(find).count();
    if times == 0 {
        return Some(text.clone());
    }
    let longer = times.checked_mul(by.len())?;
    (text.len() - times * find.len() + longer <= LONGEST).then(|| text.replace(find, by).into())
}

/// `s.remove(piece)`: all its occurrences.
pub(super) fn remove(args: &mut [Datum]) -> Option<Datum> {
    let piece = text(&args[1])?.clone();
    set(args, |text| if piece.is_empty() { Some(text.clone()) } else { replaced(text, &piece, "") })
}

/// `s.append(x)`: the text of `x` at the end.
pub(super) fn append(args: &mut [Datum]) -> Option<Datum> {
    let more = values::show(&args[1])?;
    set(args, |text| short(format!("{text}{more}")))
}

/// `s.pad(len, piece)`. Nothing to pad with would keep Rhai busy for ever; that is not ours.
pub(super) fn pad(args: &mut [Datum]) -> Option<Datum> {
    let (wanted, piece) = (int(&args[1])?, text(&args[2])?.clone());
    set(args, |text| {
        let has = len(text);
        let Ok(wanted) = usize::try_from(wanted) else { return Some(text.clone()) };
        if wanted <= has {
            return Some(text.clone());
        }
        if piece.is_empty() || wanted > LONGEST {
            return None;
        }
        let mut out = String::from(text.as_str());
        out.extend(piece.chars().cycle().take(wanted - has));
        short(out)
    })
}

/// `max` and `min` of two texts.
pub(super) fn extreme(a: &Datum, b: &Datum, most: bool) -> Option<Datum> {
    let (a, b) = (text(a)?, text(b)?);
    let first = if most { a.as_str() >= b.as_str() } else { a.as_str() <= b.as_str() };
    give(if first { a.clone() } else { b.clone() })
}

/// The place of `piece` in letters, looked for from the letter `start` on; -1 where it is not.
pub(super) fn index_of(args: &mut [Datum]) -> Option<Datum> {
    let (whole, piece) = (text(&args[0])?, text(&args[1])?);
    let start = args.get(2).map_or(Some(0), int)?;
    let at = if whole.is_empty() { None } else { from(whole, start).and_then(|from| Some(from + whole[from..].find(piece.as_str())?)) };
    Some(Datum::Int(at.map_or(-1, |at| len(&whole[..at]) as i64)))
}

/// Where the letter `start` begins; a negative one counts from the end. None where there is no such letter.
fn from(whole: &str, start: i64) -> Option<usize> {
    if start < 0 {
        let back = usize::try_from(start.unsigned_abs()).ok()?;
        return Some(super::cuts::at(whole, len(whole).saturating_sub(back)));
    }
    match usize::try_from(start).ok()? {
        0 => Some(0),
        start if start < len(whole) => Some(super::cuts::at(whole, start)),
        _ => None,
    }
}

/// `s.contains(piece)`.
pub(super) fn contains(args: &mut [Datum]) -> Option<Datum> {
    Some(Datum::Bool(text(&args[0])?.contains(text(&args[1])?.as_str())))
}

/// The quoted text as JSON has it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    crate::datum::json::write_string(&mut out, text);
    out
}
