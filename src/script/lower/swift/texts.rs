//! Texts: looked at where they stand, and joined in a buffer that is used again.

use super::super::frame::{Out, Stop, fits, or_bail};
use super::super::operators::{LONGEST, Op, compare, compare_piece, show};
use super::super::quick::piece;
use super::code::{Spot, Value};
use super::state::Run;
use crate::datum::{Datum, Text, View};

impl Value {
    /// Looks at the letters of what must be text.
    #[inline]
    pub(super) fn letters<T>(&self, run: &mut Run<'_>, look: impl FnOnce(&str) -> Out<T>) -> Out<T> {
        match self {
            Self::Key(spot) => look(at_key(spot, run)?),
            Self::Slot(slot) => look(or_bail(run.state.values[*slot].as_str())?),
            Self::Split(of, by, at) => match &**of {
                Self::Key(spot) => look(piece(at_key(spot, run)?, by, *at)?),
                Self::Slot(slot) => look(piece(or_bail(run.state.values[*slot].as_str())?, by, *at)?),
                _ => look(or_bail(self.value(run)?.as_str())?),
            },
            other => look(or_bail(other.value(run)?.as_str())?),
        }
    }

    /// Whether it is that text.
    #[inline(never)]
    pub(super) fn is_text(&self, text: &Text, run: &mut Run<'_>) -> Option<bool> {
        match self {
            Self::Key(spot) => {
                if let Some(letters) = run.letters(spot) {
                    return Some(letters == text.as_str());
                }
                match run.look(spot) {
                    Some(View::Piece(piece)) => compare_piece(Op::Equal, piece, &Datum::Str(text.clone())),
                    Some(View::Datum(value)) => is_text(value, text),
                    None => Some(false),
                }
            }
            Self::Slot(slot) => is_text(&run.state.values[*slot], text),
            other => is_text(&other.value(run).ok()?, text),
        }
    }

    /// Appends it as `${…}` shows it.
    fn append(&self, run: &mut Run<'_>, out: &mut String) -> Out<()> {
        match self {
            Self::Const(Datum::Str(text)) => out.push_str(text),
            Self::Key(spot) => {
                if let Some(letters) = run.letters(spot) {
                    out.push_str(letters);
                } else if let Some(view) = run.look(spot) {
                    or_bail(show(&view.datum(), out))?;
                }
            }
            Self::Slot(slot) => or_bail(show(&run.state.values[*slot], out))?,
            Self::Split(..) => self.letters(run, |text| {
                out.push_str(text);
                Ok(())
            })?,
            Self::Case(of, upper) => {
                let from = out.len();
                of.letters(run, |text| {
                    out.push_str(text);
                    Ok(())
                })?;
                turn(&mut out[from..], *upper)?;
                run.spend(((out.len() - from) / 64) as i64)?;
            }
            other => {
                let value = other.value(run)?;
                or_bail(show(&value, out))?;
            }
        }
        Ok(())
    }

    /// These, joined.
    #[inline(never)]
    pub(super) fn joined(parts: &[Self], run: &mut Run<'_>) -> Out<Datum> {
        let mut out = std::mem::take(&mut run.state.text);
        out.clear();
        for part in parts {
            part.append(run, &mut out)?;
            fits(&out)?;
        }
        let made = Text::brief(&out);
        run.state.text = out;
        Ok(Datum::Str(made))
    }

    /// A text in small letters, or in capitals.
    pub(super) fn turned(&self, upper: bool, run: &mut Run<'_>) -> Out<Datum> {
        let mut out = self.letters(run, |text| if text.len() <= LONGEST { Ok(text.to_owned()) } else { Err(Stop::Bail) })?;
        run.spend((out.len() / 64) as i64)?;
        turn(&mut out, upper)?;
        Ok(Datum::from(out))
    }
}

#[inline]
fn at_key<'r>(spot: &Spot, run: &'r Run<'_>) -> Out<&'r str> {
    if let Some(letters) = run.letters(spot) {
        return Ok(letters);
    }
    match run.look(spot) {
        Some(View::Datum(Datum::Str(text))) => Ok(text),
        _ => Err(Stop::Bail),
    }
}

#[inline]
fn is_text(value: &Datum, text: &Text) -> Option<bool> {
    match value {
        Datum::Str(value) => Some(value.as_str() == text.as_str()),
        other => compare(Op::Equal, other, &Datum::Str(text.clone())),
    }
}

/// Letters beyond ASCII may become several.
#[inline]
fn turn(text: &mut str, upper: bool) -> Out<()> {
    if !text.is_ascii() {
        return Err(Stop::Bail);
    }
    if upper {
        text.make_ascii_uppercase();
    } else {
        text.make_ascii_lowercase();
    }
    Ok(())
}
