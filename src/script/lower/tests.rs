//! Both roads side by side: what is lowered must give what the interpreter gives, or leave it to that.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rhai::FnPtr;

use crate::cog::Callback;
use crate::datum::{Datum, json};
use crate::error::Result;
use crate::script::callback::ScriptFn;
use crate::script::host::Host;
use crate::script::watch::{Limits, Watch};
use crate::script::winding::Desk;
use crate::script::{Setting, engine, libraries};

/// A function of a script whose value it is, lowered or not.
pub(super) struct Case {
    pub host: Rc<Host>,
    pub function: ScriptFn,
}

impl Case {
    pub(super) fn new(script: &str, lowers: bool) -> Self {
        let source = Rc::new(libraries::source("t.rhai", script.to_owned()));
        let desk = Desk::new(Setting::default());
        let watch = Watch::new();
        let mut engine = engine::engine(&desk, &watch);
        let tree = engine.compile(libraries::compilable(&source)).unwrap_or_else(|error| panic!("{error} in {script}"));
        let libraries = libraries::load(&mut engine, &tree, &source, (Path::new("."), &[])).unwrap();
        let host = Rc::new(Host::new(engine, tree, source, libraries, watch, lowers));
        desk.seat(&host);
        let value = host.evaluate(&mut rhai::Scope::new()).unwrap_or_else(|error| panic!("{error} in {script}"));
        let function = ScriptFn::new(&host, value.cast::<FnPtr>());
        Self { host, function }
    }

    /// What kept it back.
    pub(super) fn refusal(&self) -> Option<String> {
        self.host.told.borrow().values().find_map(|told| told.as_ref().err().map(|refusal| refusal.what.clone()))
    }

    fn call(&self, event: &Datum) -> String {
        shown(self.function.func().unwrap().call(event.clone()))
    }
}

fn shown(result: Result<Datum>) -> String {
    match result {
        Ok(datum) => json::to_string(&datum),
        Err(error) => format!("! {error}"),
    }
}

pub(super) fn event(text: &str) -> Datum {
    let options = json::ReadOptions { lazy: true, ..json::ReadOptions::default() };
    json::read_text(&text.into(), &options).unwrap()
}

/// The same by both roads; whether the native one did it.
#[track_caller]
fn both(script: &str, text: &str) -> bool {
    let native = Case::new(script, true);
    let slow = Case::new(script, false);
    let datum = event(text);
    let (a, b) = (native.call(&datum), slow.call(&datum));
    assert_eq!(a, b, "{script} on {text}; refused: {:?}", native.refusal());
    let eager = json::read(text).unwrap();
    assert_eq!(native.call(&eager), slow.call(&eager), "{script} on {text}, read before");
    if native.refusal().is_some() {
        return false;
    }
    // Whether the native road gave an answer of its own.
    let shape = super::Shape { this: native.function.takes_this(), params: native.function.arity().unwrap() };
    let lowered = super::lower(&native.host, native.function.fn_ptr(), shape).unwrap();
    let mut datum = datum;
    if shape.this {
        lowered.change(&mut datum, None, |result| native.function.accepts(result)).is_some()
    } else {
        lowered.give(&mut datum, None).is_some()
    }
}

const EVENT: &str = r#"{"id": 7, "name": "Ann", "ip": "192.0.2.1", "host": "a.example.org", "n": 1.50, "big": 18446744073709551616,
    "vals": [3, 14, 1, 59, 26], "tags": ["x", "y", "x"], "m": {"z": 1.0, "a": {"b": [1, {"c": 2}]}}, "t": true, "u": null, "e": "", "l": []}"#;

#[track_caller]
fn native(script: &str) {
    assert!(both(script, EVENT), "{script}: {:?}", refusal(script));
}

fn refusal(script: &str) -> Option<String> {
    let case = Case::new(script, true);
    let _ = case.function.func();
    case.refusal()
}

#[track_caller]
fn bails(script: &str) {
    assert!(!both(script, EVENT), "{script} is done natively");
}

#[test]
fn assignments_and_arithmetic() {
    for script in [
        "|| { this.bits = parse_int(\"12\") * 8; }",
        "|| this.a = this.n",
        "|| { this.n = this.n; this.id += 1; this.n *= 2; }",
        "|| { this.zz = 1; this.aa = 2; this.mm = 3; }",
        "|| { this.name = `${this.name}-${this.id}: ${this.n} ${this.t}${this.u}`; }",
        "|| { this.s = this.name + \":\" + this.id + this.u; this.q = this.id + \"x\"; }",
        "|| { this.remove(\"name\"); }",
        "|| { this.remove(\"nothing\"); this.x = this.remove(\"id\"); }",
        "|| { this.m.a.b[1].c = this.id; }",
        "|| { this.m.more = 1; this.m.z = 2; this.tags[-1] = \"last\"; }",
        "|| { this.c = this.m; this.d = this.tags; this.f = [1, this.n, this.m.z]; }",
        "|| { let m = this.m; m.q = 5; m.b = this.n; this.m = m; }",
        "|| { let m = this.m; m.q = 5; m.b = this.n; this.other = m; }",
        "|| { this.x = -this.id; this.y = !this.t; this.z = this.id ** 3 - 5 % 3 / 2; this.w = 7 / 2.0; }",
        "|| { this.x = this.id << 2 | 1 & 3 ^ 8 >> 1; }",
        "|| { this[\"x\"] = this[\"id\"]; let k = \"dyn\"; this[k + \"1\"] = 1; }",
        "|| { this.l += 1; this.l += [2, 3]; this.tags.push(\"z\"); this.e += \"more\"; this.e += 5; }",
        "|d| { d.x = d.id + 1; d }",
        "|d| d.id + d.n",
        "|d| #{id: d.id, zz: 1, name: d.name.to_lower(), aa: d.n, n: d.n}",
        "|d| #{id: d.id, m: d.m, x: d.vals}",
        "|d| [d.id, d.n, d.name]",
        "|d| [d, #{a: 1}]",
        "|d| d.m",
        "|d| d.host.split(\".\")[0]",
        "|d| d.host.split(\".\")[-1].len()",
        "|| { this.x = this.host.split(\".\").len() + this.name.len + this.tags.len(); }",
        "|| { let a = 1; { let a = 2; this.i = a; } this.o = a; }",
        "|| { this.x = this?.nothing?.more ?? \"none\"; this.y = this.m?.a?.b?[0]; }",
        "|d| d.nothing?.len() ?? d.name?.len()",
        "|d| { let x = d; x.id = 1; [x, d] }",
        "|d| { d = #{a: 1}; d }",
        "|| { if this.id == 7 { [] } else { () } }",
        "|| { return [this]; }",
        "|| { this.big2 = this.big; }",
        "|d| { let q; d.q = q; const Z = 3; d.z = Z; d }",
    ] {
        native(script);
    }
}

#[test]
fn whole_numbers_are_set_by_the_shortest_road_or_as_by_the_general_one() {
    let is_short = |script: &str| {
        let case = Case::new(script, true);
        let shape = super::Shape { this: case.function.takes_this(), params: case.function.arity().unwrap() };
        super::lower(&case.host, case.function.fn_ptr(), shape).unwrap().short.is_some()
    };
    let events = [
        r#"{"id": 7, "s": "12", "b": 3}"#,
        r#"{"s": " 12", "id": -7}"#,
        r#"{"s": "+12", "id": 7.0}"#,
        r#"{"s": "x", "id": 9223372036854775807}"#,
        r#"{"s": "", "id": "7"}"#,
        r#"{"s": 5, "id": -0}"#,
        r#"{"zz": 1}"#,
        "[1]",
        "7",
    ];
    for script in [
        "|| { this.bits = parse_int(this.s) * 8; }",
        "|| { this.s = parse_int(this.s); }",
        "|| { this.s = this.s.parse_int() }",
        "|| { this.z = this.id; this.a = this.id + 1; this.id = 1 - this.id; }",
        "|d| { d.z = d.id * d.id; d.c = 4; d }",
        "|d| { d.a = 1; }",
    ] {
        assert!(is_short(script), "{script}");
        for event in events {
            both(script, event);
        }
    }
    for script in [
        "|| { this.a = this.id; this.b = this.a; }",
        "|| { this.a = 1; this.a = 2; }",
        "|| { this.m.a = 1; }",
        "|| { this.a += 1; }",
        "|| { this.a = \"x\"; }",
        "|d| { d.a = 1; d.a }",
    ] {
        assert!(!is_short(script), "{script}");
        for event in events {
            both(script, event);
        }
    }
}

#[test]
fn control_flow() {
    for script in [
        "|d| { let n = 0; for v in d.vals { if v > 10 { n += v; } else { n -= 1; } } n }",
        "|d| { let out = []; for (v, i) in d.vals { if i == 2 { continue; } if i == 4 { break; } out.push(v * i); } out }",
        "|d| { let s = \"\"; for k in d.m.keys() { s += k; } for t in d.tags { s += t; } s }",
        "|d| { let n = 0; for i in 0..5 { n += i; } for i in 1..=3 { n *= i; } n }",
        "|d| { let n = 0; while n < 10 { n += 3; } loop { n += 1; if n > 20 { break n * 2; } } }",
        "|d| { let n = 0; do { n += 1; if n == 3 { continue; } } while n < 5; do { n += 1; } until n > 9; n }",
        "|d| switch d.id { 1 => \"one\", 7 if d.t => \"seven\", 2..5 => \"few\", _ => \"many\" }",
        "|d| switch d.name { \"Bob\" => 1, \"Ann\" | \"Eve\" => 2, true => 4, () => 5 }",
        "|d| switch d.id + 1 { 1..5 => \"few\", 5..=8 if d.id > 100 => \"no\", 8..20 => \"some\" }",
        "|d| { let x = if d.id > 5 && d.t || false { 1 } else { 2 }; x + if d.e == \"\" { 1 } else { 2 } }",
        "|d| { try { throw d.name; } catch (e) { return e + \"!\"; } 1 }",
        "|d| { let r = 0; try { if d.id > 1 { throw #{code: 4}; } r = 1; } catch (e) { r = e.code; } r }",
        "fn half(x) { if x > 1 { return x / 2; } x } |d| half(d.id) + half(1)",
        "fn fac(n) { if n < 2 { 1 } else { n * fac(n - 1) } } |d| fac(d.id)",
        "fn low(e) { e.name + e.m.z } fn high(e, x) { if x { return e; } low(e) } |d| [high(d, true), high(d, false), low(d)]",
        "fn low(e) { e } |d| { d.x = 1; low(d) }",
        "fn low(e, x) { x.y = 2; e.name + x.y } |d| low(d, d)",
        "fn tag() { this.name + \"!\" } |d| d.tag()",
        "fn to_lower(x) { x + \"lower\" } |d| to_lower(d.name) + d.name.to_upper()",
        "fn len() { 42 } |d| d.name.len()",
        "fn change(m) { m.x = 1; m.x } |d| { let y = change(d); d.y = y; d }",
        "|d| \"x\" in d.tags && !(\"q\" in d.tags) && \"n\" in d && \"q\" !in d.tags",
        "|d| d.u == () && d.id != () && d.name > \"A\" && d.id >= 7.0 && d.nothing == () && !(d.u > 3)",
        "let limit = 5; |d| d.id > limit",
        "let names = [\"Ann\", \"Bob\"]; |d| names.contains(d.name)",
        "let limit = 5; let f = |d| d.id > limit; limit = 100; f",
    ] {
        native(script);
    }
}

#[test]
fn closures_inside() {
    for script in [
        "|d| d.vals.filter(|v| v > 10)",
        "|d| { let k = 10; let q = d.vals.filter(|v| v > k).map(|v| v * k); q }",
        "|| { this.tags = this.tags.filter(|t| t != \"x\"); this.has = this.vals.some(|v, i| v == 59 && i == 3); }",
        "|d| [d.vals.all(|v| v > 0), d.vals.find(|v| v > 14), d.vals.find(|v| v > 99), d.vals.reduce(|s, v| s + v, 0)]",
        "|d| { let name = d.name; d.vals.map(|v, i| #{v: v, i: i, n: name}) }",
        "|d| d.vals.map(|v| { if v > 20 { return \"big\"; } let w = v + 1; w })",
        "|d| { let k = \"k\"; let a = d.vals.map(|v| { if v > 3 { return k; } return v; }); [a, k, d.id] }",
        "|d| d.vals.reduce(|s, v, i| if s == () { v * i } else { s + v * i })",
        "|d| { try { d.vals.map(|v| if v > 20 { throw v } else { v }) } catch (e) { d.e = e; } d }",
    ] {
        native(script);
    }
    for script in ["|d| d.vals.filter(|v| v)", "|d| d.m.filter(|v| true)", "|d| d.vals.map(|v| d.nothing.x)"] {
        bails(script);
    }
    for script in [
        "|| this.vals.map(|v| this.id)",
        "|d| { let n = 0; d.vals.map(|v| { n += v; n }) }",
        "|d| d.vals.filter(|v| print(v))",
        "|d| d.vals.map(|v| d)",
    ] {
        assert!(refusal(script).is_some(), "{script}");
        both(script, EVENT);
    }
}

#[test]
fn what_is_not_plain_success_is_the_interpreters() {
    for script in [
        "|| { this.x = 1; this.y = this.nothing.more; }",
        "|| { this.x = 1; this.remove(\"id\"); this.name = 2; this.m.q = 1; throw \"no\"; }",
        "|| { this.id = 9223372036854775807; this.id += 1; }",
        "|| { this.y = this.nothing + 1; }",
        "|| { this.x = this.big + 1; }",
        "|| { this.x = this.vals[99]; }",
        "|| { this.x = 1 / 0; }",
        "|| { if this.id { 1 } }",
        "|| { this.remove(\"id\"); this.id = 1; }",
        "|d| d.tags[\"len\"]",
        "|d| d.name[\"len\"]",
        "fn nest(n) { [1].map(|x| nest(n + 1)) } |d| nest(0)",
        "|| { loop { } }",
        "|d| { let s = \"x\"; loop { s += s; } }",
        "|d| { let l = [1]; loop { l += l; } }",
        "fn deep(n) { deep(n + 1) } |d| deep(0)",
        "|| { this.m.a.x.y = 1; }",
        "|| { 5 }",
        "|d| { try { throw 1; } catch { throw; } }",
        "|d| { try { d.x.y = 1; } catch (e) { return e.message; } 1 }",
    ] {
        bails(script);
    }
}

#[test]
fn what_is_not_known_is_refused_with_its_name() {
    for (script, what) in [
        ("|d| { print(1); d }", "`print`"),
        ("|d| d.name[0]", ""),
        ("|d| 'x' + \"y\"", "a character"),
        ("let n = 0; |d| { n += 1; n }", "the captured `n`"),
        ("let n = 0; let g = || { n += 1; }; |d| n", "the captured `n`"),
        ("|d| conf::x(d)", "`conf::x`"),
        ("fn show(x) { print(x) } |d| show(d.id)", "`print` in `show`"),
    ] {
        let refusal = refusal(script);
        assert!(
            if what.is_empty() { refusal.is_none() } else { refusal.as_deref().is_some_and(|refusal| refusal.starts_with(what)) },
            "{script}: {refusal:?}"
        );
        both(script, EVENT);
    }
}

#[test]
fn raw_and_scalar_events() {
    for text in ["7", "\"x\"", "[1, 2]", "null", "1.50"] {
        for script in ["|d| d", "|d| d == 7", "|| { this.x = 1; }", "|d| [d]", "|d| #{v: d}", "|d| { d.x = 1; d }"] {
            both(script, text);
        }
    }
}

#[test]
fn the_time_of_an_attempt_in_vain_is_time_of_the_call() {
    let case = Case::new("|d| { loop { } d }", true);
    let shape = super::Shape { this: false, params: 1 };
    let lowered = super::lower(&case.host, case.function.fn_ptr(), shape).unwrap();
    let limits = Limits { what: "a test", operations: 1_000_000, time: Duration::from_millis(1), memory: 64 };
    let told = || {
        let mut told = None;
        let looked = case.host.watch.during(limits, || {
            told = (0..10).find_map(|_| case.host.watch.check());
            Ok(())
        });
        looked.unwrap();
        told.map(|told| told.to_string())
    };
    assert_eq!(told(), None);
    assert!(lowered.give(&mut event(EVENT), None).is_none());
    assert_eq!(told().as_deref(), Some("more than 1 ms in a test"));
    assert!(lowered.test(&event(EVENT)).is_none());
    assert_eq!(told().as_deref(), Some("more than 1 ms in a test"));
}
