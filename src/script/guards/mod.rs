//! Functions of Rhai's (1.27) that do not come to an end, take memory without bound before any limit is looked at, or go down
//! into a value as deep as it goes, in forms that do neither: a runaway script must be an error of one event, never of the
//! process.
//!
//! `text` pads, replaces and cuts, `arrays` pads and sorts, `values` shows and compares what may be nested.

mod arrays;
mod text;
mod values;

use std::rc::Rc;

use rhai::{EvalAltResult, Module, NativeCallContext, Position};

use super::watch::Watch;

type Raised<T> = Result<T, Box<EvalAltResult>>;

/// Puts them before Rhai's own.
pub(super) fn register(module: &mut Module, watch: &Rc<Watch>) {
    text::register(module);
    arrays::register(module);
    values::register(module, watch);
}

#[allow(clippy::unnecessary_box_returns, reason = "the form in which Rhai takes errors")]
fn too_large(what: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorDataTooLarge(what.into(), Position::NONE).into()
}

/// Whether a text may be so long.
fn room(context: &NativeCallContext<'_>, length: usize) -> Raised<()> {
    let most = context.engine().max_string_size();
    if most > 0 && length > most { Err(too_large("Length of string")) } else { Ok(()) }
}

/// Whether an array may have so many elements.
fn places(context: &NativeCallContext<'_>, count: usize) -> Raised<()> {
    let most = context.engine().max_array_size();
    if most > 0 && count > most { Err(too_large("Size of array/BLOB")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use rhai::{Dynamic, Engine, EvalAltResult};

    use crate::script::watch::{WINDING, Watch};

    /// An engine with the guards.
    struct Guarded {
        engine: Engine,
        watch: Rc<Watch>,
    }

    impl Guarded {
        fn eval(&self, script: &str) -> Result<Dynamic, Box<EvalAltResult>> {
            self.watch.during(WINDING, || self.engine.eval(script))
        }
    }

    fn guarded() -> Guarded {
        let mut engine = Engine::new();
        engine.set_max_string_size(1000);
        engine.set_max_array_size(100);
        engine.set_max_expr_depths(256, 128);
        let mut module = super::Module::new();
        let watch = Watch::new();
        super::register(&mut module, &watch);
        engine.register_global_module(module.into());
        let ours = Rc::clone(&watch);
        engine.on_progress(move |_| ours.check());
        Guarded { engine, watch }
    }

    /// What a script gives, by both engines; in Rhai's own debug form.
    fn hold(ours: &Guarded, theirs: &Engine, script: &str) {
        let shown = |result: Result<Dynamic, Box<EvalAltResult>>| match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(shown(ours.eval(script)), shown(theirs.eval(script)), "{script}");
    }

    #[test]
    fn what_comes_to_an_end_is_as_it_was() {
        let (ours, theirs) = (guarded(), Engine::new());
        for script in [
            r#"let s = "ab"; s.pad(7, "xyz"); s"#,
            r#"let s = "ab"; s.pad(7, 'x'); s"#,
            r#"let s = "ab"; s.pad(2, ""); s"#,
            r#"let s = "ab"; s.pad(-1, "x"); s"#,
            r#"let s = "äb"; s.pad(5, "ö"); s"#,
            r#"let s = "äb"; s.pad(9, "öü€"); s"#,
            r#"let s = "abcabc"; s.replace("bc", "x"); s"#,
            r#"let s = "abc"; s.replace("", "-"); s"#,
            r#"let s = ""; s.replace("", "-"); s"#,
            r#"let s = "a,b"; s.replace(',', "; "); s"#,
            r#"let s = "a,b"; s.replace(",", ';'); s"#,
            "let a = [1]; a.pad(3, [2]); a",
            "let a = [1]; a.pad(1, 2); a",
            "let a = [1]; a.pad(-9223372036854775807, 2); a",
            "parse_json(`{\"a\": [1, 2.5, \"x,[\", null, true], \"b\": {}}`)",
            "parse_json(`\"a\\\\\\\",,\"`)",
            "parse_json(`[1,`)",
            "parse_json(``)",
        ] {
            hold(&ours, &theirs, script);
        }
    }

    #[test]
    fn text_is_cut_as_it_was() {
        let (ours, theirs) = (guarded(), Engine::new());
        for text in ["", "a", "a,b,,c,", ",", "  a b  c ", "äöü", "aaaa"] {
            for by in ["\"\"", "\",\"", "','", "\"aa\"", "'a'", "\"ü\""] {
                for call in ["split", "split_rev"] {
                    hold(&ours, &theirs, &format!("\"{text}\".{call}({by})"));
                    for most in ["-9223372036854775807", "-1", "0", "1", "2", "3", "9223372036854775807"] {
                        hold(&ours, &theirs, &format!("\"{text}\".{call}({by}, {most})"));
                    }
                }
            }
            for call in ["split()", "to_chars()", "to_blob()", "split(1)", "split(-1)"] {
                hold(&ours, &theirs, &format!("\"{text}\".{call}"));
            }
        }
    }

    #[test]
    fn values_show_and_compare_as_they_did() {
        let (ours, theirs) = (guarded(), Engine::new());
        let values = [
            "[]",
            "[1, 2.5, \"a\\n\", 'c', (), true]",
            "#{}",
            "#{a: [1, #{b: \"x\"}], \"c d\": ()}",
            "[[], [[]]]",
            "[blob(2, 1)]",
            "1",
            "\"x\"",
            "[1, 2]",
            "[1.0, 2]",
            "#{a: 1}",
            "#{a: 1.0}",
            "#{b: 1}",
            "[0.0/0.0]",
            "()",
        ];
        for value in values {
            for call in ["to_string()", "to_debug()"] {
                hold(&ours, &theirs, &format!("let v = {value}; v.{call}"));
            }
            for expression in ["`${v}`", "\"\" + v", "v + \"\"", "let s = \"x\"; s += v; s", "to_string(v)", "[v, v]", "#{v: v}.to_json()"]
            {
                hold(&ours, &theirs, &format!("let v = {value}; {expression}"));
            }
            for other in values {
                hold(&ours, &theirs, &format!("{value} == {other}"));
                hold(&ours, &theirs, &format!("{value} != {other}"));
                hold(&ours, &theirs, &format!("[{value}] == [{other}]"));
                hold(&ours, &theirs, &format!("[{value}].contains({other})"));
            }
        }
    }

    #[test]
    fn arrays_are_sorted_as_they_were_and_an_order_that_is_none_is_no_fault() {
        let (ours, theirs) = (guarded(), Engine::new());
        for list in ["[]", "[1]", "[3, 1, 2]", "[\"b\", \"a\", \"c\"]", "[5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5]"] {
            for by in ["|a, b| a - b", "|a, b| b - a", "|a, b| a < b", "|a, b| 0", "|a, b| ()", "|a, b| throw 1"] {
                hold(&ours, &theirs, &format!("let a = {list}; a.sort({by}); a"));
                hold(&ours, &theirs, &format!("{list}.order({by})"));
            }
        }
        let none = "let a = []; for n in 0..60 { a.push((n * 7919) % 61); } a.sort(|a, b| if a % 2 == 0 { -1 } else { b - a }); a.len";
        assert_eq!(ours.eval(none).unwrap().as_int(), Ok(60));
    }

    #[test]
    fn what_would_not_is_an_error() {
        let long = r#"let s = "x"; s.pad(900, "x");"#;
        let deep = "let a = 1; for n in 0..1000 { a = [a]; }";
        for (script, error) in [
            (r#"let s = "ab"; s.pad(7, ""); s"#.to_owned(), "nothing to pad with"),
            (r#"let s = "ab"; s.pad(2000, "x"); s"#.to_owned(), "too large"),
            (r#"let s = "ab"; s.pad(999, "é"); s"#.to_owned(), "too large"),
            (r#"let s = "ab"; s.pad(9223372036854775807, "x"); s"#.to_owned(), "too large"),
            (r#"let s = "ab"; s.pad(9223372036854775807, 'x'); s"#.to_owned(), "too large"),
            (r#"let s = "abcdefghij"; for n in 0..9 { s.replace("", s); } s"#.to_owned(), "too large"),
            (format!(r#"{long} s.split("x")"#), "too large"),
            (format!(r"{long} s.split('x')"), "too large"),
            (format!(r#"{long} s.split("x", 500)"#), "too large"),
            (format!(r#"{long} s.split_rev("")"#), "too large"),
            (format!("{long} s.to_chars()"), "too large"),
            (format!("{long} s.to_blob()"), "too large"),
            (format!("{long} [s, s].to_string()"), "too large"),
            ("let a = []; a.pad(9223372036854775807, [1, 2, 3]);".to_owned(), "too large"),
            ("let a = []; a.pad(90, [1, 2, 3]);".to_owned(), "too large"),
            (r#"let s = "0"; for n in 0..150 { s += ",0"; } parse_json("[" + s + "]")"#.to_owned(), "too large"),
        ] {
            let told = guarded().eval(&script).unwrap_err().to_string();
            assert!(told.contains(error), "{script}: {told}");
        }
        let mut roomy = guarded();
        roomy.engine.set_max_array_size(100_000);
        for use_ in ["a.to_string()", "to_debug(a)", "let b = a; a == b", "let b = a; a != b", "#{a: a}.to_json()", "[a].contains(a)"] {
            let told = roomy.eval(&format!("{deep} {use_}")).unwrap_err().to_string();
            assert!(told.contains("nested deeper"), "{use_}: {told}");
        }
    }
}
