//! How data become the body of a request.

use crate::datum::{Datum, json};
use crate::error::{Error, Result};

/// What a request is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Lines,
    Array,
    One,
}

impl Form {
    /// Its words in scripts; the first is the default.
    pub(super) const WORDS: &[&str] = &["lines", "array", "one"];

    pub(super) fn named(word: &str) -> Self {
        match word {
            "array" => Self::Array,
            "one" => Self::One,
            _ => Self::Lines,
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Array | Self::One => "application/json",
        }
    }

    /// What is sent of one datum.
    ///
    /// # Errors
    /// It would be taken for several, or would not be JSON among others that are.
    pub(super) fn piece(self, datum: &Datum) -> Result<Vec<u8>> {
        let piece = match datum {
            Datum::Str(text) => text.as_bytes().to_vec(),
            Datum::Bytes(bytes) => bytes.to_vec(),
            other => return Ok(json::to_string(other).into_bytes()),
        };
        match self {
            Self::Lines if piece.contains(&b'\n') => Err(Error::data("a line break stands inside the line", &datum.piece())),
            Self::Array => {
                let text = str::from_utf8(&piece).map_err(|_| Error::data("is no JSON, which an array is made of", &datum.piece()))?;
                json::read(text).map_err(|_| Error::data("is no JSON, which an array is made of", text))?;
                Ok(piece)
            }
            _ => Ok(piece),
        }
    }

    /// The body of these pieces.
    pub(super) fn join<'a>(self, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut body = Vec::new();
        if self == Self::Array {
            body.push(b'[');
        }
        for (place, piece) in pieces.enumerate() {
            if self == Self::Array && place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(piece);
            if self == Self::Lines {
                body.push(b'\n');
            }
        }
        if self == Self::Array {
            body.push(b']');
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(form: &str, data: &[Datum]) -> String {
        let form = Form::named(form);
        let pieces: Vec<Vec<u8>> = data.iter().map(|datum| form.piece(datum).unwrap()).collect();
        String::from_utf8(form.join(pieces.iter().map(Vec::as_slice))).unwrap()
    }

    #[test]
    fn data_are_put_together_as_the_form_says() {
        let data = [json::read(r#"{"a":[1,2.50]}"#).unwrap(), Datum::from(r#"{"b":1}"#)];
        assert_eq!(body("lines", &data), "{\"a\":[1,2.50]}\n{\"b\":1}\n");
        assert_eq!(body("array", &data), r#"[{"a":[1,2.50]},{"b":1}]"#);
        assert_eq!(body("one", &[Datum::from("any\ntext")]), "any\ntext");
        assert_eq!(body("array", &[]), "[]");
    }

    #[test]
    fn what_does_not_fit_the_form_fails() {
        assert!(Form::Lines.piece(&Datum::from("a\nb")).is_err());
        assert!(Form::Array.piece(&Datum::from("no json")).is_err());
        assert!(Form::Array.piece(&Datum::Bytes([0xff].as_slice().into())).is_err());
    }
}
