//! Whether what was typed is a whole input, or goes on in the next line.

use std::rc::Rc;

use rhai::{Engine, LexError, ParseErrorType};

use super::input::{End, Input, Names};
use super::tasks::{Fault, Spot, Validity};
use crate::script::host::lower_first;
use crate::script::libraries;
use crate::script::report::Place;

thread_local! {
    /// Knows the grammar and nothing else.
    static GRAMMAR: Engine = grammar();
}

fn grammar() -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_custom_operator("|>", 15).expect("`|>` is reserved in Rhai, hence free for a custom operator");
    engine.set_max_expr_depths(256, 128);
    engine
}

/// Whether that text is a whole input. Knows no script: unknown names are no fault.
pub fn validity(text: &str) -> Validity {
    let input = Input::new(text, Names { event: Some("e"), this: Some("e"), last: Some(super::eval::LAST) });
    match input.end {
        End::Comment | End::Backquoted | End::Quoted(true) => return Validity::Incomplete,
        End::Code(_) | End::Quoted(false) => {}
    }
    let Err(error) = GRAMMAR.with(|grammar| grammar.compile(&input.text).map(|_| ())) else { return Validity::Complete };
    let last = input.text.trim_end();
    let (lines, width) = (last.lines().count(), last.lines().last().map_or(0, |line| line.chars().count()));
    let position = error.position();
    let at_end = match (position.line(), position.position()) {
        (Some(line), column) => line > lines || line == lines && column.unwrap_or(0) > width,
        (None, _) => true,
    };
    let unfinished = match error.err_type() {
        ParseErrorType::UnexpectedEOF => true,
        ParseErrorType::BadInput(LexError::UnterminatedString) => false,
        _ => at_end && input.end != End::Quoted(false),
    };
    if unfinished {
        return Validity::Incomplete;
    }
    let source = Rc::new(libraries::source("input", text.to_owned()));
    let place = position.line().map(|line| {
        let column = position.position().map_or(0, |column| input.typed(line, column));
        Spot::from(&Place { source, line, column })
    });
    Validity::Wrong(Fault { text: lower_first(&error.err_type().to_string()), place, hint: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_waited_for() {
        for text in [
            "f(1,",
            "fn f(a)",
            "fn f(a) {",
            "let x =",
            "1 +",
            "if a { 1 } else",
            "[1, 2",
            "#{a: 1,",
            "`a",
            "`a ${b",
            "/* a",
            "1 + /* a",
            "\"a\\",
            "a |>",
            "for x in",
            "e.",
            "x = [\n1,\n",
            "switch a { 1 =>",
            "fn",
            "let",
            "\"x\" +",
        ] {
            assert_eq!(validity(text), Validity::Incomplete, "{text}");
        }
    }

    #[test]
    fn what_is_whole_is_evaluated() {
        for text in
            ["", "1", "let x = 1", ".status == 200 && _", "fn f(a) { a }", "a |> b", "if a { 1 } else { 2 }", "// x", "`a ${b}`", "x;\n"]
        {
            assert_eq!(validity(text), Validity::Complete, "{text}");
        }
    }

    #[test]
    fn what_cannot_become_right_is_told() {
        for (text, column) in [("1 2", 3), ("let 1", 5), (")", 1), (".a + .b )", 9), ("\"a", 1), ("a b {", 3)] {
            let Validity::Wrong(fault) = validity(text) else { panic!("{text}: {:?}", validity(text)) };
            assert_eq!(fault.place.as_ref().map(|place| place.column), Some(column), "{text}: {fault:?}");
        }
    }
}
