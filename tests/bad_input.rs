//! Bad options and bad data of every cog of the table, whatever it does: each is told clearly, and none makes a cog panic.
//!
//! All of it is derived from the table, so that a new cog is covered as soon as it stands there.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use deadbeat::cog::{CogSpec, Kind, Lit, OnError, Param, Ty};
use deadbeat::datum::{Datum, Map, Text, json};
use deadbeat::script::report::Report;
use deadbeat::script::{Setting, wind_text};

use crate::compliance::{Stand, makes};
use crate::examples::all;
use crate::rig::{Rig, root};

// --- options --------------------------------------------------------------------------------------------------------

/// Whether an option of that kind may take a value.
type Fits = fn(Ty) -> bool;

/// Values as a script writes them, with the kinds of options that may take such a one.
const VALUES: &[(&str, Fits)] = &[
    ("()", |ty| ty == Ty::Unit),
    ("true", |ty| matches!(ty, Ty::Bool | Ty::Predicate)),
    ("7", |ty| matches!(ty, Ty::Int | Ty::Number | Ty::Size | Ty::Seconds | Ty::Mode) || is_accessor(ty)),
    ("-1", |ty| ty == Ty::Number || is_accessor(ty)),
    ("1.5", |ty| matches!(ty, Ty::Number | Ty::Seconds)),
    ("\"odd \\x01 one\"", |ty| matches!(ty, Ty::Str | Ty::Strs | Ty::Separator | Ty::Octets) || is_accessor(ty)),
    ("\"xy\"", |ty| matches!(ty, Ty::Str | Ty::Strs | Ty::Separator | Ty::Octets) || is_accessor(ty)),
    ("'x'", |ty| matches!(ty, Ty::Char | Ty::Str | Ty::Strs | Ty::Separator | Ty::Octets) || is_accessor(ty)),
    ("\"\"", |ty| matches!(ty, Ty::Str | Ty::Strs | Ty::Octets) || is_accessor(ty)),
    ("blob(2)", |ty| matches!(ty, Ty::Separator | Ty::Octets)),
    ("[true]", |ty| ty == Ty::Items),
    ("[\"a\", 1.5]", |ty| ty == Ty::Items),
    ("#{ zz: true }", |ty| matches!(ty, Ty::Map | Ty::Entries)),
    ("|a, b, c, d| a", |ty| is_accessor(ty) || matches!(ty, Ty::Predicate | Ty::Func | Ty::Cog | Ty::Keeper(_))),
    ("uuidsetter", |ty| ty == Ty::Setter),
    ("selfgetter", |ty| matches!(ty, Ty::Getter | Ty::Func)),
    ("movement::null_drain()", |ty| ty == Ty::Cog),
    // Nothing can be sent there.
    ("movement::tick_supply()", |_| false),
];

/// Those of them that are no plain data.
const CALLED: &[&str] = &["|a, b, c, d| a", "uuidsetter", "selfgetter", "movement::null_drain()", "movement::tick_supply()"];

fn is_accessor(ty: Ty) -> bool {
    matches!(ty, Ty::Getter | Ty::Setter | Ty::Deleter)
}

/// Whether an option may take such a value, as far as its declaration tells.
fn may_take(param: &Param, value: &str, fits: Fits) -> bool {
    let one = |ty: &Ty| *ty == Ty::Callable || *ty == Ty::Plain && !CALLED.contains(&value) || fits(*ty);
    param.default == Lit::Unit && fits(Ty::Unit)
        || match param.ty {
            Ty::Either(all) => all.iter().any(one),
            ty => one(&ty),
        }
}

/// A call of the constructor as in the cog's first example, or what it needs at least, and this option besides.
fn call(spec: &CogSpec, make: &str, option: &str, value: &str) -> String {
    let (constructor, rest) = make.split_once('(').expect("it is a call");
    let inner = rest.strip_suffix(')').expect("it is a call");
    // What stands before the map of options, and that map.
    let (before, map) = match inner.ends_with('}').then(|| last_map(inner)).flatten() {
        Some(at) => inner.split_at(at),
        None => (inner, "#{}"),
    };
    // A map given alone may be the first option itself.
    let is_first = before.is_empty()
        && spec.first.is_some_and(|first| {
            let takes = spec.params.iter().any(|param| param.name == first && matches!(param.ty, Ty::Map | Ty::Entries | Ty::Callable));
            takes && !map.contains(&format!("{first}:"))
        })
        && inner.ends_with('}');
    let (before, map) = if is_first { (format!("{map}, "), "#{}") } else { (before.to_owned(), map) };
    let before = match before.trim_end().trim_end_matches(',') {
        "" => String::new(),
        _ if spec.first == Some(option) => String::new(),
        before => format!("{before}, "),
    };
    format!("{{ let o = {map}; o[\"{option}\"] = {value}; {constructor}({before}o) }}")
}

/// Where the map begins with whose end the text ends.
fn last_map(text: &str) -> Option<usize> {
    let mut depth = 0;
    let found = text.char_indices().rev().find(|(_, letter)| {
        depth += i32::from(*letter == '}') - i32::from(*letter == '{');
        depth == 0
    });
    let at = found?.0.checked_sub(1)?;
    text[at..].starts_with("#{").then_some(at)
}

/// What winding a script of these lines tells, by line.
fn told(lines: &[String]) -> Vec<Vec<Report>> {
    let script: String = lines.iter().fold(String::new(), |mut script, line| {
        let _ = writeln!(script, "{line};");
        script
    });
    let reports = match wind_text("bad.rhai", &script, root(), Setting::default()) {
        Ok(wound) => wound.reports,
        Err(reports) => reports,
    };
    let mut by_line = vec![Vec::new(); lines.len()];
    for report in reports.into_iter().filter(|report| !report.warning && report.code != "D0303") {
        let place = report.place.as_ref().unwrap_or_else(|| panic!("{} has no place", report.render(false)));
        assert_eq!(place.source.name, "bad.rhai", "{}", report.render(false));
        by_line[place.line - 1].push(report);
    }
    by_line
}

fn render(reports: &[Report]) -> String {
    reports.iter().map(|report| report.render(false)).collect()
}

/// The first way to make each cog.
fn first_make(spec: &CogSpec) -> String {
    makes(spec, "dir")[0].0.clone()
}

#[test]
fn a_value_of_a_wrong_kind_is_told_with_cog_option_and_line() {
    for spec in all() {
        let make = first_make(spec);
        let cases: Vec<_> = spec
            .all_params()
            .flat_map(|param| VALUES.iter().map(move |(value, fits)| (param, *value, may_take(param, value, *fits))))
            .collect();
        let lines: Vec<String> = cases.iter().map(|(param, value, _)| call(spec, &make, param.name, value)).collect();
        for (((param, value, may), reports), line) in cases.iter().zip(told(&lines)).zip(&lines) {
            let hidden = |letter: char| letter.is_control() && letter != '\n';
            assert!(!reports.iter().any(|report| report.text.contains(hidden)), "{line}\n{}", render(&reports));
            // Of a closure that cannot be called so, it is told which one it is; one that stands for a cog is a cog of its own.
            let named = |report: &Report| report.text.contains(param.name) || report.code == "D0204";
            let of_it = |report: &Report| report.text.contains(spec.name) || report.text.contains("`movement::cog`");
            let about_it = |report: &Report| named(report) && of_it(report);
            if *may {
                // It may be refused for what it is, but not without saying which option that is.
                assert!(reports.iter().all(about_it), "{line}\n{}", render(&reports));
                continue;
            }
            let found = reports.iter().find(|report| report.text.contains(&format!("`{}", param.name)));
            let found = found.unwrap_or_else(|| panic!("{}: `{}` takes {value}\n{line}\n{}", spec.path(), param.name, render(&reports)));
            assert!(matches!(found.code, "D0202" | "D0204" | "D0201" | "D0314"), "{line}\n{}", render(&reports));
            assert!(found.text.contains(&spec.path()), "{line}\n{}", render(&reports));
        }
    }
}

#[test]
fn the_options_of_a_cog_say_what_they_take() {
    let page = |name: &str| Rig::new().command(["cogs", name]).run().expect_status(0).stdout;
    for (name, line) in [
        ("twist::hash", "  key (string|blob; ())"),
        ("twist::throttle", "  rate (number; required)"),
        ("twist::sample", "  rate (number; ())"),
        ("text::regexp_lexicon", "  rules (array; required)"),
        ("twist::window_context_mgr", "  ctx_close (closure |ctx, key, start, end|; ())"),
        ("email::maildir_drain", "  mode (permissions; \"0640\")"),
        ("email::maildir_drain", "  permissions: permissions (0o640 or \"0640\")"),
    ] {
        assert!(page(name).lines().any(|told| told == line), "{name}: {line}\n{}", page(name));
    }
}

#[test]
fn an_unknown_option_is_told_with_the_nearest_one() {
    for spec in all() {
        let make = first_make(spec);
        let params: Vec<&Param> = spec.all_params().collect();
        let misspelt = |param: &&Param| format!("x{}", param.name);
        let mut lines: Vec<String> = params.iter().map(|param| call(spec, &make, &misspelt(param), "1")).collect();
        lines.push(call(spec, &make, "quite_another_thing", "1"));
        let told = told(&lines);
        for (param, reports) in params.iter().zip(&told) {
            let wanted = format!("`{}` has no option `{}`", spec.path(), misspelt(param));
            let found = reports.iter().find(|report| report.code == "D0201" && report.text == wanted);
            let hint = found.unwrap_or_else(|| panic!("{wanted}\n{}", render(reports))).hint.as_deref().unwrap_or_default();
            assert_eq!(hint, format!("did you mean `{}`?", param.name), "{wanted}");
        }
        let hint = told[params.len()].iter().find(|report| report.code == "D0201").and_then(|report| report.hint.clone());
        let hint = hint.unwrap_or_else(|| panic!("{}: {}", spec.path(), render(&told[params.len()])));
        assert!(params.iter().all(|param| hint.contains(param.name)), "{}: {hint}", spec.path());
    }
}

#[test]
fn missing_options_are_told_all_at_once() {
    for spec in all() {
        let required: Vec<&Param> = spec.params.iter().filter(|param| param.default == Lit::Required).collect();
        let constructor = if spec.global { spec.name.to_owned() } else { spec.path() };
        let told = told(&[format!("{constructor}()")]);
        for param in &required {
            let found =
                told[0].iter().find(|report| report.code == "D0203" && report.text.contains(&format!("`{}` is missing", param.name)));
            let found = found.unwrap_or_else(|| panic!("{}: `{}`: {}", spec.path(), param.name, render(&told[0])));
            assert!(found.text.contains(&spec.path()), "{}", found.text);
        }
        if required.is_empty() {
            continue;
        }
        assert_eq!(told[0].len(), required.len(), "{}: {}", spec.path(), render(&told[0]));
    }
}

#[test]
fn with_bad_options_nothing_starts() {
    let mut script = String::from("let train = movement::train();\nlet all = [];\n");
    for spec in all() {
        let _ = writeln!(script, "all.push({});", call(spec, &first_make(spec), "quite_another_thing", "1"));
    }
    script += "train.update(fs::stdin_supply() |> fs::line_file_drain(\"out.txt\"));\ntrain.run();\n";
    let outcome = Rig::new().script("bad.rhai", &script).stdin("a line\n").run().expect_status(2).expect_stdout("");
    for spec in all() {
        assert!(outcome.stderr.contains(&format!("`{}` has no option `quite_another_thing`", spec.path())), "{}", spec.path());
    }
    assert!(outcome.stderr.ends_with("nothing was run\n"), "{}", outcome.stderr);
    assert!(!outcome.path("out.txt").exists());
}

// --- data -----------------------------------------------------------------------------------------------------------

/// Pieces that hardly any cog can do something with.
fn pieces() -> Vec<(&'static str, Datum)> {
    let deep = (0..300).fold(Datum::Unit, |inner, n| match n % 2 {
        0 => Datum::List(vec![inner]),
        _ => Datum::Map(Map::from_iter([("k".into(), inner)])),
    });
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    vec![
        ("nothing", Datum::Unit),
        ("truth", Datum::Bool(true)),
        ("a number", Datum::Int(7)),
        ("the least number", Datum::Int(i64::MIN)),
        ("no number", Datum::Float(f64::NAN)),
        ("endless", Datum::Float(f64::NEG_INFINITY)),
        ("many digits", Datum::Number(Text::from("-123456789012345678901234567890"))),
        ("a great exponent", Datum::Number(Text::from("1e999999999"))),
        ("empty text", Datum::str("")),
        ("a blank", Datum::str(" ")),
        ("odd text", Datum::str("\u{feff}\0\u{1b}[31m\"',;|\r\n\t<%{{ }}%>\u{202e}é")),
        ("an open quote", Datum::str("\"{[")),
        ("much text", Datum::from("\u{1b}x".repeat(20_000))),
        ("no text", Datum::Bytes(Rc::from([0xff, 0x00, 0xfe, 0x80, 0x22, 0x0a, 0xc3]))),
        ("many bytes", Datum::Bytes((0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect())),
        ("no bytes", Datum::Bytes(Rc::from([]))),
        ("an empty list", Datum::List(Vec::new())),
        ("a list", Datum::List(vec![Datum::Int(1), Datum::str("a"), Datum::Unit])),
        ("an empty map", Datum::Map(Map::new())),
        ("a map", Datum::Map(Map::from_iter([("\n".into(), Datum::Int(1)), ("".into(), Datum::Bool(false))]))),
        ("something deep", deep),
        ("raw", Datum::Raw(Text::from("{\"a\":[1,{}],\"a\":\"\\ud800\"}"))),
        ("raw and deep", Datum::Raw(Text::from(nested.as_str()))),
    ]
}

/// The pieces themselves, and the example's own input with each of its fields replaced by each piece, and left out.
fn data(input: &str) -> Vec<(String, Datum)> {
    let mut data: Vec<(String, Datum)> = pieces().into_iter().map(|(what, piece)| (what.to_owned(), piece)).collect();
    let own = if input.is_empty() { Datum::Unit } else { json::read(input).expect("an example's input is JSON") };
    let own = own.opened().into_owned();
    let Datum::Map(map) = &own else { return data };
    for (key, _) in map.iter() {
        let others = || map.iter().filter(|(other, _)| *other != key).map(|(key, value)| (key.clone(), value.clone()));
        data.push((format!("`{key}` left out"), Datum::Map(others().collect())));
        for (what, piece) in pieces() {
            data.push((format!("`{key}`: {what}"), Datum::Map(others().chain([(key.clone(), piece)]).collect())));
        }
    }
    data
}

/// All cogs that are given data, each way to make them, with its input.
fn given_data(dir: &str) -> Vec<(&'static CogSpec, String, &'static str)> {
    let mut found = Vec::new();
    for spec in all().filter(|spec| spec.kind != Kind::Supply && spec.name != "stdout_drain") {
        for (make, input, _) in makes(spec, dir) {
            // What needs no input begins events itself.
            if !input.is_empty() {
                found.push((spec, make, input));
            }
        }
    }
    found
}

/// Longest text of an error: the offending piece has 200 letters at most, some of them escaped; what else is said is short.
const LONGEST: usize = 900;

#[test]
fn no_datum_makes_a_cog_panic_and_each_is_accounted_for() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let ways = [None, Some(OnError::Log), Some(OnError::Drop), Some(OnError::Pass), Some(OnError::Stop), Some(OnError::Route(1))];
    for (spec, make, input) in given_data(dir.path().to_str().expect("it is text")) {
        for way in &ways {
            let mut stand = Stand::with(&make, *way);
            let data = data(input);
            let (mut failed, mut passed) = (0, 0);
            for ((what, datum), number) in data.iter().zip(0..) {
                let (errors, out) = (stand.seat.stats.errors, stand.out);
                stand.give(datum.clone(), number);
                let fails = stand.seat.stats.errors - errors;
                failed += fails;
                passed += if fails > 0 { stand.out - out } else { 0 };
                match way {
                    Some(OnError::Pass) => assert!(fails == 0 || stand.out > out, "{make}: {what}: nothing was passed on"),
                    Some(OnError::Stop) => assert_eq!(stand.seat.stop.take().is_some(), fails > 0, "{make}: {what}"),
                    _ => assert_eq!(stand.seat.stop, None, "{make}: {what}"),
                }
            }
            stand.finish_within(Duration::from_millis(200));
            let books = stand.books.balance();
            assert_eq!(books.in_flight, 0, "{make}: {way:?}: {books:?}");
            assert_eq!(
                books.born + books.split,
                books.delivered + books.filtered + books.failed + books.merged + books.dead,
                "{make}: {books:?}"
            );
            match way {
                Some(OnError::Drop | OnError::Pass) => assert_eq!(books.failed, 0, "{make}: {way:?}: {books:?}"),
                Some(OnError::Route(_)) => assert_eq!((books.failed, stand.letters.len() as u64), (0, stand.seat.stats.errors), "{make}"),
                _ => assert!(books.failed >= failed, "{make}: {way:?}: {books:?}, of {failed}"),
            }
            // A drain and a window send on later what they were given before.
            let later = matches!(spec.kind, Kind::Drain | Kind::Window);
            assert!(passed == 0 || later || *way == Some(OnError::Pass), "{make}: {way:?}: {passed} went on that had failed");
            for letter in &stand.letters {
                check(&make, letter);
            }
        }
    }
}

/// A dead letter says what it should, and its error is clear.
fn check(make: &str, letter: &Datum) {
    let letter = letter.as_map().expect("a letter is a map");
    let text = |key: &str| letter.by_name(key).and_then(Datum::as_str).unwrap_or_else(|| panic!("{make}: no `{key}` in {letter:?}"));
    let (error, reason) = (text("error"), text("reason"));
    assert!(!text("cog").is_empty() && text("id").contains('#'), "{make}: {error}");
    assert!(letter.by_name("data").is_some(), "{make}: {error}");
    assert!(matches!(reason, "missing" | "kind" | "data" | "script"), "{make}: {reason}: {error}");
    assert!(!error.is_empty() && !error.chars().any(char::is_control), "{make}: {error:?}");
    assert!(error.chars().count() <= LONGEST, "{make}: {} letters: {error}", error.chars().count());
    for debug in ["Some(", "Str(", "Int(", "Map {", "Error {", "Text(", "Utf8Error", "panic", "called `"] {
        assert!(!error.contains(debug), "{make}: {error}");
    }
    for quoted in error.split('`').skip(1).step_by(2) {
        let letters = quoted.chars().count();
        // An escaped letter has up to eight.
        assert!(letters <= 201 || quoted.contains('\\') && letters <= 8 * 201, "{make}: a piece of {letters} letters: {error}");
    }
}

/// Lines of JSON that are no good to most cogs.
const LINES: &[&str] = &["{}", "7", "null", "[]", "\"\\u0000\\u001b[31m\\n{{\""];

#[test]
fn a_failed_datum_is_logged_with_its_event_and_the_cog() {
    let mut script = String::from("let train = movement::train();\nlet lines = fs::stdin_supply() |> text::json_parse();\n");
    let mut wanted = Vec::new();
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let place = dir.path().to_str().expect("it is text");
    for ((spec, make, _), number) in given_data(place).into_iter().zip(0..) {
        let mut stand = Stand::with(&make, Some(OnError::Drop));
        for (line, id) in LINES.iter().zip(0..) {
            let before = stand.seat.stats.errors;
            stand.give(json::read(line).expect("it is JSON"), id);
            if stand.seat.stats.errors > before {
                wanted.push((format!("deadbeat: error: stdin_supply#{id}: n{number}n: "), make.clone()));
            }
        }
        stand.finish_within(Duration::ZERO);
        let make = makes(spec, "dir").iter().map(|(make, ..)| make.clone()).find(|own| make == *own).unwrap_or_else(|| first_make(spec));
        let _ =
            writeln!(script, "train.update(lines |> {} |> movement::null_drain());", call(spec, &make, "name", &format!("\"n{number}n\"")));
    }
    assert!(wanted.len() > LINES.len() * 20, "{wanted:?}");
    script += "train.run();\n";
    let outcome = Rig::new().script("bad.rhai", &script).stdin(LINES.join("\n") + "\n").run().expect_status(0).expect_stdout("");
    for (start, make) in &wanted {
        let line = outcome.stderr.lines().find_map(|line| line.strip_prefix(start.as_str()));
        let line = line.unwrap_or_else(|| panic!("{make}: no `{start}` in\n{}", outcome.stderr));
        assert!(line.chars().count() > 3 && line.chars().count() < LONGEST && !line.contains(char::is_control), "{make}: {line}");
    }
    assert!(!outcome.stderr.contains("panic"), "{}", outcome.stderr);
}
