//! Each native against the engine: over many arguments, an answer must be the engine's, and plain success must be answered.

use rhai::{AST, Dynamic, Engine, Scope};

use super::{Native, find, property, shared, tables};
use crate::datum::{Datum, json};
use crate::script::convert::{from_rhai, to_rhai};
use crate::script::engine::engine;
use crate::script::watch::Watch;
use crate::script::winding::{Desk, Setting};

/// The engine that scripts run in, and the call under test.
struct Oracle {
    engine: Engine,
    call: AST,
}

impl Oracle {
    /// `method` calls `a.name(b)`, else it is a property, or the call `name(a, b)` where it takes no receiver.
    fn of(native: &Native, is_property: bool) -> Self {
        let engine = engine(&Desk::new(Setting::default()), &Watch::new());
        let names = ["a", "b", "c", "d"];
        let given = names[..native.args].join(", ");
        let rest = names[..native.args].get(1..).unwrap_or_default().join(", ");
        let (name, call) = (native.name, &engine);
        let code = match native.args {
            0 => format!("fn asked() {{ [{name}(), ()] }}"),
            1 if is_property => format!("fn asked(a) {{ let r = a.{name}; [r, a] }}"),
            _ => format!("fn asked({given}) {{ let r = a.{name}({rest}); [r, a] }}"),
        };
        let call = call.compile(code).unwrap();
        Self { engine, call }
    }

    /// Result and receiver afterwards.
    fn ask(&self, args: &[Datum]) -> Option<String> {
        let args: Vec<Dynamic> = args.iter().map(to_rhai).collect();
        let result = self.engine.call_fn::<Dynamic>(&mut Scope::new(), &self.call, "asked", args).ok()?;
        Some(result.read_lock::<rhai::Array>().unwrap().iter().map(shown).collect::<Vec<_>>().join(" and "))
    }
}

/// A value in all its detail.
fn shown(value: &Dynamic) -> String {
    match from_rhai(value.clone()) {
        Ok(datum) => format!("{datum:?}"),
        Err(_) => format!("{value:?}"),
    }
}

fn ours(native: &Native, args: &[Datum]) -> Option<String> {
    let mut args = args.to_vec();
    let result = (native.call)(&mut args)?;
    let receiver = args.first().cloned().unwrap_or_default();
    Some([result, receiver].iter().map(|datum| shown(&to_rhai(datum))).collect::<Vec<_>>().join(" and "))
}

/// Values of all kinds, plain and odd.
fn values() -> Vec<Datum> {
    let mut values: Vec<Datum> = [
        "null",
        "true",
        "0",
        "1",
        "2",
        "3",
        "-1",
        "-2",
        "7",
        "16",
        "36",
        "37",
        "100",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "1.50",
        "-2.5",
        "0.0",
        "-0.0",
        "1e300",
        "123456.789",
        "0.1",
        "18446744073709551616",
        "1.23456789012345678901",
        r#""""#,
        r#""a""#,
        r#""abc""#,
        r#"" Two words ""#,
        r#""a,b,,c""#,
        r#"",""#,
        r#""ÉlanŽ ßİ\u0001\"""#,
        r#""12""#,
        r#"" -7f ""#,
        r#""1.5e3""#,
        r#""nan""#,
        "[]",
        "[1]",
        "[3, 1, 2, 2]",
        r#"["b", "a", "a"]"#,
        "[1, 1.0, true, null, \"1\"]",
        "[2.5, 1.5, 0.5]",
        "[2.50, 1]",
        "[true, false]",
        r#"[{"b": 1, "a": [2]}, [1]]"#,
        "[null, null]",
        "{}",
        r#"{"b": 1, "a": "x", "len": 1.50}"#,
        r#"{"a": {"y": [1.0, null], "x": "é\n"}, "1": true}"#,
    ]
    .iter()
    .map(|text| json::read(text).unwrap())
    .collect();
    values.push(Datum::Float(f64::NAN));
    values.push(Datum::Float(f64::INFINITY));
    values.push(Datum::Float(9.3e18));
    values.push(Datum::Raw(r#"{"q":[1,{"r":2}],"b":"\u00e9"}"#.into()));
    values.push(Datum::Raw("[ 5, 4 ]".into()));
    values.push(Datum::Bytes([1, 2].as_slice().into()));
    values
}

/// Few of each kind, for natives of many arguments.
fn few() -> Vec<Datum> {
    [
        "null",
        "0",
        "2",
        "-2",
        "5",
        "1.5",
        r#""""#,
        r#""a""#,
        r#""a b a""#,
        r#""čaša""#,
        "[]",
        "[1, 2, 3, 4]",
        "[\"a\", \"b\"]",
        "[{}]",
        r#"{"a": 1}"#,
    ]
    .iter()
    .map(|text| json::read(text).unwrap())
    .collect()
}

/// All lists of so many of these values, each handed to `each`.
fn combine(values: &[Datum], places: usize, args: &mut Vec<Datum>, each: &mut dyn FnMut(&[Datum])) {
    if places == 0 {
        return each(args);
    }
    for value in values {
        args.push(value.clone());
        combine(values, places - 1, args, each);
        args.pop();
    }
}

/// Padding with nothing never ends in Rhai.
fn never_ends(native: &Native, args: &[Datum]) -> bool {
    native.name == "pad" && args[0].as_str().is_some() && args[2].as_str() == Some("")
}

fn hold(native: &Native, is_property: bool) {
    let oracle = Oracle::of(native, is_property);
    let (mut answered, mut left) = (0, Vec::new());
    // For who looks for what is worth answering, too.
    let shows = std::env::var_os("DEADBEAT_SHOW_LEFT").is_some();
    let values = match native.args {
        0..=2 => values(),
        3 => few().into_iter().chain([Datum::Raw("[6,5,4]".into()), Datum::from(-1), Datum::from(1)]).collect(),
        _ => few().split_off(2).into_iter().step_by(2).collect(),
    };
    combine(&values, native.args, &mut Vec::new(), &mut |args| {
        if never_ends(native, args) {
            assert!(ours(native, args).is_none() || args[1].as_int().is_some_and(|wanted| wanted <= 5));
            return;
        }
        match ours(native, args) {
            Some(ours) => {
                let theirs = oracle.ask(args);
                assert_eq!(Some(&ours), theirs.as_ref(), "{}({args:?})", native.name);
                answered += 1;
                let (_, after) = ours.split_once(" and ").unwrap();
                if !native.changes_first && native.args > 0 {
                    assert_eq!(after, shown(&to_rhai(&args[0])), "{} changes {:?}", native.name, args[0]);
                }
            }
            None if shows => left.extend(oracle.ask(args).map(|theirs| format!("{args:?} -> {theirs}"))),
            None => {}
        }
    });
    assert!(answered > 0, "{} with {} arguments never answers", native.name, native.args);
    for left in left {
        eprintln!("{} leaves {left}", native.name);
    }
}

#[test]
fn an_answer_is_the_engines() {
    for native in tables().flatten() {
        hold(native, false);
    }
}

#[test]
fn a_property_is_the_engines() {
    for native in shared::PROPERTIES {
        hold(native, true);
    }
}

/// A call as it stands in scripts, over data as JSON: it must be answered, and as the engine does.
#[test]
fn plain_success_is_answered() {
    for (name, args) in [
        ("len", r#"["abc"]"#),
        ("len", "[[1, 2]]"),
        ("len", r#"[{"a": 1}]"#),
        ("is_empty", r#"[""]"#),
        ("contains", r#"["abc", "b"]"#),
        ("contains", r#"[["x", "y"], "y"]"#),
        ("contains", r#"[{"a": 1}, "a"]"#),
        ("contains", "[[1, 2.0, null], 2]"),
        ("starts_with", r#"["abc", "a"]"#),
        ("ends_with", r#"["abc", "c"]"#),
        ("index_of", r#"["čaša", "š"]"#),
        ("index_of", r#"["čaša", "a", -1]"#),
        ("index_of", r"[[1, 2, 1], 1, 1]"),
        ("sub_string", r#"["čaša", 1]"#),
        ("sub_string", r#"["čaša", -3, 2]"#),
        ("crop", r#"["čaša", 1, 2]"#),
        ("split", r#"["a b  c"]"#),
        ("split", r#"["a.b.c", "."]"#),
        ("split", r#"["a.b.c", ".", 2]"#),
        ("split", r#"["abc", ""]"#),
        ("split", r#"["abc", 1]"#),
        ("split_rev", r#"["a.b.c", "."]"#),
        ("to_upper", r#"["Straße"]"#),
        ("to_lower", r#"["ČAŠA"]"#),
        ("make_lower", r#"["ČAŠA"]"#),
        ("trim", r#"["  x "]"#),
        ("replace", r#"["a.b.c", ".", "::"]"#),
        ("replace", r#"["abc", "", "-"]"#),
        ("pad", r#"["7", 3, "ab"]"#),
        ("remove", r#"["a-b-c", "-"]"#),
        ("append", r#"["n=", 1.0]"#),
        ("to_string", "[1.0]"),
        ("to_string", "[1e300]"),
        ("to_string", r#"[[1, "a", null, 1.5, {"b": true, "a": 2.0}]]"#),
        ("to_int", "[-3.7]"),
        ("to_float", "[3]"),
        ("parse_int", r#"[" 42 "]"#),
        ("parse_int", r#"["ff", 16]"#),
        ("parse_float", r#"["1e3"]"#),
        ("abs", "[-3]"),
        ("max", "[1, 2.5]"),
        ("min", r#"["a", "b"]"#),
        ("push", "[[1], 2]"),
        ("push", r#"[[1], {"a": [1]}]"#),
        ("pop", r#"[[1, {"a": 1}]]"#),
        ("shift", "[[1, 2]]"),
        ("insert", "[[1, 2], 1, 5]"),
        ("remove", "[[1, 2], 0]"),
        ("remove", r#"[{"a": 1, "b": 2}, "a"]"#),
        ("extract", "[[1, 2, 3], 1, 1]"),
        ("splice", r#"[[1, 2, 3], 1, 1, ["x", "y"]]"#),
        ("reverse", "[[1, 2, 3]]"),
        ("sort", "[[3, 1, 2]]"),
        ("sort", r#"[["b", "a"]]"#),
        ("dedup", "[[1, 1, 2, 1]]"),
        ("append", "[[1], [2]]"),
        ("truncate", "[[1, 2, 3], 2]"),
        ("chop", "[[1, 2, 3], 2]"),
        ("keys", r#"[{"b": 1, "a": 2}]"#),
        ("values", r#"[{"b": 1.50, "a": 2}]"#),
        ("get", r#"[{"b": 1.50}, "b"]"#),
        ("set", r#"[{"b": 1.50}, "c", [1]]"#),
        ("mixin", r#"[{"b": 1, "a": 2}, {"c": 1, "b": 2}]"#),
        ("fill_with", r#"[{"b": 1, "a": 2}, {"c": 1, "b": 2}]"#),
        ("to_json", r#"[{"b": "\u0007é/", "a": [1.0, null, -0.25]}]"#),
        ("type_of", "[1.5]"),
        ("type_of", "[18446744073709551616]"),
    ] {
        let args = json::read(args).unwrap();
        let args = args.as_list().unwrap();
        let native = find(name, args.len()).unwrap_or_else(|| panic!("no {name} with {} arguments", args.len()));
        let ours = ours(native, args);
        assert!(ours.is_some(), "{name}({args:?}) is not answered");
        assert_eq!(ours, Oracle::of(native, false).ask(args), "{name}({args:?})");
    }
}

#[test]
fn a_property_of_a_map_is_not_answered() {
    let map = json::read(r#"{"len": 7, "floor": 1}"#).unwrap();
    for native in shared::PROPERTIES {
        assert!((property(native.name).unwrap().call)(&mut [map.clone()]).is_none(), "{}", native.name);
    }
}

#[test]
fn sizes_near_the_limits_are_left() {
    let call = |name: &str, args: &mut [Datum]| (find(name, args.len()).unwrap().call)(args);
    let long = Datum::from("x".repeat(super::LONGEST));
    assert!(call("append", &mut [long.clone(), Datum::from("y")]).is_none());
    assert!(call("replace", &mut [long.clone(), Datum::from(""), long.clone()]).is_none());
    assert!(call("pad", &mut [Datum::from("x"), Datum::from(i64::MAX), Datum::from("y")]).is_none());
    assert!(call("split", &mut [long.clone(), Datum::from("")]).is_none());
    let full = Datum::List(vec![Datum::Unit; super::MOST]);
    assert!(call("push", &mut [full.clone(), Datum::Unit]).is_none());
    assert!(call("append", &mut [full.clone(), Datum::List(vec![Datum::Unit])]).is_none());
    // A list pushed into itself doubles each time.
    let mut grown = Datum::List(vec![Datum::from(1)]);
    let ended = (0..64).any(|_| {
        let mut args = [grown.clone(), grown.clone()];
        let ended = call("push", &mut args).is_none();
        grown = std::mem::take(&mut args[0]);
        ended
    });
    assert!(ended);
}
