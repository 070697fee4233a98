//! The addresses in a piece of a datum: a string, or an array of them.

use crate::address::Range;
use crate::datum::Datum;
use crate::error::{Error, Result};

/// The address, network or range that a text says.
pub(super) fn range(text: &str) -> Result<Range> {
    Range::read(text).ok_or_else(|| Error::data("is no address, network or range", text))
}

/// Calls `each` with every address, network and range of `piece`, until it gives false; gives how many there were.
///
/// # Errors
/// One is none, or no text.
pub(super) fn each(piece: &Datum, mut each: impl FnMut(Range) -> bool) -> Result<usize> {
    match piece {
        Datum::Str(text) => {
            each(range(text)?);
            Ok(1)
        }
        Datum::Unit => Ok(0),
        other => {
            let opened = other.opened();
            let Some(list) = opened.as_list() else {
                return Err(Error::WrongKind { what: "the address".into(), wanted: "a string, or an array of them", got: other.kind() });
            };
            for item in list {
                let Some(text) = item.as_str() else {
                    return Err(Error::WrongKind { what: "an address".into(), wanted: "a string", got: item.kind() });
                };
                if !each(range(text)?) {
                    break;
                }
            }
            Ok(list.len())
        }
    }
}
