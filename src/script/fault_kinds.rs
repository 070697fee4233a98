//! Kinds of errors that a script tells apart where it catches them.

use rhai::{Dynamic, EvalAltResult};

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// The kinds of errors that `catching` tells apart.
const FAULT_KINDS: [&str; 4] = ["thrown", "number", "missing", "type"];

/// The kind of an error; one that has none is caught only where all are.
pub(super) fn of(error: &EvalAltResult) -> &'static str {
    match error {
        EvalAltResult::ErrorRuntime(..) => "thrown",
        EvalAltResult::ErrorArithmetic(..) => "number",
        EvalAltResult::ErrorVariableNotFound(..)
        | EvalAltResult::ErrorPropertyNotFound(..)
        | EvalAltResult::ErrorIndexNotFound(..)
        | EvalAltResult::ErrorArrayBounds(..)
        | EvalAltResult::ErrorStringBounds(..) => "missing",
        // A property of `()`: of one that was not there itself.
        EvalAltResult::ErrorDotExpr(text, _) if text.ends_with("'()'") => "missing",
        EvalAltResult::ErrorMismatchDataType(..)
        | EvalAltResult::ErrorMismatchOutputType(..)
        | EvalAltResult::ErrorFunctionNotFound(..)
        | EvalAltResult::ErrorDotExpr(..)
        | EvalAltResult::ErrorFor(..)
        | EvalAltResult::ErrorIndexingType(..) => "type",
        _ => "",
    }
}

/// The kind that a script names.
pub(super) fn named(word: &Dynamic) -> Raised<&'static str> {
    let text = word.to_string();
    FAULT_KINDS.into_iter().find(|kind| word.is_string() && *kind == text).ok_or_else(|| {
        format!("`catching`: there is no kind of errors `{text}`, only {}", FAULT_KINDS.map(|kind| format!("`{kind}`")).join(", ")).into()
    })
}
