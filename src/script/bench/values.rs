//! Values on their way to who asked: what cannot travel as text, and no secret in any of it.

use rhai::{Array, Dynamic, FnPtr, Map as RhaiMap};

use super::tasks::{Answer, Done, Fault, FunctionInfo, Run, Spot, Stopped, Trace, Validity, Value, Variable, Verdict};
use crate::datum::{Datum, Parcel};
use crate::error::shorten;
use crate::script::convert::{from_rhai, from_rhai_like, short_type};
use crate::script::host::Host;
use crate::secrets;

/// Nested deeper than this a value goes as `…`.
const DEEPEST: usize = 500;
/// Letters of a value in a list of variables.
const SHORT: usize = 120;

/// The value, with keys in the order and numbers in the digits that they have in `original`.
pub(super) fn parcel(host: &Host, value: &Dynamic, original: Option<&Datum>) -> Parcel {
    let travelled = match original {
        Some(original) => from_rhai_like(value.clone(), original),
        None => from_rhai(value.clone()),
    };
    travelled.map_or_else(|_| lenient(host, value, 0), |datum| Parcel::from(&datum))
}

/// The value with text in the places of what cannot travel.
fn lenient(host: &Host, value: &Dynamic, depth: usize) -> Parcel {
    if depth > DEEPEST {
        return Parcel::Str("…".into());
    }
    if let Some(map) = value.read_lock::<RhaiMap>() {
        return Parcel::Map(map.iter().map(|(key, part)| (key.to_string(), lenient(host, part, depth + 1))).collect());
    }
    if let Some(list) = value.read_lock::<Array>() {
        return Parcel::List(list.iter().map(|part| lenient(host, part, depth + 1)).collect());
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return Parcel::Str(callable(host, &function));
    }
    match from_rhai(value.clone()) {
        Ok(datum) => Parcel::from(&datum),
        Err(_) => Parcel::Str(kind(value).to_lowercase()),
    }
}

/// `closure(d)`, `score(d)`.
fn callable(host: &Host, function: &FnPtr) -> String {
    let name = function.fn_name();
    let captured = function.curry().len();
    let definition = host.tree_of(name).iter_fn_def().find(|definition| definition.name == name);
    let params = definition.map(|definition| definition.params.iter().skip(captured).map(ToString::to_string).collect::<Vec<_>>());
    let shown = if function.is_anonymous() { "closure" } else { name };
    format!("{shown}({})", params.unwrap_or_default().join(", "))
}

/// The type of a value as scripts know it.
pub(super) fn kind(value: &Dynamic) -> String {
    let value = value.flatten_clone();
    short_type(value.type_name()).trim_end_matches("Handle").to_owned()
}

/// The value in a few letters: as JSON, texts in quotes.
pub(super) fn short(host: &Host, value: &Dynamic) -> String {
    let parcel = parcel(host, value, None);
    let text = match parcel {
        Parcel::Unit => "()".to_owned(),
        Parcel::Str(text) if value.is_fnptr() => text,
        other => other.to_json(),
    };
    // First masked, then cut: half a secret is not found any more.
    shorten(&secrets::mask(&text), SHORT)
}

fn text(text: String) -> String {
    match secrets::mask(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(masked) => masked,
    }
}

/// Masks what it holds.
pub(super) trait Masked {
    /// Without secrets.
    fn masked(self) -> Self;
}

impl Masked for Parcel {
    fn masked(self) -> Self {
        let number = |shown: String, plain: Self| {
            let masked = text(shown.clone());
            if masked == shown { plain } else { Self::Str(masked) }
        };
        match self {
            Self::Str(letters) => Self::Str(text(letters)),
            Self::Number(digits) => number(digits.clone(), Self::Number(digits)),
            Self::Int(value) => number(value.to_string(), Self::Int(value)),
            Self::Float(value) => number(value.to_string(), Self::Float(value)),
            Self::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(letters) => Self::Bytes(text(letters).into_bytes()),
                Err(other) => Self::Bytes(masked_bytes(other.into_bytes())),
            },
            Self::List(list) => Self::List(list.masked()),
            Self::Map(entries) => Self::Map(entries.into_iter().map(|(key, value)| (text(key), value.masked())).collect()),
            other => other,
        }
    }
}

/// Bytes that are no text lose all that is no text, where a secret stands among them.
fn masked_bytes(bytes: Vec<u8>) -> Vec<u8> {
    let shown = String::from_utf8_lossy(&bytes).into_owned();
    let masked = text(shown.clone());
    if masked == shown { bytes } else { masked.into_bytes() }
}

impl Masked for String {
    fn masked(self) -> Self {
        text(self)
    }
}

impl<T: Masked> Masked for Vec<T> {
    fn masked(self) -> Self {
        self.into_iter().map(T::masked).collect()
    }
}

impl<T: Masked> Masked for Option<T> {
    fn masked(self) -> Self {
        self.map(T::masked)
    }
}

impl<T: Masked, E: Masked> Masked for Result<T, E> {
    fn masked(self) -> Self {
        self.map(T::masked).map_err(E::masked)
    }
}

impl<T: Masked> Masked for (String, T) {
    fn masked(self) -> Self {
        (text(self.0), self.1.masked())
    }
}

impl Masked for Fault {
    fn masked(self) -> Self {
        Self { text: self.text.masked(), place: self.place.masked(), hint: self.hint.masked() }
    }
}

impl Masked for Spot {
    fn masked(self) -> Self {
        Self { text: self.text.masked(), ..self }
    }
}

impl Masked for Value {
    fn masked(self) -> Self {
        Self { value: self.value.masked(), event: self.event.masked(), printed: self.printed.masked(), ..self }
    }
}

impl Masked for Verdict {
    fn masked(self) -> Self {
        Self {
            result: self.result.masked(),
            event: self.event.masked(),
            emitted: self.emitted.masked(),
            notices: self.notices.masked(),
            ..self
        }
    }
}

impl Masked for Run {
    fn masked(self) -> Self {
        Self {
            lines: self.lines.masked(),
            decided: self.decided.masked(),
            read: self.read.masked(),
            verdict: self.verdict.masked(),
            printed: self.printed.masked(),
            ..self
        }
    }
}

impl Masked for Variable {
    fn masked(self) -> Self {
        Self { value: self.value.masked(), ..self }
    }
}

impl Masked for Stopped {
    fn masked(self) -> Self {
        let stack = self.stack.into_iter().map(|mut frame| {
            frame.spot = frame.spot.masked();
            frame
        });
        Self {
            spot: self.spot.masked(),
            window: self.window.into_iter().map(|(line, letters)| (line, text(letters))).collect(),
            stack: stack.collect(),
            variables: self.variables.masked(),
            this: self.this.masked(),
            printed: self.printed.masked(),
            ..self
        }
    }
}

impl Masked for FunctionInfo {
    fn masked(self) -> Self {
        Self { about: self.about.masked(), ..self }
    }
}

impl Masked for Answer {
    fn masked(self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.masked()),
            Self::Forgotten => Self::Forgotten,
            Self::Validity(Validity::Wrong(fault)) => Self::Validity(Validity::Wrong(fault.masked())),
            Self::Validity(validity) => Self::Validity(validity),
            Self::Trace(trace) => Self::Trace(Trace { runs: trace.runs.masked(), ..trace }),
            Self::Stopped(stopped) => Self::Stopped(Box::new(stopped.masked())),
            Self::Done(done) => Self::Done(Done { verdict: done.verdict.masked(), printed: done.printed.masked() }),
            Self::Functions(all) => Self::Functions(all.masked()),
            Self::Checked(checked) => Self::Checked(checked.masked()),
        }
    }
}
