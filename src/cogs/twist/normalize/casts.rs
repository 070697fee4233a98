//! Casts of plain values: numbers, strings, truth.

use crate::datum::{Datum, Num, Text};
use crate::error::Error;

/// What a cast says: another value, none where it is that already, or why it is not of the type.
pub(super) type Judged = Result<Option<Datum>, String>;

/// It is not of the type, which is called `what`, with its article.
pub(super) fn wrong(what: &str, value: &Datum) -> Judged {
    Err(match value {
        // Their text could be long, and says less than what they are.
        Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Unit | Datum::Bytes(_) => format!("is {}, not {what}", value.kind()),
        _ => Error::data(format!("is not {what}"), &value.piece()).to_string(),
    })
}

/// The words that mean yes or no, as configuration's `cast_boolean` takes them.
const WORDS: [(&str, bool); 12] = [
    ("true", true),
    ("yes", true),
    ("on", true),
    ("1", true),
    ("y", true),
    ("t", true),
    ("false", false),
    ("no", false),
    ("off", false),
    ("0", false),
    ("n", false),
    ("f", false),
];

pub(super) fn int(value: &Datum) -> Judged {
    let found = match value {
        Datum::Int(_) => return Ok(None),
        Datum::Float(number) => integral(*number),
        Datum::Number(text) => match Num::read(text) {
            Num::Int(number) => Some(number),
            Num::Float(number) => integral(number),
            Num::Exact(_) => None,
        },
        Datum::Str(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| plain)
        }
        _ => None,
    };
    found.map_or_else(|| wrong("an integer", value), |number| Ok(Some(Datum::Int(number))))
}

fn integral(number: f64) -> Option<i64> {
    // Beyond this the next fraction is no neighbour any more, and what was meant is not known.
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// An integer that is not negative.
pub(super) fn count(value: &Datum) -> Judged {
    bounded(value, i64::MAX, "a count, which is not negative")
}

pub(super) fn port(value: &Datum) -> Judged {
    bounded(value, 65535, "a port, 0 to 65535")
}

fn bounded(value: &Datum, most: i64, what: &str) -> Judged {
    let Ok(found) = int(value) else { return wrong(what, value) };
    match found.as_ref().unwrap_or(value) {
        Datum::Int(number) if (0..=most).contains(number) => Ok(found),
        _ => wrong(what, value),
    }
}

pub(super) fn float(value: &Datum) -> Judged {
    let found = match value {
        Datum::Float(number) if number.is_finite() => return Ok(None),
        Datum::Int(number) => Some(*number as f64),
        Datum::Number(text) => match Num::read(text) {
            Num::Int(number) => Some(number as f64),
            // Its digits stay.
            Num::Float(_) => return Ok(None),
            Num::Exact(_) => value.as_float(),
        },
        Datum::Str(text) => text.trim().parse().ok(),
        _ => None,
    };
    match found.filter(|number: &f64| number.is_finite()) {
        Some(number) => Ok(Some(Datum::Float(number))),
        None => wrong("a number", value),
    }
}

pub(super) fn string(value: &Datum) -> Judged {
    match value {
        Datum::Str(_) => Ok(None),
        Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) => Ok(Some(Datum::str(value.piece().into_owned()))),
        Datum::Time(time) => Ok(Some(Datum::str(time.to_string()))),
        Datum::Number(text) => Ok(Some(Datum::str(shortest(text)))),
        _ => wrong("a string", value),
    }
}

fn shortest(number: &Text) -> String {
    match Num::read(number) {
        Num::Int(number) => number.to_string(),
        Num::Float(number) => Datum::Float(number).piece().into_owned(),
        Num::Exact(text) => text.to_string(),
    }
}

pub(super) fn truth(value: &Datum) -> Judged {
    let truth = match value {
        Datum::Bool(_) => return Ok(None),
        Datum::Unit => false,
        Datum::Int(_) | Datum::Float(_) | Datum::Number(_) => value.as_float() != Some(0.0),
        Datum::Str(text) => !text.is_empty(),
        Datum::Bytes(bytes) => !bytes.is_empty(),
        Datum::Time(_) => true,
        Datum::List(list) => !list.is_empty(),
        Datum::Map(map) => !map.is_empty(),
        Datum::Raw(_) => return truth(&value.opened()),
    };
    Ok(Some(Datum::Bool(truth)))
}

pub(super) fn boolean(value: &Datum) -> Judged {
    let said = match value {
        Datum::Bool(_) => return Ok(None),
        Datum::Int(_) | Datum::Str(_) => {
            let word = value.piece();
            WORDS.iter().find(|(known, _)| word.trim().eq_ignore_ascii_case(known)).map(|(_, said)| *said)
        }
        _ => None,
    };
    said.map_or_else(|| wrong("yes or no", value), |said| Ok(Some(Datum::Bool(said))))
}
