//! What a callable gives: a map that it makes of an event becomes a row, whose keys are put in order once for all events of one
//! shape, and what it takes over stays text.

use std::rc::Rc;

use super::super::frame::{Out, or_bail};
use super::code::{Made, Step, Value};
use super::state::{Run, read};
use crate::datum::{Datum, Key, Look, Near, Row, Shape, View};

/// How a map comes out of events of one shape: their keys keep their places, new ones come last, sorted.
pub(super) struct Layout {
    /// The shape of the event.
    of: Shape,
    /// The shape of the map, and which part each of its keys is.
    shape: Shape,
    parts: Box<[usize]>,
    /// The keys that the event has too.
    shared: Box<[Near]>,
}

impl Made {
    /// The map as it goes on in place of the event; none where that is to be settled.
    #[inline(never)]
    fn settled(&self, run: &mut Run<'_>) -> Out<Option<Datum>> {
        let Some(shape) = run.map.shape().filter(|_| self.free) else { return Ok(None) };
        let mut last = self.layout.borrow_mut();
        if !last.as_ref().is_some_and(|layout| Rc::ptr_eq(&layout.of, shape)) {
            *last = Some(self.layout(shape));
        }
        let Some(layout) = &*last else { return Ok(None) };
        // A number that stays the same keeps its text.
        let may_stay = |view| match view {
            View::Datum(value) => matches!(value, Datum::Number(_)),
            View::Piece(piece) => piece.look() == Look::Number,
        };
        for key in &layout.shared {
            if run.map.look_at(key).is_none_or(may_stay) {
                return Ok(None);
            }
        }
        let Some(mut row) = run.map.row_beside(&layout.shape) else { return Ok(None) };
        for part in &layout.parts {
            let (key, value) = &self.parts[*part];
            if !value.put(key, &mut row, run)? {
                return Ok(None);
            }
        }
        Ok(Some(Datum::Map(row.into_map())))
    }

    #[cold]
    fn layout(&self, of: &Shape) -> Layout {
        let place = |key: &Key| of.iter().position(|known| known == key);
        let mut keys: Vec<(Key, usize)> = self.parts.iter().enumerate().map(|(part, (key, _))| (key.clone(), part)).collect();
        keys.sort_by(|(a, _), (b, _)| {
            let rank = |key| place(key).unwrap_or(usize::MAX);
            rank(a).cmp(&rank(b)).then_with(|| a.as_str().cmp(b.as_str()))
        });
        let shared = keys.iter().filter(|(key, _)| place(key).is_some()).map(|(key, _)| Near::new(key.clone())).collect();
        let parts = keys.iter().map(|(_, part)| *part).collect();
        Layout { of: Rc::clone(of), shape: keys.into_iter().map(|(key, _)| key).collect(), parts, shared }
    }
}

impl Value {
    /// Puts it into the row under the next key; false where it is no value that stands for itself.
    #[inline]
    fn put(&self, key: &Key, row: &mut Row, run: &mut Run<'_>) -> Out<bool> {
        let value = match self {
            Self::Int(of) => Datum::Int(or_bail(of.int(run))?),
            // What the event has under the same key stays as it stands.
            Self::Key(spot) if *spot.key == *key => match run.look(spot) {
                Some(View::Piece(piece)) if matches!(piece.look(), Look::Plain | Look::Whole) => {
                    row.push_piece(piece);
                    return Ok(true);
                }
                view => read(view),
            },
            other => other.value(run)?,
        };
        if matches!(value, Datum::List(_) | Datum::Map(_) | Datum::Raw(_) | Datum::Number(_)) {
            return Ok(false);
        }
        run.charge(&value)?;
        row.push_value(value);
        Ok(true)
    }
}

/// What a function made of an event.
pub(super) enum Given {
    /// The event itself.
    Itself,
    /// What takes its place as it is.
    Settled(Datum),
    Value(Datum),
}

impl Value {
    /// What comes of the function whose result this is.
    pub(super) fn given(&self, run: &mut Run<'_>) -> Out<Given> {
        match self {
            Self::Block(parts) => {
                Step::all(&parts.0, run)?;
                parts.1.given(run)
            }
            Self::If(parts) => {
                let (test, yes, no) = &**parts;
                if or_bail(test.test(run))? { yes.given(run) } else { no.given(run) }
            }
            Self::Map(made) => match made.settled(run)? {
                Some(map) => Ok(Given::Settled(map)),
                None => made.value(run).map(Given::Value),
            },
            Self::Itself => Ok(Given::Itself),
            other => other.value(run).map(Given::Value),
        }
    }
}
